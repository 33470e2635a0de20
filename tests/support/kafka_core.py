"""A core whose records go through the session's Kafka; the store is whichever is given."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic_core import from_json

from hub.bus.admin import apply_topics
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.kafka_source import KafkaSource
from hub.bus.ports import OutRecord
from hub.intake.worker import ShardWorker, cancel
from hub.opened import opened
from hub.store.pool import Pool
from hub.store.upgrade import upgrade
from tests.support.core import DIRECTORY, Core, Stores, postgres_stores


@dataclass
class Raw:
    """A record as any client can write it: nothing has to be there."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class KafkaCore(Core):
    """`send` writes to Kafka, `run` reads with a group member of its own, `tell` relays to Kafka."""

    def __init__(
        self,
        kafka: str,
        stores: Stores,
        prefix: str,
        directory: Path = DIRECTORY,
        overlay: Path | None = None,
    ) -> None:
        super().__init__(stores, prefix=prefix, directory=directory, overlay=overlay)
        self.kafka, self.prefix = kafka, prefix
        self.publisher = KafkaPublisher(kafka)

    async def send(self, *records: OutRecord) -> None:
        """Write records and wait for their acknowledgement."""
        await self.publisher.publish(records)

    async def write(self, *records: Raw | OutRecord) -> None:
        """Write records one by one, each a batch of its own, whatever they hold. Raises as the broker says."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all", max_batch_size=8_388_608)
        await producer.start()
        try:
            for one in records:
                batch = producer.create_batch()
                batch.append(timestamp=None, key=one.key, value=one.value, headers=list(one.headers))
                await (await producer.send_batch(batch, one.topic, partition=one.partition))
        finally:
            await producer.stop()

    @asynccontextmanager
    async def member(self, **changes: Any) -> AsyncIterator[list[ShardWorker]]:
        """A member of the intake group that has all shards, its workers running."""
        source = KafkaSource(self.kafka, f"{self.prefix}group", self.topics)
        intake = self.intake(source, **changes)
        workers = [ShardWorker(shard, intake) for shard in range(self.shards)]
        missing, ready = set(range(self.shards)), asyncio.Event()

        async def mine(shards: set[int]) -> None:
            missing.difference_update(shards)
            if not missing:
                ready.set()

        async def not_mine(shards: set[int]) -> None:
            return

        await source.start(mine, not_mine)
        await ready.wait()
        self.running = [asyncio.create_task(worker.run()) for worker in workers]
        try:
            yield workers
        finally:
            await cancel([task for task in self.running if not task.done()])
            await source.stop()

    async def run(self, done: Callable[[ShardWorker], Awaitable[bool]]) -> ShardWorker:
        """Run until something is so of the first worker."""
        async with self.member() as workers:
            await self.until(lambda: done(workers[0]))
        return workers[0]

    async def read_all(self) -> None:
        """Run until every record of every source topic is committed."""
        async with self.member() as workers:
            await self.until(lambda: self._at_ends(workers))

    async def _at_ends(self, workers: Sequence[ShardWorker]) -> bool:
        places = [(topic, shard) for topic in self.topics for shard in range(self.shards)]
        bounds = await workers[0]._intake.source.bounds(places)
        positions = [await self.stores.intake.positions(shard) for shard in range(self.shards)]
        return all(
            not found.end
            or (place in positions[place[1]] and positions[place[1]][place].next_offset == found.end)
            for place, found in bounds.items()
        )

    async def tell(self) -> None:
        """Relay everything that is in the journal."""
        publisher = KafkaPublisher(self.kafka)
        await self.follow(self.relay_work(publisher))
        await publisher.stop()

    async def arrived(self, department: str) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """What lies in a department's `.in`: attributes and data, partition by partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka)
        await consumer.start()
        found = []
        try:
            for shard in range(self.shards):
                place = TopicPartition(self.names.into(department), shard)
                consumer.assign([place])
                end = (await consumer.end_offsets([place]))[place]
                consumer.seek(place, 0)
                while await consumer.position(place) < end:
                    record = await consumer.getone(place)
                    attributes = {n.removeprefix("ce_"): v.decode() for n, v in record.headers}
                    found.append((attributes, from_json(record.value)))
        finally:
            await consumer.stop()
        return found

    async def has(self, count: int) -> bool:
        """Whether the journal of the first shard holds so many entries."""
        return len(await self.entries(0)) >= count


@asynccontextmanager
async def core_on_servers(
    kafka: str, dsn: str, prefix: str, shards: int
) -> AsyncIterator[tuple[KafkaCore, Pool]]:
    """A core on both servers, its database and topics made, and the pool that its stores use."""
    await upgrade(dsn, shards)
    async with opened(Pool(dsn, size=8)) as pool:
        made = KafkaCore(kafka, postgres_stores(pool, shards), prefix)
        await apply_topics(kafka, made.names.declared(made.rules.departments, shards))
        try:
            yield made, pool
        finally:
            await made.publisher.stop()
