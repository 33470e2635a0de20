"""What every bus keeps: one suite, run on memory and on a real Kafka."""

import asyncio

from hub.bus.ports import Bounds, InRecord, OutRecord, Source
from tests.support.buses import Bus


def record(
    bus: Bus, number: int, topic: int = 0, partition: int = 0, value: bytes | None = None
) -> OutRecord:
    name = bus.topics[topic]
    text = b"%d" % number
    return OutRecord(
        name, partition, b"key", text if value is None else value, [("ce_id", text), ("ce_id", b"\xff")]
    )


async def drain(source: Source, bus: Bus, shard: int, count: int, max_records: int = 500) -> list[InRecord]:
    """Take until so many have come."""
    taken: list[InRecord] = []
    while len(taken) < count:
        some = await source.take(shard, bus.topics, max_records, 500)
        assert len(some) <= max_records
        taken += some
    return taken


async def test_a_record_comes_as_it_was_sent(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    sent = OutRecord(bus.topics[1], 1, b"\x00k", b"\xffv", [("a", b"1"), ("b", b""), ("a", b"2")])
    await publisher.publish([sent, OutRecord(bus.topics[1], 1, None, b"", [])])
    first, second = await drain(source, bus, 1, 2)
    assert (first.topic, first.partition, first.offset) == (bus.topics[1], 1, 0)
    assert (first.key, first.value, [tuple(h) for h in first.headers]) == (
        sent.key,
        sent.value,
        list(sent.headers),
    )
    assert (second.offset, second.key, second.value, list(second.headers)) == (1, None, b"", [])
    assert first.timestamp > 0


async def test_the_broker_tells_its_time(bus: Bus) -> None:
    publisher = await bus.publisher()
    before = await publisher.broker_time(bus.topics[0])
    await publisher.publish([record(bus, 1)])
    after = await publisher.broker_time(bus.topics[0])
    source = await bus.source()
    times = [r.timestamp for r in await drain(source, bus, 0, 3)]
    assert (
        times[0]
        == round(before.timestamp() * 1000)
        <= times[1]
        <= times[2]
        == round(after.timestamp() * 1000)
    )


async def test_order_per_partition_and_broker_time_across_topics(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    for start in range(0, 60, 20):
        await publisher.publish([record(bus, n, topic=n % 2) for n in range(start, start + 20)])
    taken = await drain(source, bus, 0, 60)
    for topic in (0, 1):
        numbers = [int(r.value or b"") for r in taken if r.topic == bus.topics[topic]]
        assert numbers == list(range(topic, 60, 2))
        offsets = [r.offset for r in taken if r.topic == bus.topics[topic]]
        assert offsets == list(range(30))
    times = [r.timestamp for r in taken if r.topic == bus.topics[0]]
    assert times == sorted(times)


async def test_one_take_is_merged_by_the_brokers_time(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    for n in range(6):
        await publisher.publish([record(bus, n, topic=n % 2)])
        await asyncio.sleep(0.003)
    while len(taken := await source.take(0, bus.topics, 500, 500)) < 6:
        for topic in bus.topics:
            source.seek((topic, 0), 0)
    assert [r.timestamp for r in taken] == sorted(r.timestamp for r in taken)
    assert [int(r.value or b"") for r in taken] == list(range(6))


async def test_max_records_bounds_a_take_and_loses_nothing(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    await publisher.publish([record(bus, n, topic=n % 2) for n in range(40)])
    taken = await drain(source, bus, 0, 40, max_records=7)
    assert sorted(int(r.value or b"") for r in taken) == list(range(40))


async def test_take_gives_only_the_shard_and_the_topics_asked_for(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    await publisher.publish([record(bus, n, topic=n % 2, partition=n // 2 % 2) for n in range(16)])
    taken: list[InRecord] = []
    while len(taken) < 4:
        taken += await source.take(1, bus.topics[:1], 500, 500)
    assert {(r.topic, r.partition) for r in taken} == {(bus.topics[0], 1)}
    assert len(await drain(source, bus, 1, 4)) == 4
    assert len(await drain(source, bus, 0, 8)) == 8


async def test_an_empty_take_comes_back_and_a_late_record_is_seen(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    assert await source.take(0, bus.topics, 10, 20) == []
    assert await source.take(0, bus.topics, 10, 0) == []
    waiting = asyncio.create_task(source.take(0, bus.topics, 10, 30_000))
    await asyncio.sleep(0.05)
    await publisher.publish([record(bus, 1)])
    assert [r.offset for r in await waiting] == [0]


async def test_seek_back_and_forth(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    await publisher.publish([record(bus, n) for n in range(10)])
    place = (bus.topics[0], 0)
    assert [r.offset for r in await drain(source, bus, 0, 10)] == list(range(10))
    assert await source.position(place) == 10
    source.seek(place, 4)
    assert await source.position(place) == 4
    assert [r.offset for r in await drain(source, bus, 0, 6)] == list(range(4, 10))
    source.seek(place, 9)
    assert [r.offset for r in await drain(source, bus, 0, 1)] == [9]


async def test_bounds_are_the_logs_own(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    places = [(bus.topics[0], 0), (bus.topics[1], 1)]
    assert await source.bounds(places) == {place: Bounds(0, 0) for place in places}
    await publisher.publish([record(bus, n) for n in range(3)])
    assert await source.bounds(places) == {places[0]: Bounds(0, 3), places[1]: Bounds(0, 0)}


async def test_record_at_an_offset(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    await publisher.publish([record(bus, n) for n in range(5)])
    place = (bus.topics[0], 0)
    for offset in (3, 0, 4):
        found = await source.record_at(place, offset)
        assert found is not None
        assert (found.offset, found.value) == (offset, b"%d" % offset)
    assert await source.record_at(place, 5) is None
    source.seek(place, 2)
    assert [r.offset for r in await drain(source, bus, 0, 3)] == [2, 3, 4]


async def test_publish_returns_when_all_is_there_in_order(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    places = [(t, p) for t in range(2) for p in range(2)]
    sent = [record(bus, n, *places[n % 4], value=b"%d" % n + b"x" * 20_000) for n in range(200)]
    await publisher.publish(sent)
    bounds = await source.bounds([(bus.topics[t], p) for t, p in places])
    assert set(bounds.values()) == {Bounds(0, 50)}
    for shard in (0, 1):
        taken = await drain(source, bus, shard, 100)
        for topic in bus.topics:
            got = [r.value for r in taken if r.topic == topic]
            assert got == [r.value for r in sent if (r.topic, r.partition) == (topic, shard)]


async def test_publish_nothing_and_publish_again(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    await publisher.publish([])
    for _ in range(2):
        await publisher.publish([record(bus, 1)])
    assert [r.value for r in await drain(source, bus, 0, 2)] == [b"1", b"1"]


async def test_a_record_of_nearly_a_megabyte(bus: Bus) -> None:
    publisher, source = await bus.publisher(), await bus.source()
    await publisher.publish([record(bus, 0), record(bus, 1, value=b"z" * 1_000_000), record(bus, 2)])
    assert [len(r.value or b"") for r in await drain(source, bus, 0, 3)] == [1, 1_000_000, 1]


async def test_the_cluster_has_an_id_that_stays(bus: Bus) -> None:
    source = await bus.source(seek=False)
    assert await source.cluster_id() == await source.cluster_id() != ""


async def test_no_topics_are_no_records(bus: Bus) -> None:
    """Every topic of a shard may be stopped at once; other shards' records must not be taken instead."""
    publisher, source = await bus.publisher(), await bus.source()
    await publisher.publish([record(bus, n, partition=n % 2) for n in range(4)])
    for _ in range(3):
        assert await source.take(0, [], 10, 50) == []
    assert len(await drain(source, bus, 0, 2)) == 2


async def test_a_flood_of_one_topic_leaves_room_for_another(bus: Bus) -> None:
    source, publisher = await bus.source(), await bus.publisher()
    flood = [OutRecord(bus.topics[0], 0, b"k", b"%d" % n, []) for n in range(4_000)]
    await publisher.publish(flood)
    await publisher.publish([OutRecord(bus.topics[1], 0, b"k", b"quiet", [])])
    taken: list[list[bytes | None]] = []
    while sum(map(len, taken)) < len(flood) + 1:
        taken.append([record.value for record in await source.take(0, bus.topics, 40, 500)])
        await asyncio.sleep(0.01)  # a client asks for the other topic while the flood is worked off
    (batch,) = [number for number, batch in enumerate(taken) if b"quiet" in batch]
    assert sum(map(len, taken[:batch])) < len(flood) / 2
    assert [value for batch in taken for value in batch if value != b"quiet"] == [
        record.value for record in flood
    ]
