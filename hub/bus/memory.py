"""A bus in memory that keeps the same contract: for tests and the simulator, never for production."""

import asyncio
import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.bus.ports import Assigned, Bounds, OutRecord, RawHeaders, TopicPartition
from hub.errors import BusTrouble


@dataclass(slots=True)
class MemoryRecord:
    """See `hub.bus.ports.InRecord`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders
    timestamp: int


class MemoryBus:
    """Logs by topic and partition. `clock_ms` stamps records as a broker would. `away` makes every call fail."""

    def __init__(self, clock_ms: Callable[[], int], cluster: str = "memory") -> None:
        self.clock_ms, self.cluster = clock_ms, cluster
        self.logs: dict[TopicPartition, list[MemoryRecord]] = {}
        self.starts: dict[TopicPartition, int] = {}
        self.away = False
        self._arrived = asyncio.Event()

    def append(self, record: OutRecord) -> MemoryRecord:
        """Add one record."""
        if self.away:
            raise BusTrouble("the bus is away")
        place = (record.topic, record.partition)
        log = self.logs.setdefault(place, [])
        offset = self.starts.get(place, 0) + len(log)
        stored = MemoryRecord(*place, offset, record.key, record.value, record.headers, self.clock_ms())
        log.append(stored)
        self._arrived.set()
        return stored

    async def wait(self, seconds: float) -> None:
        """Wait for any record to arrive."""
        self._arrived.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return


class MemorySource:
    """One member of a group of one. See `hub.bus.ports.Source`."""

    def __init__(self, bus: MemoryBus, shards: int) -> None:
        self._bus, self._shards = bus, shards
        self._next: dict[TopicPartition, int] = {}
        self._running = False

    async def start(self, on_assigned: Assigned, on_revoked: Assigned) -> None:
        """All shards are this member's."""
        self._running = True
        await on_assigned(set(range(self._shards)))

    async def stop(self) -> None:
        """Stop reading."""
        self._running = False

    async def take(
        self, shard: int, topics: Sequence[str], max_records: int, wait_ms: int
    ) -> list[MemoryRecord]:
        """See the port."""
        found = self._ready(shard, topics, max_records)
        if not found and wait_ms:
            await self._bus.wait(wait_ms / 1000)
            found = self._ready(shard, topics, max_records)
        return found

    def _ready(self, shard: int, topics: Sequence[str], max_records: int) -> list[MemoryRecord]:
        if self._bus.away or not self._running:
            raise BusTrouble("the bus is away")
        found: dict[str, list[MemoryRecord]] = {topic: [] for topic in topics}
        # First each topic's share, then what the batch still has room for.
        for share in (max(1, max_records // 8), max_records):
            for topic in topics:
                place = (topic, shard)
                log, start = self._bus.logs.get(place, []), self._bus.starts.get(place, 0)
                first = self._next.setdefault(place, start)
                some = log[max(first - start, 0) : max(first - start, 0) + min(share, max_records)]
                self._next[place] = first + len(some)
                max_records -= len(some)
                found[topic] += some
        # Merged, not sorted: a broker's clock may go back, and a partition's records stay in their order.
        return list(heapq.merge(*found.values(), key=lambda record: record.timestamp))

    def seek(self, at: TopicPartition, offset: int) -> None:
        """See the port."""
        self._next[at] = offset

    async def position(self, at: TopicPartition) -> int:
        """See the port."""
        return self._next.get(at, self._bus.starts.get(at, 0))

    async def bounds(self, at: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]:
        """See the port."""
        if self._bus.away:
            raise BusTrouble("the bus is away")
        found = {}
        for place in at:
            start = self._bus.starts.get(place, 0)
            found[place] = Bounds(start, start + len(self._bus.logs.get(place, [])))
        return found

    async def record_at(self, at: TopicPartition, offset: int) -> MemoryRecord | None:
        """See the port."""
        index = offset - self._bus.starts.get(at, 0)
        log = self._bus.logs.get(at, [])
        return log[index] if 0 <= index < len(log) else None

    async def cluster_id(self) -> str:
        """See the port."""
        return self._bus.cluster


class MemoryLog:
    """See `hub.bus.ports.Log`. `size`: records that one reading brings."""

    def __init__(self, bus: MemoryBus, size: int = 50) -> None:
        self._bus, self._size = bus, size

    async def bounds(self, at: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]:
        """See the port."""
        return await MemorySource(self._bus, 0).bounds(at)

    async def read(self, at: TopicPartition, offset: int) -> Sequence[MemoryRecord]:
        """See the port."""
        index = offset - self._bus.starts.get(at, 0)
        assert index >= 0, f"{at}: {offset} is not there any more"
        return self._bus.logs.get(at, [])[index : index + self._size]


class MemoryPublisher:
    """See `hub.bus.ports.Publisher`."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect."""

    async def publish(self, records: Sequence[OutRecord]) -> None:
        """See the port."""
        await asyncio.sleep(0)
        for record in records:
            self._bus.append(record)

    async def broker_time(self, topic: str) -> datetime:
        """See `hub.bus.ports.BrokerClock`."""
        stored = self._bus.append(OutRecord(topic, 0, None, b"", []))
        return datetime.fromtimestamp(stored.timestamp / 1000, UTC)
