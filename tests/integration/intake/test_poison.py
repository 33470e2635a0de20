"""Whatever anybody writes: each record on real Kafka and PostgreSQL comes to one named end, its sender is told, the
others go on (5).

One department writes all of it to one shard, a healthy message after each poison.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from pydantic_core import to_json

from hub.bus.ports import OutRecord
from hub.bus.topics import LARGEST_RECORD
from hub.domain.entry import Entry, Outcome
from hub.embedded.servers import Addresses
from hub.errors import ParkingName, RefusalName
from tests.integration.intake.test_door import PARKED, REFUSED, data_of, with_data, with_header
from tests.support.core import Core, Ids, papers
from tests.support.kafka_core import KafkaCore, Raw, core_on_servers

SHARDS = 2
Made = Callable[[KafkaCore, Ids, OutRecord], OutRecord | Raw]


def raw(record: OutRecord, **changes: Any) -> Raw:
    fields = {name: getattr(record, name) for name in ("topic", "partition", "key", "value", "headers")}
    return Raw(**(fields | changes))


def json_with(ids: Ids, more: str) -> bytes:
    """A good step with more written into its JSON by hand."""
    return to_json(data_of(ids))[:-1] + more.encode() + b"}"


def sized(record: OutRecord, size: int) -> OutRecord:
    """The record with a header that nobody reads, so that it has this size."""
    used = len(record.key or b"") + len(record.value) + sum(len(n) + len(v) for n, v in record.headers)
    return replace(record, headers=[*record.headers, ("pad", b"x" * (size - used - 3))])


DEEP = "[" * 190 + "]" * 190
PARKED_TOO: dict[str, tuple[ParkingName, Made]] = {
    "tombstone": (ParkingName.UNREADABLE, lambda core, ids, r: raw(r, value=None)),
    "nothing at all": (
        ParkingName.BAD_ENVELOPE,
        lambda core, ids, r: raw(r, key=None, value=None, headers=[]),
    ),
    "header without value": (
        ParkingName.BAD_ENVELOPE,
        lambda core, ids, r: raw(r, headers=[*r.headers, ("ce_extra", None)]),
    ),
    "id without value": (
        ParkingName.BAD_ENVELOPE,
        lambda core, ids, r: raw(r, headers=[*(h for h in r.headers if h[0] != "ce_id"), ("ce_id", None)]),
    ),
    "attribute name of 500 KB": (
        ParkingName.BAD_ENVELOPE,
        lambda core, ids, r: with_header(r, "ce_" + "\x01" * 500_000, b"x"),
    ),
    "ten thousand headers": (
        ParkingName.BAD_SIGNATURE,
        lambda core, ids, r: replace(r, headers=[*r.headers, *[(f"ce_x{n}", b"x") for n in range(10_000)]]),
    ),
    "time before all law": (
        ParkingName.WRONG_SCHEMA,
        lambda core, ids, r: with_data(
            core, ids, to_json(data_of(ids, legal_at="0001-01-01T00:00:00+23:59"))
        ),
    ),
    "time after all law": (
        ParkingName.WRONG_SCHEMA,
        lambda core, ids, r: with_data(
            core, ids, to_json(data_of(ids, legal_at="9999-12-31T23:59:59-23:59"))
        ),
    ),
    "text of 900 KB where a moment belongs": (
        ParkingName.WRONG_SCHEMA,
        lambda core, ids, r: with_data(core, ids, to_json(data_of(ids, legal_at="\x01" * 150_000))),
    ),
    "Infinity": (
        ParkingName.UNREADABLE,
        lambda core, ids, r: with_data(core, ids, json_with(ids, ',"x":Infinity')),
    ),
    "number of 5,000 digits": (
        ParkingName.UNREADABLE,
        lambda core, ids, r: with_data(core, ids, json_with(ids, f',"x":{"9" * 5_000}')),
    ),
    "deep where a text belongs": (
        ParkingName.WRONG_SCHEMA,
        lambda core, ids, r: with_data(
            core, ids, to_json(data_of(ids) | {"note": 0}).replace(b'"note":0', f'"note":{DEEP}'.encode())
        ),
    ),
    "field twice, the last one wrong": (
        ParkingName.WRONG_SCHEMA,
        lambda core, ids, r: with_data(core, ids, json_with(ids, ',"legal_at":5')),
    ),
    "lone surrogate in a name": (
        ParkingName.UNREADABLE,
        lambda core, ids, r: with_data(core, ids, json_with(ids, ',"\\ud800":1')),
    ),
    "900 KB of another's signature": (
        ParkingName.BAD_SIGNATURE,
        lambda core, ids, r: replace(
            with_data(core, ids, json_with(ids, f',"x":"{"y" * 900_000}"')), headers=r.headers
        ),
    ),
}
REFUSED_TOO: dict[str, tuple[RefusalName, Made]] = {
    "foreign case": (
        RefusalName.NOT_A_PARTY,
        lambda core, ids, r: core.message("court", "task.signed", ids.case, to_json(data_of(ids))),
    ),
    "reused id": (
        RefusalName.ID_REUSED,
        lambda core, ids, r: core.message(
            "justice", "task.progressed", ids.case, to_json(data_of(ids, step="other")), message="healthy-0"
        ),
    ),
    "sequence of 4,000 digits": (
        RefusalName.ILLEGAL_STEP,
        lambda core, ids, r: core.message(
            "justice", "redelivery.requested", ids.case, f'{{"from_sequence":{"9" * 4_000}}}'.encode()
        ),
    ),
    "key that is no text": (RefusalName.WRONG_PARTITION, lambda core, ids, r: raw(r, key=b"\xff\xfe\x00")),
}
TAKEN: dict[str, Made] = {
    "unknown field deep": lambda core, ids, r: progress(core, ids, f',"x":{DEEP}'),
    "unknown field beyond floats": lambda core, ids, r: progress(core, ids, ',"x":1e999'),
    "unknown field of 4,000 digits": lambda core, ids, r: progress(core, ids, f',"x":{"9" * 4_000}'),
    "unknown field named NUL": lambda core, ids, r: progress(core, ids, ',"\\u0000":1'),
    "field twice, the last one right": lambda core, ids, r: progress(core, ids, ',"step":"b"'),
    "at the limit": lambda core, ids, r: sized(progress(core, ids, ""), LARGEST_RECORD - 100),
}
ALL: dict[str, tuple[str, str, Made]] = {
    **{name: ("parked", reason, made) for name, (reason, made) in {**PARKED, **PARKED_TOO}.items()},
    **{name: ("refused", reason, made) for name, (reason, made) in {**REFUSED, **REFUSED_TOO}.items()},
    **{name: ("submitted", "", made) for name, made in TAKEN.items()},
}


def progress(core: Core, ids: Ids, more: str) -> OutRecord:
    value = to_json(data_of(ids, step="a"))[:-1] + more.encode() + b"}"
    return core.message("justice", "task.progressed", ids.case, value)


@dataclass
class Ended:
    """What became of all of it: entries and receipts by place, and the places by what was written."""

    core: KafkaCore
    entries: dict[tuple[str, int, int], Entry]
    receipts: dict[tuple[str, int, int], dict[str, Any]]
    places: dict[str, tuple[str, int, int]]
    healthy: list[tuple[str, int, int]]
    told: list[tuple[dict[str, str], dict[str, Any]]]


@pytest.fixture(scope="module")
async def core(servers: Addresses) -> AsyncIterator[KafkaCore]:
    import secrets

    import asyncpg

    name = f"test_poison_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(servers.database)
    await connection.execute(f"CREATE DATABASE {name}")
    dsn = f"{servers.database.rpartition('/')[0]}/{name}"
    async with core_on_servers(servers.kafka, dsn, f"t{secrets.token_hex(4)}.", SHARDS) as (made, _):
        yield made
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="module")
async def ended(core: KafkaCore) -> Ended:
    raised, ids = core.raised("p1")
    start = [
        core.message("justice", type_, ids.case, data_of(ids) | {stated: "2026-03-02T10:00:00+08:00"})
        for type_, stated in (
            ("task.received", "received_at"),
            ("task.signed", "legal_at"),
            ("task.accepted", "legal_at"),
        )
    ]
    await core.send(raised)
    await core.send(*start)
    writing: list[OutRecord | Raw] = []
    places: dict[str, tuple[str, int, int]] = {}
    healthy: list[tuple[str, int, int]] = []
    ends = {(start[0].topic, raised.partition): len(start)}

    def add(record: OutRecord | Raw) -> tuple[str, int, int]:
        writing.append(record)
        offset = ends.get((record.topic, record.partition), 0)
        ends[record.topic, record.partition] = offset + 1
        return record.topic, record.partition, offset

    for number, (name, (_, _, made)) in enumerate(ALL.items()):
        good = core.message(
            "justice", "task.progressed", ids.case, data_of(ids, step="h"), message=f"healthy-{number}"
        )
        healthy.append(add(good))
        step = core.message("justice", "task.signed", ids.case, to_json(data_of(ids, note="毒")))
        places[name] = add(made(core, ids, step))
    healthy.append(
        add(core.message("justice", "task.progressed", ids.case, data_of(ids, step="h"), message="last"))
    )
    await core.write(*writing)
    await core.read_all()
    await core.tell()
    entries = {_at(e): e for e in await core.entries() if e.origin is not None}
    told = [*await core.arrived("justice"), *await core.arrived("court")]
    receipts = {
        (r["topic"], r["partition"], r["offset"]): r
        for attributes, data in told
        if attributes["type"] == "receipts.issued.v1"
        for r in data["receipts"]
    }
    return Ended(core, entries, receipts, places, healthy, told)


def _at(entry: Entry) -> tuple[str, int, int]:
    assert entry.origin is not None
    return entry.origin.topic, entry.origin.partition, entry.origin.offset


@pytest.mark.parametrize("what", ALL)
async def test_each_comes_to_its_named_end_and_the_sender_is_told(ended: Ended, what: str) -> None:
    outcome, reason, _ = ALL[what]
    entry, receipt = ended.entries[ended.places[what]], ended.receipts[ended.places[what]]
    assert (entry.outcome.value, entry.reason or "") == (outcome.replace("submitted", "decided"), reason)
    assert (receipt["outcome"], receipt["reason"] or "") == (outcome, reason)
    assert len(entry.detail or "") < 2_000


async def test_every_healthy_message_is_decided_in_its_order(ended: Ended) -> None:
    assert {ended.entries[place].outcome for place in ended.healthy} == {Outcome.DECIDED}
    order = [ended.entries[place].seq for place in ended.healthy]
    assert order == sorted(order)
    passed_on = [a["sequence"] for a, _ in await ended.core.arrived("petition") if "sequence" in a]
    assert [int(one) for one in passed_on] == list(range(1, len(passed_on) + 1))
    assert len(passed_on) == len(ended.healthy) + len(TAKEN) + 3


async def test_each_record_has_exactly_one_entry(ended: Ended) -> None:
    entries = [e for e in await ended.core.entries() if e.origin is not None]
    assert len(entries) == len(ended.entries) == len(ended.healthy) + len(ended.places) + 4


async def test_a_message_on_the_wrong_partition_is_named_to_its_sender(ended: Ended) -> None:
    place = ended.places["wrong partition"]
    refused = [
        d for a, d in ended.told if a["type"] == "message.refused.v1" and d["reason"] == "wrong_partition"
    ]
    receipt, named = ended.receipts[place], ended.entries[place].message
    # Nobody's signature was looked at: only who has sent this id to this place may take the receipt for its own.
    assert (receipt["message"], receipt["claim"]) == (None, sha256((named or "").encode()).hexdigest())
    assert named in {d["message"] for d in refused}
    assert {d["type"] for d in refused} == {"task.signed.v1"}
    assert not ended.entries[place].verified
    assert ended.entries[place].case is None


async def test_the_broker_refuses_a_record_above_the_limit(core: KafkaCore) -> None:
    too_large = Raw(core.names.out_of("court"), 0, b"k", b" " * LARGEST_RECORD, [])
    with pytest.raises(MessageSizeTooLargeError):
        await core.write(too_large)


async def test_a_record_that_was_small_only_while_packed_is_parked(core: KafkaCore) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=core.kafka, compression_type="gzip", max_request_size=10_000_000
    )
    await producer.start()
    try:
        packed = await producer.send_and_wait(core.names.out_of("court"), b" " * 8_000_000, partition=0)
    finally:
        await producer.stop()
    await core.read_all()
    await core.tell()
    place = (packed.topic, packed.partition, packed.offset)
    (entry,) = [e for e in await core.entries() if e.origin is not None and _at(e) == place]
    assert (entry.outcome, entry.reason) == (Outcome.PARKED, ParkingName.TOO_LARGE)
    told = [
        r for a, d in await core.arrived("court") if a["type"] == "receipts.issued.v1" for r in d["receipts"]
    ]
    assert [r["reason"] for r in told if (r["topic"], r["partition"], r["offset"]) == place] == ["too_large"]


async def test_what_is_put_together_from_two_big_messages_reaches_the_lead(core: KafkaCore) -> None:
    """A megabyte of papers, then a megabyte of corrected parties: the new lead's record is bigger than any message."""
    pile = [{**papers("consent")[0], "title": "卷" * 250} for _ in range(1_100)]
    raised, ids = core.raised("big", papers=[*papers("entrust_letter", "consent"), *pile])
    crowd = [{"role": "petitioner", "name": f"测试员{n}", "address": "某路" * 100} for n in range(1_500)]
    dated = {"referral": ids.referral, "legal_at": "2026-03-02T10:00:00+08:00"}
    steps = [
        ("petition", "referral.corrected", {"fields": ["parties"], "parties": crowd, "reason": "补录"}),
        ("justice", "task.received", {"task": ids.task, "received_at": "2026-03-02T10:00:00+08:00"}),
        ("justice", "task.signed", {"task": ids.task}),
        (
            "justice",
            "task.return_proposed",
            {"task": ids.task, "reason_code": "not_suitable", "reason": "示例"},
        ),
        ("petition", "return.decided", {"task": ids.task, "agreed": True, "reassign_to": "mediation"}),
    ]
    records = [raised, *(core.message(who, type_, ids.case, dated | data) for who, type_, data in steps)]
    assert all(900_000 < len(record.value) < LARGEST_RECORD for record in records[:2])

    async def taken(count: int) -> bool:
        return len([e for e in await core.entries() if e.case == ids.case]) == count

    async with core.member():
        for count, record in enumerate(records, 1):
            await core.send(record)
            await core.until(partial(taken, count))
    await core.tell()
    assigned = [d for a, d in await core.arrived("mediation") if a["type"] == "task.assigned.v1"]
    assert [(len(d["papers"]), len(d["parties"])) for d in assigned] == [(1_102, 1_500)]
    assert len(to_json(assigned[0])) > 1.8 * LARGEST_RECORD
