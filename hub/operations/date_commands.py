"""`fengqiao deadline show|set|lift`: the time limits of a case, and a person's date beside the computed one. Thin."""

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from hub.audit.looking import Ground, Place, Purpose, Reference
from hub.audit.looking import Operator as Looks
from hub.audit.room import looker
from hub.command_home import HomeOption
from hub.domain.deadline_events import DateLifted, DateSet
from hub.domain.decision import CHINA
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME
from hub.operations.case_view import named_case
from hub.operations.erasure_commands import Article, By, Case, Key, Reason
from hub.operations.flow_commands import Lang, LangOption
from hub.operations.order_commands import ordered
from hub.reference.flow_rows import saying
from hub.store.read_deadlines import CaseDeadline, deadlines_of

Number = Annotated[
    int, typer.Argument(min=1, help="Of the time limit, as `fengqiao deadline show` gives it.")
]
Until = Annotated[
    str,
    typer.Option(
        metavar="DATE|DATETIME",
        help="The last day, which lasts until 24:00, or the moment from which it is late (Shanghai time unless it has a zone).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
_HEADS = (
    ("编号", "number"),
    ("时限", "clock"),
    ("责任单位", "owner"),
    ("到期", "due"),
    ("推算", "computed"),
    ("状态", "state"),
    ("任务", "task"),
)
_STATES = {"running": "在计", "breached": "逾期", "ended": "已结束"}


def show_command(
    case: Case,
    operator: Looks = None,
    purpose: Purpose = None,
    reference: Reference = None,
    ground: Ground = None,
    lang: LangOption = Lang.zh,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """The time limits of a case: when each is due, and what is computed where a person set the date. Recorded."""

    async def run() -> list[CaseDeadline]:
        async with Place(home, None).open(looker(operator, purpose, reference)) as reading:
            named = await named_case(reading.store, case)
            await reading.look_at("deadline show", named, ground, {"named": case})
            async with reading.store.snapshot() as view:
                return await deadlines_of(view, named)

    rows = asyncio.run(run())
    if as_json:
        typer.echo(to_json(rows, indent=2).decode())
    else:
        Console().print(_table(rows, lang) if rows else saying(lang.value)("无", "nothing"))


def set_command(
    case: Case,
    number: Number,
    until: Until,
    reason: Reason,
    article: Article,
    operator: By,
    key: Key = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Set when a time limit is due. The computed date stays visible beside it, and who must act is told."""
    last = last_moment(until).isoformat()
    _order(home, case, "hub.date_set.v1", (reason, article, operator), key, deadline=number, until=last)


def lift_command(
    case: Case,
    number: Number,
    reason: Reason,
    article: Article,
    operator: By,
    key: Key = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take a date back that a person set: the computed one is in force again."""
    _order(home, case, "hub.date_lifted.v1", (reason, article, operator), key, deadline=number)


def last_moment(text: str) -> datetime:
    """The first moment that is too late. Raises ConfigurationError."""
    try:
        if "T" not in text and " " not in text:
            day_after = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(day_after, datetime.min.time(), CHINA)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        allowed = "give a day 2026-04-10 or a moment 2026-04-10T12:00"
        raise ConfigurationError(f"until {text!r}: {allowed}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def _order(
    home: Path, case: str, type_: str, words: tuple[str, str, str], key: Path | None, **more: Any
) -> None:
    entry = ordered(home, case, type_, words, key, **more)
    event = next(one for one in entry.events if isinstance(one, DateSet | DateLifted))
    beside = f"; computed {_time(event.computed)}" if isinstance(event, DateSet) else ""
    typer.echo(
        f"done: entry {entry.shard}/{entry.seq} of case {entry.case}: time limit {event.deadline} is due "
        f"{_time(event.after)}, before {_time(event.before)}{beside}"
    )


def _table(rows: list[CaseDeadline], lang: Lang) -> Table:
    say, table = saying(lang.value), Table()
    for head in _HEADS:
        table.add_column(say(*head), overflow="fold")
    for one in rows:
        state = say(_STATES[one.state], one.state)
        computed = "" if one.computed is None else _time(one.computed)
        table.add_row(str(one.number), one.clock, one.owner, _time(one.due), computed, state, one.task[:8])
    return table


def _time(at: datetime | str) -> str:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
