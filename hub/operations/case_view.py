"""Who has what of a case, in which state, since when, under which number in which system."""

from dataclasses import dataclass
from datetime import datetime

from rich.table import Table

from hub.domain.decision import CHINA
from hub.errors import HubError
from hub.store.read_cases import StoredReferral, StoredTask, case_rows, cases_named
from hub.store.reading import ReadStore


class UnknownCase(HubError):
    """No case has this id or number, or several do: the message lists them."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task of a case. `numbers`: those of the department that has the task."""

    referral: str
    task: str
    flow: str
    sender: str
    sender_number: str
    department: str
    role: str
    state: str
    since: datetime
    pending: str | None
    outcome: str | None
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """As projected. `aliases`: number by (department, kind) in every system that gave one."""

    case: str
    referrals: tuple[StoredReferral, ...]
    tasks: tuple[TaskLine, ...]
    aliases: tuple[tuple[str, str, str], ...]


async def named_case(read_store: ReadStore, case: str) -> str:
    """The id of a case by it, a department's number, or the id of a referral or task.

    Raises UnknownCase when none or several have it, StoreTrouble.
    """
    async with read_store.snapshot() as view:
        found = await cases_named(view, case)
    if len(found) != 1:
        several = f"is ambiguous; cases: {', '.join(found)}" if found else "is not known"
        raise UnknownCase(
            f"case {case!r} {several}; allowed: a case id, a department's number, a referral, a task"
        )
    return found[0]


async def case_view(read_store: ReadStore, case: str) -> CaseView:
    """A case by whatever names it. Raises UnknownCase, StoreTrouble."""
    named = await named_case(read_store, case)
    async with read_store.snapshot() as view:
        rows = await case_rows(view, named)
    referrals = {referral.id: referral for referral in rows.referrals}
    numbers: dict[str, list[str]] = {}
    for department, _, number in rows.aliases:
        numbers.setdefault(department, []).append(number)
    tasks = [_line(task, referrals[task.referral], numbers.get(task.department, [])) for task in rows.tasks]
    return CaseView(named, tuple(rows.referrals), tuple(tasks), tuple(rows.aliases))


def _line(task: StoredTask, referral: StoredReferral, numbers: list[str]) -> TaskLine:
    own = [task.local_number] if task.local_number is not None else []
    return TaskLine(
        referral.id,
        task.id,
        referral.flow,
        referral.sender,
        referral.local_number,
        task.department,
        task.role,
        task.state,
        task.since,
        task.pending or referral.pending,
        task.outcome,
        tuple(dict.fromkeys([*own, *numbers])),
    )


def case_table(view: CaseView) -> Table:
    """For a terminal, times in China."""
    table = Table(title=f"案件 {view.case}")
    for heading in (
        "流程",
        "来文单位",
        "来文编号",
        "承办单位",
        "角色",
        "状态",
        "自",
        "待定",
        "结果",
        "承办编号",
    ):
        table.add_column(heading)
    for line in view.tasks:
        since = line.since.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(
            line.flow,
            line.sender,
            line.sender_number,
            line.department,
            line.role,
            line.state,
            since,
            line.pending or "",
            line.outcome or "",
            " ".join(line.numbers),
        )
    return table
