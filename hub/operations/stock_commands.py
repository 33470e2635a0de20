"""`fengqiao stock`: stock and flow of referrals by department and period, as projected. Thin."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from hub import loop
from hub.command_home import HomeOption, check_known, settings_of
from hub.domain.decision import CHINA
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME
from hub.opened import opened
from hub.operations.flow_commands import Lang, LangOption
from hub.reference.flow_rows import saying
from hub.rules.loader import load_rules
from hub.settings import Settings
from hub.store.read_stock import Stock, stock
from hub.store.reading import ReadStore

MOST_PERIODS = 366


class By(StrEnum):
    """How long a period is."""

    whole = "whole"
    month = "month"
    week = "week"
    day = "day"


def stock_command(
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day, included.")],
    by: Annotated[
        By, typer.Option(help="Length of the periods; months and weeks of the calendar.")
    ] = By.whole,
    department: Annotated[str | None, typer.Option(help="Only this lead.")] = None,
    flow: Annotated[str | None, typer.Option(help="Only this flow, like F21.")] = None,
    lang: LangOption = Lang.zh,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """减存量、控增量: referrals open at the start, new, ended, and open at the end of each period, by department.

    Counted by who is the lead now and when the hub received it; days are China's.
    """
    settings = settings_of(home)
    rules = load_rules(settings.city, overlay=settings.rules)
    check_known("department", department, rules.departments)
    check_known("flow", flow, rules.flows)
    rows = loop.run(_read(settings, periods(since.date(), until.date(), by), department, flow))
    if as_json:
        typer.echo(to_json([asdict(row) for row in rows], indent=2).decode())
    else:
        names = {one.id: saying(lang.value)(one.name.zh, one.name.en) for one in rules.departments.values()}
        Console().print(stock_table(rows, names, lang) if rows else saying(lang.value)("无", "nothing"))


def periods(since: date, until: date, by: By) -> list[tuple[datetime, datetime]]:
    """From the first day to the end of the last, cut where months, weeks or days begin. Raises ConfigurationError."""
    if until < since:
        raise ConfigurationError(f"until {until}: is before {since}")
    starts = [since, *_cuts(since, until, by), until + timedelta(days=1)]
    if len(starts) - 1 > MOST_PERIODS:
        raise ConfigurationError(f"by {by.value!r}: gives {len(starts) - 1} periods, at most {MOST_PERIODS}")
    moments = [datetime.combine(day, time(), CHINA) for day in starts]
    return list(pairwise(moments))


def _cuts(since: date, until: date, by: By) -> Iterator[date]:
    for n in range(1, (until - since).days + 1):
        day = since + timedelta(days=n)
        if by is By.day or (by is By.week and day.isoweekday() == 1) or (by is By.month and day.day == 1):
            yield day


async def _read(
    settings: Settings, within: list[tuple[datetime, datetime]], department: str | None, flow: str | None
) -> list[Stock]:
    async with opened(ReadStore(settings.database)) as store, store.snapshot() as view:
        return await stock(view, within, department, flow)


def stock_table(rows: list[Stock], names: dict[str, str], lang: Lang) -> Table:
    """For a terminal; the last day of a period is the one before it ends."""
    say, table = saying(lang.value), Table()
    for zh, en in (
        ("单位", "department"),
        ("时段", "period"),
        ("期初存量", "at start"),
        ("新增", "new"),
        ("办结", "closed"),
        ("退回撤回", "returned, withdrawn"),
        ("期末存量", "at end"),
    ):
        table.add_column(say(zh, en), overflow="fold")
    for row in rows:
        first, last = (moment.astimezone(CHINA).date() for moment in (row.since, row.until))
        numbers = (row.at_start, row.opened, row.closed, row.otherwise, row.at_end)
        period = f"{first} – {last - timedelta(days=1)}"
        table.add_row(names.get(row.department, row.department), period, *map(str, numbers))
    return table
