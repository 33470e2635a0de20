"""The Kafka binary binding, against the CloudEvents SDK as a second opinion in both directions."""

import json
from datetime import datetime
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import Envelope, Headers, attribute_texts
from tests.unit.schemas.envelopes import envelopes

DATA = st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers(), max_size=4)
PLAIN: Headers = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"m-1"),
    ("ce_source", b"court"),
    ("ce_type", b"task.signed.v1"),
    ("ce_subject", b"c-1"),
    ("ce_time", b"2026-03-02T09:30:00+08:00"),
    ("ce_secrecy", b"internal"),
    ("content-type", b"application/json"),
]


def replaced(name: str, value: bytes) -> Headers:
    return [(key, value if key == name else old) for key, old in PLAIN]


@given(envelopes(), DATA)
def test_the_sdk_reads_what_we_write(envelope: Envelope, data: dict[str, Any]) -> None:
    value = json.dumps(data).encode()
    event = from_binary_event(KafkaMessage(dict(envelope.headers()), envelope.subject.encode(), value))
    attributes = dict(event.get_attributes())
    assert attributes.pop("partitionkey") == envelope.subject
    assert attributes.pop("time") == envelope.time
    texts = envelope.attributes()
    del texts["time"]
    assert attributes == texts
    assert event.get_data() == data


@given(envelopes(), DATA)
def test_we_read_what_the_sdk_writes(envelope: Envelope, data: dict[str, Any]) -> None:
    attributes: dict[str, Any] = {**envelope.attributes(), "time": envelope.time}
    message = to_binary_event(CloudEvent(attributes, data), key_mapper=lambda event: event.get_subject())
    assert Envelope.from_headers(message.headers.items()) == envelope
    assert message.key == envelope.subject
    assert json.loads(message.value) == data


@given(envelopes())
def test_our_own_round_trip_keeps_every_attribute(envelope: Envelope) -> None:
    assert Envelope.from_headers(envelope.headers()) == envelope
    assert attribute_texts(envelope.headers()) == envelope.attributes()
    names = [key for key, _ in envelope.headers() if key.startswith("ce_")]
    assert names == sorted(names)


def test_unknown_attributes_and_other_headers_are_left_alone() -> None:
    extra: Headers = [("ce_dataschema", b"urn:x"), ("retry", b"\xff")]
    assert Envelope.from_headers(PLAIN + extra) == Envelope.from_headers(PLAIN)
    assert attribute_texts(PLAIN + extra)["dataschema"] == "urn:x"


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
    ],
)
def test_json_in_utf8_is_taken_however_it_is_spelled(content_type: bytes) -> None:
    headers = replaced("content-type", content_type)
    assert attribute_texts(headers)["datacontenttype"] == "application/json"
    assert Envelope.from_headers(headers).datacontenttype == "application/json"


def test_a_missing_content_type_means_json() -> None:
    headers = [header for header in PLAIN if header[0] != "content-type"]
    assert Envelope.from_headers(headers) == Envelope.from_headers(PLAIN)


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        (replaced("content-type", b"application/json; charset=gbk"), "datacontenttype"),
        (replaced("content-type", b"application/cloudevents+json"), "datacontenttype"),
        (replaced("ce_specversion", b"0.3"), "specversion"),
        (replaced("ce_time", b"1772415000"), "time"),
        (replaced("ce_time", b"2026-03-02T09:30:00"), "time"),
        (replaced("ce_secrecy", b"restricted"), "secrecy"),
        (replaced("ce_subject", b"case\n1"), "subject"),
        (replaced("ce_subject", b" "), "subject"),
        (replaced("ce_source", b"Court"), "source"),
        (replaced("ce_type", b"task.signed"), "type"),
        (replaced("ce_id", b"a/b"), "id"),
        (replaced("ce_subject", b"\xb0\xb8"), "subject"),
        ([*PLAIN, ("ce_id", b"m-2")], "id"),
        ([*PLAIN, ("ce_keyid", None)], "keyid"),
        ([*PLAIN, ("ce_Keyid", b"k")], "Keyid"),
        ([*PLAIN, ("ce_a:1:b\nc", b"k")], "a:1:b"),
        ([*PLAIN, ("ce_sequence", b"0")], "sequence"),
        *(
            ([h for h in PLAIN if h[0] != f"ce_{name}"], name)
            for name in ("specversion", "id", "source", "type")
        ),
        *(([h for h in PLAIN if h[0] != f"ce_{name}"], name) for name in ("subject", "time", "secrecy")),
    ],
)
def test_a_wrong_attribute_is_named(headers: list[tuple[str, bytes | None]], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Envelope.from_headers(headers)


def test_the_time_keeps_its_offset() -> None:
    assert Envelope.from_headers(PLAIN).time == datetime.fromisoformat("2026-03-02T09:30:00+08:00")
    assert attribute_texts(PLAIN)["time"] == "2026-03-02T09:30:00+08:00"
