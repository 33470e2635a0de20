"""What the journal says that the tables hold of one case: its state and its projected rows, made anew from its events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.domain.case import Case, MessageRef
from hub.domain.entry import Entry, Outcome
from hub.domain.evolve import fold
from hub.errors import ParkingName, RefusalName
from hub.projector.rows import Projection
from hub.store.read_journal import KEYS, StoredInbox

Row = dict[str, Any]
# What our code raises on entries that somebody changed and that can be read all the same.
CHANGED = (LookupError, ValueError, TypeError, AttributeError, AssertionError)


@dataclass(slots=True)
class Rows:
    """Rows by table and by key. A column that is left out is empty."""

    tables: dict[str, dict[tuple[Any, ...], Row]] = field(
        default_factory=lambda: {table: {} for table in KEYS}
    )

    def add(self, table: str, row: Row) -> None:
        """One more row."""
        self.tables[table][tuple(row[column] for column in KEYS[table])] = row


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
    referrals: dict[str, Row] = {}
    for name, referral in projection.referrals.items():
        referrals[name] = {**referral._asdict(), **projection.referral_changes.get(name, {})}
        rows.add("referral", referrals[name])
    for name, task in projection.tasks.items():
        of_referral = referrals[task.referral]
        told = {"flow": of_referral["flow"], "sender": of_referral["sender"]}
        rows.add("task", {**task._asdict(), **told, **projection.task_changes.get(name, {})})
    for name, deadline in projection.deadlines.new.items():
        rows.add("deadline", {**deadline._asdict(), **projection.deadlines.changes.get(name, {})})
    for name, step in projection.supervisions.new.items():
        rows.add("supervision", {**step._asdict(), **projection.supervisions.changes.get(name, {})})
    for followup in projection.supervisions.followups:
        rows.add("followup", followup._asdict())
    for alias in projection.aliases:
        rows.add("alias", dict(zip(KEYS["alias"], alias, strict=True)))


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
