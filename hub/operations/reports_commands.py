"""`fengqiao reports …`: reports that departments owe regularly 定期报告. (`lists duties` is another thing: 责任清单.) Thin."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from hub.command_group import group
from hub.command_home import HomeOption, check_known, settings_of
from hub.domain.decision import CHINA
from hub.domain.reports_owed import debtors, receiver
from hub.home import DEFAULT_HOME
from hub.opened import opened
from hub.operations.flow_commands import Lang, LangOption
from hub.operations.lists_commands import DepartmentOption, JsonOption, LimitOption
from hub.reference.flow_rows import saying
from hub.rules.loader import load_rules
from hub.settings import Settings
from hub.store.read_reports import ReportRow, reports_due
from hub.store.reading import ReadStore

app = group("Reports that departments owe regularly: which, and what is due.")
_SHOW = ("报告", "report"), ("期间", "period"), ("期限", "due"), ("单位", "department"), ("报送", "to")
_DUE = (
    ("报告", "report"),
    ("期间", "period"),
    ("单位", "department"),
    ("报送", "to"),
    ("状态", "state"),
    ("到期", "due"),
    ("推算", "computed"),
    ("逾期自", "late since"),
    ("案件", "case"),
)


@app.command("show")
def show_command(
    lang: LangOption = Lang.zh, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME
) -> None:
    """Which reports this city's departments owe, by its `report_duties.yaml`: who, on which period, to whom, by when."""
    settings = settings_of(home)
    rules = load_rules(settings.city, overlay=settings.rules)
    duties = rules.report_duties.duties
    owed = [
        (duty, department, receiver(duty, department, rules.departments))
        for duty in duties
        for department in debtors(duty, rules.departments)
    ]
    if as_json:
        data = [{**duty.model_dump(mode="json"), "department": one, "receiver": to} for duty, one, to in owed]
        typer.echo(to_json(data, indent=2).decode())
        return
    say = saying(lang.value)
    rows = [
        (f"{duty.code} {say(duty.title, duty.en)}", duty.period, str(duty.due), one, to or "")
        for duty, one, to in owed
    ]
    _print(_SHOW, rows, lang)


@app.command("due")
def due_command(
    department: DepartmentOption = None,
    limit: LimitOption = 100,
    lang: LangOption = Lang.zh,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Reports that were asked for and are not given, what is due first before the rest."""
    settings = settings_of(home)
    rules = load_rules(settings.city, overlay=settings.rules)
    check_known("department", department, rules.departments)
    flows = {duty.flow for duty in rules.report_duties.duties}
    rows = asyncio.run(_read(settings, flows, department, limit)) if flows else []
    if as_json:
        typer.echo(to_json([asdict(row) for row in rows], indent=2).decode())
        return
    cells = [
        (
            one.duty,
            one.period,
            one.department,
            one.to,
            one.state,
            _time(one.due),
            _time(one.computed),
            _time(one.breached_at),
            one.case[:8],
        )
        for one in rows
    ]
    _print(_DUE, cells, lang)


async def _read(settings: Settings, flows: set[str], department: str | None, limit: int) -> list[ReportRow]:
    async with opened(ReadStore(settings.database)) as store, store.snapshot() as view:
        return await reports_due(view, flows, department, limit)


def _print(heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], lang: Lang) -> None:
    say = saying(lang.value)
    if not rows:
        Console().print(say("无", "nothing"))
        return
    table = Table()
    for head in heads:
        table.add_column(say(*head), overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
