"""Reading a record: the two halves of its data, what can be rebuilt, digests that cannot be confused."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from hub.bus.memory import MemoryRecord
from hub.bus.topics import TopicNames
from hub.intake.reading import Read, read, rebuilt, received_at, record_bytes, record_digest
from schemas.classes import field_classes, sealed_fields
from schemas.envelope import Envelope, Secrecy
from schemas.messages import BY_TYPE, KINDS
from schemas.partitioner import partition_of
from tests.unit.schemas.samples import full, small

CASE = "f69faf12-e351-58a5-80fb-00b935a69853"
NAMES = TopicNames("x.")


def record(type_: str, value: bytes, case: str = CASE) -> MemoryRecord:
    envelope = Envelope(
        id="m1",
        source="court",
        type=type_,
        subject=case,
        time=datetime(2026, 3, 2, tzinfo=UTC),
        secrecy=Secrecy.INTERNAL,
    )
    partition = partition_of(case, 4)
    return MemoryRecord(
        NAMES.out_of("court"), partition, 7, case.encode(), value, envelope.headers(), 1_772_413_200_000
    )


def in_order(type_: str, data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in BY_TYPE[type_].model.model_fields if name in data}


INBOUND = [kind for kind in KINDS if kind.inbound]


def valid(kind: Any, whole: bool) -> dict[str, Any]:
    """Sample data of a type in the order of the contract."""
    data = (full if whole else small)(kind.model.model_json_schema())
    if kind.type == "return.decided.v1":
        data["agreed"] = True
    if kind.type == "referral.corrected.v1":
        data = {k: v for k, v in data.items() if k in ("legal_at", "referral", "reason", "summary")}
        data["fields"] = ["summary"]
    return in_order(kind.type, data)


@pytest.mark.parametrize("kind", INBOUND, ids=lambda kind: kind.type)
@pytest.mark.parametrize("whole", [True, False])
def test_halves_are_by_class_and_put_together_again(kind: Any, whole: bool) -> None:
    value = to_json(valid(kind, whole))
    message: Read = read(record(kind.type, value), NAMES, 4)
    assert message.canonical
    assert rebuilt(kind.model, message.open, message.hidden) == value
    assert set(message.hidden) <= sealed_fields(kind.model)
    assert not set(message.open) & sealed_fields(kind.model)
    assert message.open | message.hidden == message.data
    assert {name for name in message.open if field_classes(kind.model)[name].sealed} == set()


def test_what_cannot_be_rebuilt_is_not_called_canonical() -> None:
    kind = BY_TYPE["referral.raised.v1"]
    data = valid(kind, True)
    odd = {
        "spaces": to_json(data, indent=1),
        "another order": to_json(dict(reversed(data.items()))),
        "unknown field": to_json({**data, "added": 1}),
        "unknown field inside": to_json({**data, "papers": [{**data["papers"][0], "added": "测试员"}]}),
        "escapes": to_json(data).replace("的".encode(), b"\\u7684").replace(b"court", b"cour\\u0074", 1),
    }
    for what, value in odd.items():
        message = read(record(kind.type, value), NAMES, 4)
        assert message.canonical == (rebuilt(kind.model, message.open, message.hidden) == value), what
        assert not message.canonical, what
        assert "added" not in str(message.open), what


HEADERS = st.lists(st.tuples(st.text(max_size=3), st.none() | st.binary(max_size=3)), max_size=3)
RECORDS = st.tuples(st.none() | st.binary(max_size=3), HEADERS, st.none() | st.binary(max_size=3))


@given(RECORDS, RECORDS)
def test_two_records_have_one_digest_only_when_they_are_equal(one: Any, other: Any) -> None:
    first, second = (MemoryRecord("t", 0, 0, k, v, h, 0) for k, h, v in (one, other))
    same = one == other
    assert (record_digest(first) == record_digest(second)) == same
    assert (record_bytes(first) == record_bytes(second)) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((b"ab", [], b"c"), (b"a", [], b"bc")),
        ((b"k", [("a", b"b")], b"v"), (b"k", [("ab", b"")], b"v")),
        ((b"k", [("a", b"bv")], b""), (b"k", [("a", b"b")], b"v")),
        ((None, [], b"v"), (b"", [], b"v")),
        ((b"k", [("a", None)], b"v"), (b"k", [("a", b"")], b"v")),
    ],
)
def test_bytes_that_move_over_change_the_digest(one: Any, other: Any) -> None:
    first, second = (MemoryRecord("t", 0, 0, k, v, h, 0) for k, h, v in (one, other))
    assert record_digest(first) != record_digest(second)


def test_the_digest_knows_no_place_and_no_time() -> None:
    first = record("task.signed.v1", b"{}")
    again = replace(first, offset=99, timestamp=5, topic="y", partition=3)
    assert record_digest(first) == record_digest(again)
    assert from_json(record_bytes(first)) == from_json(record_bytes(again))


def test_time_never_goes_below_the_last() -> None:
    one = record("task.signed.v1", b"{}")
    at = datetime.fromtimestamp(1_772_413_200, UTC)
    assert received_at(one, None) == at
    later = at.replace(year=2027)
    assert received_at(one, later) == later
    assert received_at(one, at.replace(year=2025)) == at
