"""Each record is read by itself; what can't be read says why."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.sdk.reading import read_batch
from schemas.envelope import Envelope, Secrecy
from tests.unit.connectors.sdk.changes import AT

RECEIPT = {"topic": "t", "partition": 0, "offset": 3, "message": "m", "outcome": "parked"}


@dataclass
class FakeRecord:
    """A record as Kafka would give it."""

    value: bytes | None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)
    offset: int = 0
    topic: str = "t"
    partition: int = 0
    key: bytes | None = b"case"


def _record(data: Any, type_: str = "referral.closed.v1", **attributes: Any) -> FakeRecord:
    envelope = Envelope(
        id="m1", source="hub", type=type_, subject="case", time=AT, secrecy=Secrecy.INTERNAL, **attributes
    )
    return FakeRecord(json.dumps(data).encode(), list(envelope.headers()))


def test_a_message_keeps_its_bytes_and_its_order() -> None:
    record = _record({"state": "closed", "new_field": 1}, sequence=4, previous=2, actor="court")
    (received,) = read_batch([record]).received
    assert (received.message, received.case, received.actor) == ("m1", "case", "court")
    assert (received.sequence, received.previous) == (4, 2)
    assert received.data == record.value


def test_receipts_are_taken_out() -> None:
    receipt = {**RECEIPT, "later_field": 1}
    batch = read_batch([_record({"receipts": [receipt, receipt]}, "receipts.issued.v1")])
    assert [one.outcome for one in batch.receipts] == ["parked", "parked"]
    assert batch.received == []


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (FakeRecord(b"{}"), "attribute 'specversion' is missing"),
        (FakeRecord(b"{}", [("ce_id", b"\xff")]), "attribute 'id' is not UTF-8"),
        (FakeRecord(b"{}", [("ce_id", None)]), "attribute 'id' has no value"),
        (FakeRecord(b"{}", [("ce_id", b"1"), ("ce_id", b"2")]), "attribute 'id' is given twice"),
        (_record([1]), "data: list: must be a JSON object"),
        (_record({}, "task.assigned.v1"), "referral: None: task.assigned.v1 must give it"),
        (_record({}, sequence=3, previous=3), "previous: 3: must be below sequence 3"),
        (_record({}, sequence=3), "previous: None: must be below sequence 3"),
        (_record({"receipts": [{}]}, "receipts.issued.v1"), "receipts.0.topic"),
        (FakeRecord(None, _record({}).headers), "Expecting value"),
        (FakeRecord(b"[" * 100_000, _record({}).headers), "data: nested too deeply"),
        (_record({}, sequence=2**63, previous=0), "sequence: 9223372036854775808"),
        (
            _record({"receipts": [{**RECEIPT, "offset": 2**63}]}, "receipts.issued.v1"),
            "offset: 9223372036854",
        ),
    ],
)
def test_what_cannot_be_read_is_kept_whole_with_the_reason(record: FakeRecord, reason: str) -> None:
    good = _record({})
    batch = read_batch([record, good])
    (unreadable,) = batch.unreadable
    assert reason in unreadable.reason
    assert (unreadable.value, unreadable.key) == (record.value, b"case")
    assert len(json.loads(unreadable.headers)) == len(record.headers)
    assert len(batch.received) == 1
