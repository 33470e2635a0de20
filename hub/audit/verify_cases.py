"""Case by case: the state and the projected rows that the journal's events give, against the stored ones."""

from typing import Any

from pydantic_core import from_json

from hub.audit.report import Progress, Report
from hub.audit.verify_journal import CHANGED, Tallies, add_tallies
from hub.domain.case import Case
from hub.domain.entry import Entry
from hub.domain.evolve import fold
from hub.projector.rows import Projection
from hub.store import read_journal
from hub.store.read_journal import StoredHead, StoredOfCases
from hub.store.reading import Snapshot

Row = dict[str, Any]
Columns = dict[str, Row]
_TOGETHER = 100
_REFERRAL_EMPTY = ("outcome", "pending", "ended_at")
_STEPS = ("delivered_at", "signed_at", "accepted_at", "replied_at", "confirmed_at")
_TASK_EMPTY = (*_STEPS, "pending", "outcome", "local_number")


async def verify_cases(
    view: Snapshot, head: StoredHead, position: int, tallies: Tallies, report: Report, tell: Progress
) -> None:
    """Check the cases of a shard into `report`. Projected rows are those of the entries up to `position`."""
    pending: list[tuple[str, list[Entry]]] = []
    async for case, raws in read_journal.by_case(view, head.shard):
        pending.append((case, _entries(raws)))
        if len(pending) == _TOGETHER:
            await _compare(view, head.shard, pending, position, tallies, report)
            tell("cases", report.cases, head.shard)
            pending = []
    await _compare(view, head.shard, pending, position, tallies, report)
    tell("cases", report.cases, head.shard)


def _entries(raws: list[tuple[int, bytes]]) -> list[Entry]:
    """Those that can be read; the others were reported in the journal's own order."""
    found = []
    for _, raw in raws:
        try:
            found.append(Entry.from_bytes(raw))
        except ValueError:
            continue
    return found


async def _compare(
    view: Snapshot,
    shard: int,
    cases: list[tuple[str, list[Entry]]],
    position: int,
    tallies: Tallies,
    report: Report,
) -> None:
    stored = await read_journal.of_cases(view, [case for case, _ in cases])
    referrals, tasks = Columns(), Columns()
    aliases: set[tuple[str, str, str, str]] = set()
    for case, entries in cases:
        _compare_state(shard, case, entries, stored, report)
        try:
            projection = add_tallies(tallies, [entry for entry in entries if entry.seq <= position])
        except CHANGED as problem:
            report.differs("events that can be projected", "rows", repr(problem), shard, case=case)
            continue
        made = _referrals(projection)
        referrals |= made
        tasks |= _tasks(projection, made)
        aliases |= projection.aliases
    _compare_rows("referral", shard, referrals, stored.referrals, report)
    _compare_rows("task", shard, tasks, stored.tasks, report)
    for alias in sorted(aliases ^ stored.aliases):
        expected, found = ("a row", "no row") if alias in aliases else ("no row", "a row")
        report.differs(f"alias {'/'.join(alias[:3])}", expected, found, shard, case=alias[3])
    report.cases += len(cases)
    report.referrals += len(referrals)
    report.tasks += len(tasks)
    report.aliases += len(aliases)


def _compare_state(
    shard: int, case: str, entries: list[Entry], stored: StoredOfCases, report: Report
) -> None:
    found = stored.states.get(case)
    try:
        folded = fold(Case(case), (event for entry in entries for event in entry.events))
    except CHANGED as problem:
        report.differs("events that can be folded", "a case", repr(problem), shard, case=case)
        return
    if folded.version == 0:
        if found is not None:
            report.differs(
                "case_state row", "no row: the journal has no event of it", "a row", shard, case=case
            )
        return
    if found is None:
        report.differs("case_state row", "a row", "no row", shard, case=case)
        return
    stored_shard, version, state = found
    if stored_shard != shard:
        report.differs("case_state.shard", shard, stored_shard, shard, case=case)
    if version != folded.version:
        report.differs("case_state.version", folded.version, version, shard, case=case)
    made = folded.to_bytes()
    if made != state:
        where, expected, other = first_difference(made, state)
        report.differs(f"case_state.state at {where}", expected, other, shard, case=case)


def _referrals(projection: Projection) -> Columns:
    rows: Columns = {}
    for referral, made in projection.referrals.items():
        changes = projection.referral_changes.get(referral, {})
        rows[referral] = {**dict.fromkeys(_REFERRAL_EMPTY), **made._asdict(), **changes}
    return rows


def _tasks(projection: Projection, referrals: Columns) -> Columns:
    rows: Columns = {}
    for task, made in projection.tasks.items():
        referral = referrals.get(made.referral, {})
        of_referral = {"flow": referral.get("flow"), "sender": referral.get("sender")}
        changes = projection.task_changes.get(task, {})
        rows[task] = {**dict.fromkeys(_TASK_EMPTY), **made._asdict(), **of_referral, **changes}
    return rows


def _compare_rows(table: str, shard: int, expected: Columns, found: Columns, report: Report) -> None:
    for row_id in sorted(expected.keys() | found.keys()):
        made, stored = expected.get(row_id), found.get(row_id)
        if made is None or stored is None:
            case = (made or stored or {})["case_id"]
            there = ("no row", "a row") if made is None else ("a row", "no row")
            report.differs(f"{table} {row_id}", *there, shard, case=case)
            continue
        for column in sorted(made.keys() | stored.keys()):
            if made.get(column) != stored.get(column):
                what = f"{table} {row_id} {column}"
                report.differs(what, made.get(column), stored.get(column), shard, case=made["case_id"])


def first_difference(expected: bytes, found: bytes) -> tuple[str, object, object]:
    """Where two JSON texts first differ (a path, else a byte), and what stands there in each."""
    try:
        left, right = from_json(expected), from_json(found)
    except ValueError:
        left = right = None
    if left != right:
        return _descend("$", left, right)
    at = next(
        (n for n, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b),
        min(len(expected), len(found)),
    )
    return f"byte {at}", expected[at : at + 20], found[at : at + 20]


def _descend(path: str, left: Any, right: Any) -> tuple[str, object, object]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys((*left, *right)):
            if key not in left or key not in right or left[key] != right[key]:
                return _descend(f"{path}.{key}", left.get(key), right.get(key))
    if isinstance(left, list) and isinstance(right, list):
        for index, (a, b) in enumerate(zip(left, right, strict=False)):
            if a != b:
                return _descend(f"{path}[{index}]", a, b)
        return f"{path} length", len(left), len(right)
    return path, left, right
