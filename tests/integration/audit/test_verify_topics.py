"""Verification finds where the topics hold something else than the journal says that was told or read."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from hub.audit.report import Report
from hub.audit.signatures import Signatures
from hub.audit.verify import verify
from hub.audit.verify_checkpoints import Trust
from hub.audit.verify_outward import Topics
from hub.bus.memory import MemoryLog, MemoryRecord
from hub.bus.ports import TopicPartition
from tests.integration.audit.test_verify import _history
from tests.support.city import City
from tests.support.registry import registry_of

YEARS = timedelta(days=36_500)
Look = Callable[..., Awaitable[Report]]


async def _told(city: City) -> Look:
    """A history that was relayed, part of it again on request, with a relay that fell back once."""
    first = await _history(city)
    again = {"first": 1, "last": 2, "legal_at": "2026-03-02T10:00:00+08:00"}
    city.say("procuratorate", "redelivery.requested", first.case, again)
    await city.drain(relay=True)
    places = [place for place, log in city.bus.logs.items() if place[0].endswith(".in") and len(log) > 3]
    for place in places:
        for record in city.bus.logs[place][-3:]:
            _append(city, place, record)

    async def look(
        retention: timedelta = YEARS, signatures: Signatures | None = None, trust: Trust | None = None
    ) -> Report:
        topics = Topics(MemoryLog(city.bus, 7), city.names, sorted(city.rules.departments), retention)
        return await verify(city.store, topics=topics, signatures=signatures, trust=trust)

    return look


def _append(city: City, place: TopicPartition, record: MemoryRecord) -> None:
    log = city.bus.logs[place]
    offset = log[-1].offset + 1
    log.append(MemoryRecord(*place, offset, record.key, record.value, record.headers, record.timestamp))


def _renumbered(log: list[MemoryRecord]) -> list[MemoryRecord]:
    return [
        MemoryRecord(r.topic, r.partition, n, r.key, r.value, r.headers, r.timestamp)
        for n, r in enumerate(log)
    ]


def _of_type(log: list[MemoryRecord], type_: str) -> int:
    return next(n for n, record in enumerate(log) if ("ce_type", type_.encode()) in record.headers)


async def test_topics_hold_what_the_journal_says(database: str, tmp_path: Path) -> None:
    async with City(database, shards=2) as city:
        look = await _told(city)
        registry, kek = registry_of(city.keys, tmp_path / "keys"), tmp_path / "kek"
        kek.write_bytes(bytes(range(32)))
        keyed = Signatures(str(kek), str(registry))
        report = await look(trust=Trust(city.keys.by_source()))
        assert report.good, report.differences
        assert (report.topics, report.topic_exact, report.topic_past) == (True, 0, 0)
        assert min(report.topic_records, report.topic_repeated, report.topic_sources) > 3
        exact = await look(signatures=keyed)
        assert exact.good, exact.differences
        assert 3 < exact.topic_exact < exact.topic_records == report.topic_records

        place = next(
            p for p, log in city.bus.logs.items() if p[0] == city.names.into("procuratorate") and len(log) > 6
        )
        whole = city.bus.logs[place]
        at = _of_type(whole, "task.assigned.v1")
        name = f"{place[0]}/{place[1]}"

        async def found(log: list[MemoryRecord], **how: Signatures) -> str:
            city.bus.logs[place] = _renumbered(log)
            try:
                report = await look(**how)
            finally:
                city.bus.logs[place] = whole
            assert not report.good
            return str(report.differences[0])

        data = json.loads(whole[at].value or b"")
        other = MemoryRecord(
            *place, at, whole[at].key, json.dumps({**data, "role": "copy"}).encode(), whole[at].headers, 0
        )
        said = await found([*whole[:at], other, *whole[at + 1 :]])
        assert name in said
        assert "data at $.role: expected lead, found copy" in said
        assert "seq" in said
        person = MemoryRecord(
            *place,
            at,
            whole[at].key,
            json.dumps({**data, "parties": []}).encode(),
            whole[at].headers,
            0,
        )
        assert "$.parties" in await found([*whole[:at], person, *whole[at + 1 :]], signatures=keyed)
        alone = whole[: len(whole) - 3]
        assert f"{name}: task.assigned.v1" in await found([*alone[:at], *alone[at + 1 :]])
        assert "expected a record, found none" in await found([*alone[:at], *alone[at + 1 :]])
        assert "order of" in await found([*alone[:at], alone[at + 1], alone[at], *alone[at + 2 :]])
        marked = [(n, b"someone" if n == "ce_id" else v) for n, v in whole[at].headers]
        extra = MemoryRecord(*place, 0, whole[at].key, whole[at].value, marked, 0)
        assert "expected none: no entry says so" in await found([*alone[:at], extra, *alone[at:]])


@pytest.mark.parametrize("old", [True, False])
async def test_what_is_past_its_retention_is_counted(database: str, old: bool) -> None:
    async with City(database, shards=1) as city:
        look = await _told(city)
        place = (city.names.into("procuratorate"), 0)
        source = (city.names.out_of("public_security"), 0)
        for one in (place, source):
            city.bus.starts[one], city.bus.logs[one] = 2, city.bus.logs[one][2:]
        report = await look(timedelta(days=1) if old else YEARS)
        if old:
            assert report.good, report.differences
            assert report.topic_past > 3
        else:
            assert "expected a record, found none" in str(report.differences[0])


async def test_what_was_read_is_what_the_journal_holds(database: str) -> None:
    async with City(database, shards=1) as city:
        look = await _told(city)
        trust = Trust(city.keys.by_source())
        place = (city.names.out_of("public_security"), 0)
        whole = city.bus.logs[place]
        name = f"{place[0]}/0: record at offset"

        async def found(log: list[MemoryRecord]) -> str:
            city.bus.logs[place] = log
            report = await look(trust=trust)
            city.bus.logs[place] = whole
            assert not report.good
            return str(report.differences[0])

        data = json.loads(whole[0].value or b"")
        for changed, said in (
            ({"local_number": "X"}, "open fields, local_number: expected A1, found X"),
            ({"title": "X"}, "what the signature in the journal covers"),
        ):
            value = json.dumps({**data, **changed}, ensure_ascii=False).encode()
            other = MemoryRecord(*place, 0, whole[0].key, value, whole[0].headers, 0)
            assert said in await found([other, *whole[1:]])
        gone = await found(whole[:-1])
        assert "end of the topic" in gone
        swapped = await found(
            [
                *whole[:1],
                MemoryRecord(*place, 1, whole[2].key, whole[2].value, whole[2].headers, 0),
                MemoryRecord(*place, 2, whole[1].key, whole[1].value, whole[1].headers, 0),
                *whole[3:],
            ]
        )
        assert f"{name} 1, message" in swapped
        async with city.pool.connection() as connection:
            await connection.execute(
                "UPDATE position SET next_offset = next_offset + 1 WHERE topic = $1", place[0]
            )
        _append(city, place, whole[0])
        report = await look()
        assert f"{name} {len(whole) - 1}: expected an entry of the journal, found none" in "\n".join(
            map(str, report.differences)
        )
