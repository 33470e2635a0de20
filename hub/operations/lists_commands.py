"""`fengqiao lists …`: the three lists 三张清单 of tasks, duties and problems, as projected. Thin."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from hub.command_group import group
from hub.command_home import HomeOption, check_known, settings_of
from hub.domain.decision import CHINA
from hub.home import DEFAULT_HOME
from hub.opened import opened
from hub.operations.duplicates_command import duplicates_command
from hub.operations.flow_commands import Lang, LangOption
from hub.reference.flow_rows import saying
from hub.rules.loader import load_rules
from hub.settings import Settings
from hub.store import read_lists
from hub.store.read_lists import Listed
from hub.store.reading import ReadStore, Snapshot

app = group("The three lists: tasks, duties, problems; and duplicates.")
app.command("duplicates")(duplicates_command)
Query = Callable[[Snapshot, str | None, int], Awaitable[list[Listed]]]
DepartmentOption = Annotated[str | None, typer.Option("--department", help="Only what rests on this one.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many at most.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
_HEADS = {
    "case": ("案件", "case"),
    "task": ("任务", "task"),
    "flow": ("流程", "flow"),
    "sender": ("来文单位", "sender"),
    "department": ("责任单位", "department"),
    "role": ("角色", "role"),
    "state": ("状态", "state"),
    "since": ("自", "since"),
    "local_number": ("编号", "number"),
    "due": ("到期", "due"),
    "computed": ("推算", "computed"),
    "breached": ("逾期项", "late"),
    "supervision": ("督办", "supervision"),
    "clock": ("时限", "clock"),
    "kind": ("问题", "problem"),
    "what": ("事由", "what"),
}
_KINDS = {"late": "逾期", "supervised": "督办中", "not_satisfied": "群众不满意"}
_LEFT_OUT = ("referral", "provisional")


@app.command("tasks")
def tasks_command(
    department: DepartmentOption = None,
    limit: LimitOption = 100,
    lang: LangOption = Lang.zh,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """任务清单: tasks that have not ended, what is due first before the rest."""
    _show(home, read_lists.tasks, department, limit, lang, as_json)


@app.command("duties")
def duties_command(
    department: DepartmentOption = None,
    limit: LimitOption = 100,
    lang: LangOption = Lang.zh,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """责任清单: who must act by when, by which clock of the law or limit of the city."""
    _show(home, read_lists.duties, department, limit, lang, as_json)


@app.command("problems")
def problems_command(
    department: DepartmentOption = None,
    limit: LimitOption = 100,
    lang: LangOption = Lang.zh,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """问题清单: what is late, under supervision, or left a citizen not satisfied, the oldest first."""
    _show(home, read_lists.problems, department, limit, lang, as_json)


def _show(home: Path, query: Query, department: str | None, limit: int, lang: Lang, as_json: bool) -> None:
    settings = settings_of(home)
    known = load_rules(settings.city, overlay=settings.rules).departments
    check_known("department", department, known)
    rows = asyncio.run(_read(settings, query, department, limit))
    if as_json:
        typer.echo(to_json([asdict(row) for row in rows], indent=2).decode())
    else:
        Console().print(lists_table(rows, lang) if rows else saying(lang.value)("无", "nothing"))


async def _read(settings: Settings, query: Query, department: str | None, limit: int) -> list[Listed]:
    async with opened(ReadStore(settings.database)) as store, store.snapshot() as view:
        return await query(view, department, limit)


def lists_table(rows: list[Listed], lang: Lang) -> Table:
    """For a terminal, times in China; ids shortened to what tells them apart."""
    say, names = saying(lang.value), [one.name for one in fields(rows[0]) if one.name not in _LEFT_OUT]
    table = Table()
    for name in names:
        table.add_column(say(*_HEADS[name]), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(name, getattr(row, name), lang) for name in names))
    return table


def _cell(name: str, value: object, lang: Lang) -> str:
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    if name in ("case", "task") and isinstance(value, str):
        return value[:8]
    if name == "kind" and lang is Lang.zh:
        return _KINDS[str(value)]
    return "" if value is None else str(value)
