"""Promises that depend on the real Kafka: topics deleted, truncated, with transactions, with records of any bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from hub.bus.admin import apply_topics
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.kafka_source import KafkaSource
from hub.bus.ports import OutRecord
from hub.domain.entry import Outcome
from hub.embedded.servers import Addresses
from hub.errors import LogStartPassed, ParkingName, TopicWentBack
from hub.intake.worker import ShardWorker
from hub.store.memory import MemoryStore
from hub.timekeeper.timekeeper import Timekeeper
from tests.support.core import Core, Ids, memory_stores

FACT = {"legal_at": "2026-03-02T09:00:00+08:00", "fact": "custody", "value": "released"}


class KafkaCore(Core):
    """A core whose records go through the session's Kafka; the store is in memory."""

    def __init__(self, kafka: str, prefix: str) -> None:
        self.store = MemoryStore(1)
        super().__init__(memory_stores(self.store, 1), prefix=prefix)
        self.kafka, self.prefix = kafka, prefix
        self.publisher = KafkaPublisher(kafka)

    async def send(self, *records: OutRecord) -> None:
        """Write records and wait for their acknowledgement."""
        await self.publisher.publish(records)

    async def run(self, done: Callable[[ShardWorker], Awaitable[bool]]) -> ShardWorker:
        """Run a worker of shard 0 on a group member of its own until something is so."""
        source = KafkaSource(self.kafka, f"{self.prefix}group", self.topics)
        intake = self.intake(source)
        worker = ShardWorker(0, intake)
        assigned = asyncio.Event()

        async def mine(shards: set[int]) -> None:
            assigned.set()

        async def not_mine(shards: set[int]) -> None:
            return

        await source.start(mine, not_mine)
        await assigned.wait()
        task = asyncio.create_task(worker.run())
        self.running = [task]
        try:
            await self.until(lambda: done(worker))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await source.stop()
        return worker

    async def has(self, count: int) -> bool:
        """Whether the journal holds so many entries."""
        return len(await self.entries(0)) >= count


@pytest.fixture
async def core(servers: Addresses, topic_prefix: str) -> AsyncIterator[KafkaCore]:
    made = KafkaCore(servers.kafka, topic_prefix)
    await apply_topics(servers.kafka, made.names.declared(made.rules.departments, 1))
    yield made
    await made.publisher.stop()


async def standing(core: KafkaCore) -> Ids:
    """A referral with two steps of justice, all committed."""
    record, ids = core.raised("p1")
    await core.send(record)
    await core.send(step(core, ids, "task.received"), step(core, ids, "task.signed"))
    await core.run(lambda worker: core.has(3))
    assert {e.outcome for e in await core.entries(0)} == {Outcome.DECIDED}
    return ids


def step(core: Core, ids: Ids, type_: str, **more: object) -> OutRecord:
    stated = "received_at" if type_ == "task.received" else "legal_at"
    fields = {"referral": ids.referral, "task": ids.task, stated: "2026-03-02T10:00:00+08:00"}
    return core.message("justice", type_, ids.case, fields | more)


async def recreate(core: KafkaCore, topic: str) -> None:
    """Delete a topic and make it again, as somebody who 'cleans up' does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=core.kafka)
    await admin.start()
    try:
        await admin.delete_topics([topic])
        for _ in range(200):
            if topic not in await admin.list_topics():
                break
            await asyncio.sleep(0.05)
    finally:
        await admin.close()
    await apply_topics(
        core.kafka, [t for t in core.names.declared(core.rules.departments, 1) if t.name == topic]
    )
    await core.publisher.stop()


async def check_stopped(core: KafkaCore, ids: Ids, kind: type[Exception]) -> None:
    """Justice's topic is stopped; the petition office's message is decided all the same."""
    topic = core.names.out_of("justice")
    before = (await core.store.positions(0))[topic, 0]
    await core.send(core.message("petition", "case.fact_recorded", ids.case, FACT))
    worker = await core.run(lambda worker: core.has(4))
    assert list(worker.stopped) == [topic]
    assert isinstance(worker.stopped[topic], kind)
    assert (await core.store.positions(0))[topic, 0] == before
    entries = await core.entries(0)
    assert (len(entries), entries[-1].type) == (4, "case.fact_recorded.v1")


async def test_a_recreated_topic_stops_and_the_others_go_on(core: KafkaCore) -> None:
    ids = await standing(core)
    await recreate(core, core.names.out_of("justice"))
    await check_stopped(core, ids, TopicWentBack)


async def test_a_recreated_topic_that_grew_stops_too(core: KafkaCore) -> None:
    ids = await standing(core)
    await recreate(core, core.names.out_of("justice"))
    await core.send(*(step(core, ids, "task.progressed", step=f"s{n}") for n in range(5)))
    await check_stopped(core, ids, TopicWentBack)


async def test_records_deleted_unread_stop_their_topic(core: KafkaCore) -> None:
    ids = await standing(core)
    topic = core.names.out_of("justice")
    await core.send(*(step(core, ids, "task.progressed", step=f"s{n}") for n in range(5)))
    admin = AIOKafkaAdminClient(bootstrap_servers=core.kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=5)})
    await admin.close()
    await check_stopped(core, ids, LogStartPassed)


async def test_the_clock_waits_for_a_stopped_topic_and_the_others_go_on(core: KafkaCore) -> None:
    """An answer may lie in the topic that is stopped: nobody is called late meanwhile, and nobody else waits."""
    ids = await standing(core)
    unknown = Ids(ids.case, ids.case, ids.case)
    await core.send(step(core, unknown, "task.signed"))
    await core.run(lambda worker: core.has(4))
    await recreate(core, core.names.out_of("justice"))
    await expire(core)
    await core.send(core.message("petition", "case.fact_recorded", ids.case, FACT))
    worker = await core.run(lambda worker: core.has(5))
    assert list(worker.stopped) == [core.names.out_of("justice")]
    assert (await core.entries(0))[-1].type == "case.fact_recorded.v1"
    assert [e.type for e in await core.entries(0) if e.source == "hub"] == []


AHEAD = timedelta(hours=80)


class Later:
    """The store's waiting list, on a clock that is far ahead."""

    def __init__(self, store: MemoryStore) -> None:
        self.waiting_before = store.waiting_before
        self.known_aliases = store.known_aliases

    async def database_time(self) -> datetime:
        return datetime.now(UTC) + AHEAD


async def expire(core: KafkaCore) -> None:
    """The clock's message about whatever waits in the store."""
    later = Later(core.store)
    limit = timedelta(hours=72)
    keeper = Timekeeper(
        later, core.publisher, core.signer, core.names, 1, limit, clock=lambda: datetime.now(UTC) + AHEAD
    )
    assert await keeper.look() == 1


async def test_transactional_senders_leave_gaps_that_stop_nothing(core: KafkaCore) -> None:
    """Markers and aborted records take offsets; the clock is not kept waiting by a marker at the end."""
    record, ids = core.raised("p1")
    await core.send(record)
    producer = AIOKafkaProducer(bootstrap_servers=core.kafka, transactional_id=f"{core.prefix}tx")
    await producer.start()
    try:
        for type_ in ("task.received", "task.signed", "task.accepted"):
            out = step(core, ids, type_)
            async with producer.transaction():
                await producer.send(out.topic, out.value, out.key, 0, headers=list(out.headers))
    finally:
        await producer.stop()
    unknown = Ids(ids.case, ids.case, ids.case)
    await core.send(core.message("petition", "task.signed", ids.case, signed(unknown)))
    await core.run(lambda worker: core.has(5))
    await expire(core)
    await core.run(lambda worker: core.has(7))
    entries = await core.entries(0)
    assert [e.outcome for e in entries].count(Outcome.DECIDED) == 5
    offsets = [
        e.origin.offset for e in entries if e.origin and e.origin.topic == core.names.out_of("justice")
    ]
    assert offsets == [0, 2, 4]


def signed(ids: Ids) -> dict[str, str]:
    return {"referral": ids.referral, "task": ids.task, "legal_at": "2026-03-02T10:00:00+08:00"}


class NotText(str):
    """A header name that goes out with bytes that are no UTF-8 at its end."""

    def encode(self, *how: str) -> bytes:  # type: ignore[override]
        return str.__str__(self).encode("ascii") + b"\xff\xfe"


async def write_raw(
    core: KafkaCore, compression: int, *records: tuple[OutRecord, list[tuple[str, bytes]]]
) -> None:
    """Write records in one batch as a client does that doesn't care what a header name is made of."""
    producer = AIOKafkaProducer(bootstrap_servers=core.kafka)
    await producer.start()
    try:
        batch = producer.create_batch()
        # The compiled builder takes honest text only; the other one lets `encode` decide.
        batch._builder = _DefaultRecordBatchBuilderPy(2, compression, False, -1, -1, -1, 64_000)
        for out, more in records:
            batch.append(key=out.key, value=out.value, timestamp=None, headers=[*more, *out.headers])
        await (await producer.send_batch(batch, records[0][0].topic, partition=0))
    finally:
        await producer.stop()


@pytest.mark.parametrize("compression", [0, 1, 2, 3, 4])
async def test_a_header_name_that_is_no_text_stops_nothing(core: KafkaCore, compression: int) -> None:
    """Any client may write such bytes. One that is no attribute is left alone, as any other header is."""
    ids = await standing(core)
    steps = [step(core, ids, type_) for type_ in ("task.accepted", "task.started")]
    steps += [step(core, ids, "task.progressed", step=f"s{n}") for n in range(4)]
    bad, worse = [(NotText("x"), b"1")], [(NotText("ce_"), b"1")]
    await write_raw(core, compression, (steps[0], []), (steps[1], bad), (steps[2], worse), (steps[3], []))
    await core.send(steps[4])
    await write_raw(core, compression, (steps[5], bad))
    petition = core.message("petition", "case.fact_recorded", ids.case, FACT)
    await core.send(petition)
    await core.run(lambda worker: core.has(10))
    worker = await core.run(lambda worker: core.has(10))
    assert worker.stopped == {}
    justice = core.names.out_of("justice")
    ours = [e for e in await core.entries(0) if e.origin and e.origin.topic == justice]
    assert [e.origin.offset for e in ours if e.origin] == list(range(8))
    assert [(e.outcome, e.reason) for e in ours] == [
        (Outcome.PARKED, ParkingName.BAD_ENVELOPE) if n == 4 else (Outcome.DECIDED, None) for n in range(8)
    ]
    assert len(await core.entries(0)) == 10


async def test_a_restart_after_such_a_record_recognises_it(core: KafkaCore) -> None:
    ids = await standing(core)
    await write_raw(core, 0, (step(core, ids, "task.accepted"), [(NotText("ce_"), b"1")]))
    await core.run(lambda worker: core.has(4))
    await core.send(step(core, ids, "task.accepted"))
    worker = await core.run(lambda worker: core.has(5))
    assert worker.stopped == {}
    assert (await core.entries(0))[-1].outcome is Outcome.DECIDED
