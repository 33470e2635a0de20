"""What the journal says that the tables hold of one case: its state and its projected rows, made anew from its events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from hub.domain.case import Case, MessageRef
from hub.domain.entry import Entry, Outcome
from hub.domain.evolve import fold
from hub.errors import ParkingName, RefusalName
from hub.projector.deadline_rows import DeadlineRow
from hub.projector.duplicate_rows import DuplicateRow
from hub.projector.rows import Projection, ReferralRow, TaskRow
from hub.projector.supervision_rows import FollowupRow, SupervisionRow
from hub.store.read_tables import COLUMNS, KEY_OF, StoredInbox

# In the order of the table's columns.
Row = tuple[Any, ...]
# What our code raises on entries that somebody changed and that can be read all the same.
CHANGED = (LookupError, ValueError, TypeError, AttributeError, AssertionError)


class _Shape:
    """How a new row becomes one of its table: in the order of the columns, those that it does not have empty."""

    def __init__(self, table: str, new: type[NamedTuple]) -> None:
        columns, fields = COLUMNS[table], new._fields
        self._places = {column: place for place, column in enumerate(columns)}
        # One place after the row's own is empty.
        at = (fields.index(column) if column in fields else len(fields) for column in columns)
        self._in_order: Callable[[Any], Row] = itemgetter(*at)

    def whole(self, row: Row, changes: Mapping[str, Any] | None = None) -> Row:
        """The row after its changes."""
        made = self._in_order((*row, None))
        if not changes:
            return made
        changed = list(made)
        for column, value in changes.items():
            changed[self._places[column]] = value
        return tuple(changed)


_REFERRAL, _TASK = _Shape("referral", ReferralRow), _Shape("task", TaskRow)
_DEADLINE, _SUPERVISION = _Shape("deadline", DeadlineRow), _Shape("supervision", SupervisionRow)
_FOLLOWUP, _FOLLOWUP_KEY = _Shape("followup", FollowupRow), KEY_OF["followup"]
_DUPLICATE = _Shape("duplicate", DuplicateRow)


@dataclass(slots=True)
class Rows:
    """Rows by table and by key, as `hub.store.read_tables` names them."""

    tables: dict[str, dict[Any, Row]] = field(default_factory=lambda: {table: {} for table in COLUMNS})


def readable(raws: Iterable[bytes]) -> list[Entry]:
    """The entries that can be read; verification of the journal's own order names the others."""
    found = []
    for raw in raws:
        try:
            found.append(Entry.from_bytes(raw))
        except ValueError:
            continue
    return found


def state_of(case: str, entries: Sequence[Entry]) -> Case:
    """The case after all events of its entries; its version is 0 when they have none."""
    return fold(Case(case), (event for entry in entries for event in entry.events))


def add_rows(rows: Rows, entries: Sequence[Entry]) -> None:
    """Add the projected rows of a case, as they are after its entries (all of them, from the first on)."""
    projection = Projection()
    projection.take(entries)
    to, changes = rows.tables, projection.referral_changes
    referrals, tasks, deadlines = to["referral"], to["task"], to["deadline"]
    for name, referral in projection.referrals.items():
        referrals[name] = _REFERRAL.whole(referral, changes.get(name))
    changes = projection.task_changes
    for name, task in projection.tasks.items():
        if task.flow is None:
            of_referral = projection.referrals[task.referral]
            task = task._replace(flow=of_referral.flow, sender=of_referral.sender)
        tasks[name] = _TASK.whole(task, changes.get(name))
    changes = projection.deadlines.changes
    for name, deadline in projection.deadlines.new.items():
        deadlines[name] = _DEADLINE.whole(deadline, changes.get(name))
    changes = projection.supervisions.changes
    for name, step in projection.supervisions.new.items():
        to["supervision"][name] = _SUPERVISION.whole(step, changes.get(name))
    for followup in projection.supervisions.followups:
        row = _FOLLOWUP.whole(followup)
        to["followup"][_FOLLOWUP_KEY(row)] = row
    changes = projection.duplicates.changes
    for name, duplicate in projection.duplicates.new.items():
        to["duplicate"][name] = _DUPLICATE.whole(duplicate, changes.get(name))
    for alias in projection.aliases:
        to["alias"][alias] = alias


def remembered(entry: Entry) -> tuple[MessageRef, StoredInbox] | None:
    """The inbox row of this entry: all readable ones have one but repeated and re-used ones."""
    if entry.source is None or entry.message is None or entry.refers is not None:
        return None
    again = entry.outcome is Outcome.DUPLICATE or entry.reason == RefusalName.ID_REUSED.value
    defect = entry.outcome is Outcome.PARKED and entry.reason == ParkingName.DEFECT.value
    if again or defect:
        return None
    mac = bytes.fromhex(entry.mac or "")
    row = StoredInbox(entry.shard, entry.seq, mac, entry.outcome.value, entry.reason)
    return MessageRef(entry.source, entry.message), row
