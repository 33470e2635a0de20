"""Case by case: the state and the projected rows that the journal's events give, against the stored ones."""

from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

from pydantic_core import from_json

from hub.audit.made import CHANGED, Row, Rows, add_rows, readable, state_of
from hub.audit.report import Report
from hub.domain.entry import Entry
from hub.domain.events import Notified, ReceiptCameLate, TaskStepped
from hub.store import read_journal, read_tables
from hub.store.read_tables import COLUMNS, StoredOfCases
from hub.store.reading import Snapshot
from schemas.partitioner import partition_of

Raws = Sequence[tuple[int, bytes]]


async def verify_cases(
    view: Snapshot,
    shard: int,
    cases: Sequence[tuple[str, Raws]],
    position: int,
    report: Report,
    *,
    tables: bool = True,
) -> None:
    """Check some cases of a shard, each with all its entries. Projected rows are those of the entries up to `position`.

    Of `alias` it is checked that no row lacks; `verify_numbers` looks for those that are too many. Without `tables`: the
    states alone.
    """
    stored = await read_tables.of_cases(view, [case for case, _ in cases], projected=tables)
    made = Rows()
    for case, raws in cases:
        entries = readable(raw for _, raw in raws)
        _compare_state(shard, case, entries, stored, report)
        if not tables:
            continue
        try:
            add_rows(made, [entry for entry in entries if entry.seq <= position])
        except CHANGED as problem:
            report.differs("events that can be projected", "rows", repr(problem), shard, case=case)
            continue
        _compare_receipts(shard, case, entries, report)
    report.cases += len(cases)
    if not tables:
        return
    stored.tables["alias"] = numbers = await read_tables.numbers(view, list(made.tables["alias"]))
    report.numbers += len(numbers)
    for table, rows in made.tables.items():
        _compare_rows(table, shard, rows, stored.tables[table], report)
        report.rows[table] = report.rows.get(table, 0) + len(rows)


async def verify_numbers(view: Snapshot, positions: Sequence[int], report: Report) -> None:
    """Rows of `alias` that no event explains. Looked for only when there are others than were found."""
    if await read_tables.count_numbers(view) == report.numbers:
        return
    async for rows in read_tables.all_numbers(view):
        cases: dict[int, list[str]] = {}
        for case in dict.fromkeys(row[3] for row in rows):
            cases.setdefault(partition_of(case, len(positions)), []).append(case)
        made = Rows()
        for shard, some in cases.items():
            async for _, raws in read_journal.entries_of(view, shard, some, positions[shard]):
                with suppress(*CHANGED):
                    add_rows(made, readable(raw for _, raw in raws))
        known = made.tables["alias"]
        for row in rows:
            if row not in known:
                report.differs(f"alias {'/'.join(row)}", "no row", "a row", case=row[3])


def _compare_state(
    shard: int, case: str, entries: list[Entry], stored: StoredOfCases, report: Report
) -> None:
    found = stored.states.get(case)
    try:
        folded = state_of(case, entries)
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


def _compare_receipts(shard: int, case: str, entries: Sequence[Entry], report: Report) -> None:
    """A department can only have received what was delivered to it before."""
    delivered: dict[str, int] = {}
    for entry in entries:
        for event in entry.events:
            if isinstance(event, Notified):
                if event.type == "task.assigned.v1":
                    delivered[str(event.own.get("task"))] = entry.seq
            elif isinstance(event, TaskStepped | ReceiptCameLate) and event.rung == "delivered":
                report.receipts += 1
                if delivered.get(event.task, entry.seq) >= entry.seq:
                    what = f"receipt of task {event.task} by {entry.source}"
                    report.differs(what, "a delivery before it", "none", shard, entry.seq, case)
    report.deliveries += len(delivered)


def _compare_rows(
    table: str, shard: int, expected: dict[Any, Row], found: dict[Any, Row], report: Report
) -> None:
    if expected == found:
        return
    columns = COLUMNS[table]
    of_case = columns.index("case_id")
    for key in sorted(expected.keys() | found.keys()):
        made, stored = expected.get(key), found.get(key)
        name = key if isinstance(key, str) else "/".join(str(part) for part in key)
        if made is None or stored is None:
            case = (made or stored or ())[of_case]
            there = ("no row", "a row") if made is None else ("a row", "no row")
            report.differs(f"{table} {name}", *there, shard, case=case)
            continue
        for column, due, other in sorted(zip(columns, made, stored, strict=True), key=itemgetter(0)):
            if due != other:
                report.differs(f"{table} {name} {column}", due, other, shard, case=made[of_case])


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
