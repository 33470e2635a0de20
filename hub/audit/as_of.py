"""The state of cases at a moment: as it was known then, or as it was in law. Made from the journal alone."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import from_json, to_json
from rich.table import Table

from hub.domain import as_of as moments
from hub.domain.case import Case, Running
from hub.domain.decision import CHINA
from hub.domain.timetable import written
from hub.store import read_as_of
from hub.store.reading import Snapshot


@dataclass(frozen=True, slots=True)
class Asked:
    """`at`: the moment. `legal`: as it was in law, by what was received until `known` (None: until now).

    `cases`, `department` (as sender, or with a task), `flow`: which cases; None: all.
    """

    at: datetime
    legal: bool = False
    known: datetime | None = None
    cases: Sequence[str] | None = None
    department: str | None = None
    flow: str | None = None


async def states(view: Snapshot, asked: Asked, now: datetime) -> AsyncIterator[Case]:
    """The cases that had begun by then, in the order of shard and id. Reads their entries once; raises StoreTrouble.

    `now`: until when what was received counts for the state in law, unless `asked` says otherwise.
    """
    cases = asked.cases
    if cases is None and (asked.department is not None or asked.flow is not None):
        cases = await read_as_of.candidates(view, asked.department, asked.flow)
    until = (asked.known or now) if asked.legal else asked.at
    state = moments.in_law if asked.legal else moments.known
    async for case, entries in read_as_of.entries_until(view, until, cases):
        found = state(case, entries, asked.at)
        if found.version and _wanted(found, asked):
            yield found


def _wanted(case: Case, asked: Asked) -> bool:
    if asked.department is not None and asked.department not in case.parties():
        return False
    return asked.flow is None or any(one.flow == asked.flow for one in case.referrals.values())


def states_json(asked: Asked, cases: Sequence[Case]) -> bytes:
    """One JSON object; each case as it is stored."""
    return to_json(
        {
            "at": written(asked.at),
            "axis": "legal" if asked.legal else "known",
            "known": None if asked.known is None else written(asked.known),
            "cases": [from_json(case.to_bytes()) for case in cases],
        },
        indent=2,
    )


def states_table(asked: Asked, cases: Sequence[Case]) -> Table:
    """For a terminal: a line for each task, with its time limits that run or were missed; times in China."""
    axis = "法律状态 in law" if asked.legal else "当时所知 as known"
    table = Table(title=f"{_local(written(asked.at))} · {axis}")
    for heading in ("案件", "流程", "来文 → 承办 角色", "移送", "任务 自", "待定 结果", "时限"):
        table.add_column(heading, overflow="fold")
    for case in cases:
        for task in case.tasks.values():
            referral = case.referrals[task.referral]
            running = [
                f"{one.clock} {_local(one.due)[:10]}{_beside(one)}{' 逾期' if one.breached else ''}"
                for one in case.deadlines.values()
                if one.task == task.id
            ]
            table.add_row(
                case.id,
                referral.flow,
                f"{referral.sender} → {task.department} {task.role}",
                referral.state,
                f"{task.state}\n{_local(task.since)}",
                "\n".join(filter(None, (task.pending or referral.pending, task.outcome or referral.outcome))),
                "\n".join(running),
            )
        if not case.tasks:
            waits = f"{len(case.waiting)} 条等待 waiting" if case.waiting else ""
            table.add_row(case.id, "", "", "尚无移送", "", waits, "")
    return table


def _beside(one: Running) -> str:
    """What is computed, where a person set the date."""
    return "" if one.computed is None else f"（推算 computed {_local(one.computed)[:10]}）"


def _local(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
