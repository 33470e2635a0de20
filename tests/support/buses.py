"""The fixture `bus`: the memory bus and the session's Kafka, one after the other, under one name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from hub.bus.admin import apply_topics
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.kafka_source import KafkaSource
from hub.bus.memory import MemoryBus, MemoryPublisher, MemorySource
from hub.bus.ports import Publisher, Source
from hub.bus.topics import TopicDeclaration
from hub.embedded.servers import Addresses


@dataclass
class Bus:
    """Two topics with two partitions each, and how to open readers and writers on them."""

    prefix: str
    kafka: str | None
    shards: int = 2
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)
    memory: MemoryBus = field(init=False)
    ticks: int = 1_772_413_200_000

    def __post_init__(self) -> None:
        self.memory = MemoryBus(self._tick)
        self.topics = [f"{self.prefix}one", f"{self.prefix}two"]

    def _tick(self) -> int:
        self.ticks += 1
        return self.ticks

    async def make(self) -> None:
        """Make the topics."""
        if self.kafka is not None:
            await apply_topics(self.kafka, [TopicDeclaration(name, self.shards) for name in self.topics])

    async def publisher(self) -> Publisher:
        """A publisher, stopped with the fixture."""
        publisher: Publisher = (
            MemoryPublisher(self.memory) if self.kafka is None else KafkaPublisher(self.kafka)
        )
        await publisher.start()
        self.opened.push_async_callback(publisher.stop)
        return publisher

    async def source(self, seek: bool = True) -> Source:
        """A started source that has all shards; `seek`: reading from the beginning of every partition."""
        source: Source = MemorySource(self.memory, self.shards)
        if self.kafka is not None:
            source = KafkaSource(self.kafka, f"{self.prefix}group", self.topics)
        waiting: set[int] = set(range(self.shards))
        ready = asyncio.Event()

        async def assigned(shards: set[int]) -> None:
            waiting.difference_update(shards)
            if not waiting:
                ready.set()

        async def revoked(shards: set[int]) -> None:
            return

        await source.start(assigned, revoked)
        self.opened.push_async_callback(source.stop)
        await ready.wait()
        if seek:
            for topic in self.topics:
                for shard in range(self.shards):
                    source.seek((topic, shard), 0)
        return source


@pytest.fixture(params=["memory", "kafka"])
def kafka_or_none(request: pytest.FixtureRequest) -> str | None:
    """Kafka's address; None for memory."""
    if request.param == "memory":
        return None
    servers: Addresses = request.getfixturevalue("servers")
    return servers.kafka


@pytest.fixture
async def bus(kafka_or_none: str | None, topic_prefix: str) -> AsyncIterator[Bus]:
    """Each of the buses."""
    made = Bus(topic_prefix, kafka_or_none)
    await made.make()
    async with made.opened:
        yield made
