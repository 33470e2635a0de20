"""Journal entries in the making: from a record, a message, a refusal, a reason for parking."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from hub.bus.ports import InRecord
from hub.domain.case import MessageRef
from hub.domain.decision import moment
from hub.domain.entry import Entry, Origin, Outcome
from hub.domain.rules import Rules
from hub.errors import Parking, Refusal
from hub.intake.reading import Read, record_bytes, signed_content
from hub.store.case_key import CaseKey
from hub.store.ports import ParkedRow
from hub.store.sealed_message import seal_message

# A detail repeats what it is about, and that may be as long as a record.
_DETAIL = 1_000


@dataclass(slots=True)
class Item:
    """A record after reading and verifying: a message, or what stands against it. `inner`: a parked record that a
    message of the failure desk takes up again.
    """

    record: InRecord
    at: datetime
    read: Read | None = None
    problem: Parking | Refusal | None = None
    inner: "Item | None" = None


def entry_of(item: Item, shard: int, rules: Rules) -> Entry:
    """The entry of a record; what became of it is still to be said."""
    record, read = item.record, item.read
    entry = Entry(
        shard=shard,
        seq=0,
        received_at=moment(item.at),
        outcome=Outcome.DECIDED,
        rules=rules.digest,
        origin=Origin(record.topic, record.partition, record.offset),
    )
    if read is not None:
        entry.case, entry.source = read.envelope.subject, read.ref.source
        entry.message, entry.type = read.ref.id, read.envelope.type
        entry.verified = True
    else:
        entry.claim = claim_of(record)
    return entry


def claim_of(record: InRecord) -> str | None:
    """By which the sender's kit knows its own record again: a place alone may be another's after a topic went back."""
    ids: list[bytes | None] = [value for name, value in record.headers if name == "ce_id"]
    return sha256(ids[0]).hexdigest() if len(ids) == 1 and ids[0] is not None else None


def later_entry(stored: Entry, ref: MessageRef, at: datetime, rules: Rules) -> Entry:
    """The entry of a waiting message that is decided now; it refers to the one that holds the message."""
    return Entry(
        shard=stored.shard,
        seq=0,
        received_at=moment(at),
        outcome=Outcome.DECIDED,
        rules=rules.digest,
        case=stored.case,
        origin=stored.origin,
        source=ref.source,
        message=ref.id,
        type=stored.type,
        refers=ref,
        verified=stored.verified,
    )


def hold_message(entry: Entry, read: Read) -> None:
    """Put what is open of the message into its entry. The rest is for `seal_rest`."""
    entry.keep_attributes(read.attributes)
    entry.open = read.open


def seal_rest(entry: Entry, read: Read, key: CaseKey) -> None:
    """Put the other fields into the entry too, sealed under the keys of the case (5a.7), and what recognises the message."""
    raw = None if read.canonical else read.record.value or b""
    seal_message(entry, key, read.hidden, read.names, signed_content(read), raw)


def refuse(entry: Entry, refusal: Refusal) -> None:
    """The entry says that the message was refused, and by which name."""
    entry.outcome, entry.reason = Outcome.REFUSED, refusal.name.value
    entry.detail, entry.allowed = _bounded(refusal.detail), [str(item) for item in refusal.allowed]
    entry.events = []


def park(entry: Entry, parking: Parking) -> ParkedRow:
    """The entry says that the message was parked; returns the row that goes with it (its `seq` is still to be set)."""
    detail = _bounded(parking.detail)
    entry.outcome, entry.reason, entry.detail = Outcome.PARKED, parking.name.value, detail
    entry.step = parking.step
    at = entry.origin
    assert at is not None
    row = ParkedRow(0, parking.name.value, parking.step, detail, at.topic, at.partition, at.offset)
    row.source, row.message, row.case = entry.source, entry.message, entry.case
    return row


def _bounded(detail: str) -> str:
    return detail if len(detail) <= _DETAIL else f"{detail[:_DETAIL]}… ({len(detail)} characters)"


def parked_name(shard: int, seq: int) -> str:
    """Under which name the key of a parked record is kept."""
    return f"parked:{shard}/{seq}"


def seal_record(record: InRecord, key: CaseKey, name: str) -> bytes:
    """A record that nobody could read, whole and sealed under a key of its own."""
    return key.seal(record_bytes(record), name.encode()).encode()
