"""The bus in memory as a cluster: appends that arrive later than their sender, logs that lose their end."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.bus.memory import MemoryBus, MemoryRecord, MemorySource
from hub.bus.ports import Bounds, OutRecord, TopicPartition
from hub.errors import BusTrouble
from tests.simulation.loop import PROCESS, SimLoop
from tests.simulation.weather import Weather


class Cluster(MemoryBus):
    """The brokers. `committed`: offsets of consumer groups. `lost`: partitions of which an end went, by how often.

    `kept`: every record that was ever appended, with how often its partition had lost its end before.
    """

    def __init__(self, loop: SimLoop, weather: Weather, clock_ms: Callable[[], int]) -> None:
        super().__init__(clock_ms)
        self.loop, self.weather = loop, weather
        self.committed: dict[tuple[str, TopicPartition], int] = {}
        self.lost: defaultdict[TopicPartition, int] = defaultdict(int)
        self.kept: list[tuple[int, MemoryRecord]] = []
        self.on_append: Callable[[MemoryRecord], None] = lambda record: None
        self._waiting: defaultdict[object, list[asyncio.Future[None]]] = defaultdict(list)
        self._due: dict[tuple[object, TopicPartition], float] = {}

    def end(self, place: TopicPartition) -> int:
        """The offset after the last record."""
        return self.starts.get(place, 0) + len(self.logs.get(place, []))

    def append(self, record: OutRecord) -> MemoryRecord:
        """One record arrives."""
        stored = super().append(record)
        place = (record.topic, record.partition)
        self.kept.append((self.lost[place], stored))
        self.on_append(stored)
        for waiting in self._waiting.pop(self._room(*place), ()):
            if not waiting.done():
                waiting.set_result(None)
        return stored

    def lose_end(self, place: TopicPartition, length: int) -> None:
        """The log goes back to this length (0: recreated)."""
        log = self.logs.get(place, [])
        if length < len(log):
            self.logs[place] = log[:length]
            self.lost[place] += 1
            # A consumer that fetches finds its offset out of range before anything new is there.
            for group in [group for group in self.committed if group[1] == place]:
                self.committed[group] = min(self.committed[group], length)

    async def arrival(self, topic: str, partition: int, seconds: float) -> None:
        """Wait until something comes in; source topics of a partition are waited for together."""
        loop = asyncio.get_running_loop()
        came: asyncio.Future[None] = loop.create_future()
        self._waiting[self._room(topic, partition)].append(came)
        timer = loop.call_later(seconds, lambda: came.done() or came.set_result(None))
        try:
            await came
        finally:
            timer.cancel()

    def send(
        self, sender: object, records: Sequence[OutRecord], arrived: Callable[[list[MemoryRecord]], None]
    ) -> None:
        """Records of one partition are on their way; `arrived` when the broker has them. In order for each sender.

        They arrive even when the sender is gone by then.
        """
        place = (records[0].topic, records[0].partition)
        weather = self.weather
        late = weather.random.uniform(1, 15) if weather.takes("late") else 0.0
        due = max(self._due.get((sender, place), 0.0), self.loop.time() + weather.latency() + late)
        self._due[sender, place] = due
        name = PROCESS.get().name
        again = weather.random.uniform(0, 20) if weather.takes("doubled") else None

        def arrive() -> None:
            if "bus" in weather.away or (name, "bus") in weather.cut:
                return
            arrived([self.append(record) for record in records])

        def arrive_again() -> None:
            for record in records:
                self.append(record)

        at = self.loop.outside.call_later
        at(due - self.loop.time(), arrive)
        if again is not None:
            at(due - self.loop.time() + again, arrive_again)

    def _room(self, topic: str, partition: int) -> object:
        return partition if topic.endswith(".out") else topic


class Source(MemorySource):
    """What a member of the intake group reads. See `hub.bus.ports.Source`."""

    def __init__(self, cluster: Cluster, shards: int, weather: Weather, group: Any) -> None:
        super().__init__(cluster, shards)
        self._cluster, self._weather, self._group = cluster, weather, group
        self._seen: dict[TopicPartition, int] = {}

    async def start(self, on_assigned: Any, on_revoked: Any) -> None:
        self._running = True
        await self._weather.to_bus()
        self._group.join(self, on_assigned, on_revoked)

    async def stop(self) -> None:
        self._running = False
        self._group.leave(self)

    async def take(
        self, shard: int, topics: Sequence[str], max_records: int, wait_ms: int
    ) -> list[MemoryRecord]:
        await self._weather.to_bus()
        found = self._some(shard, topics, max_records)
        if not found:
            await self._cluster.arrival(".out", shard, wait_ms / 1000)
            found = self._some(shard, topics, max_records)
        await self._weather.to_bus()
        return found

    def _some(self, shard: int, topics: Sequence[str], max_records: int) -> list[MemoryRecord]:
        """Brokers answer one by one: which topics are heard of first, and which not yet, is chance."""
        self._look(shard, topics)
        random = self._weather.random
        heard = [topic for topic in topics if random.random() < 0.7]
        random.shuffle(heard)
        return self._ready(shard, heard, max_records)

    async def bounds(self, at: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]:
        await self._weather.to_bus()
        return await super().bounds(at)

    async def record_at(self, at: TopicPartition, offset: int) -> MemoryRecord | None:
        await self._weather.to_bus()
        return await super().record_at(at, offset)

    def seek(self, at: TopicPartition, offset: int) -> None:
        self._seen[at] = self._cluster.lost[at]
        super().seek(at, offset)

    def _look(self, shard: int, topics: Sequence[str]) -> None:
        """A reader that is connected sees that a partition goes away under it."""
        for topic in topics:
            if self._seen.get((topic, shard)) != self._cluster.lost[topic, shard]:
                self._weather.coverage.struck()
                raise BusTrouble(f"{topic}/{shard}: offset out of range")


class Publisher:
    """What the relay and the timekeeper publish with. See `hub.bus.ports.Publisher`."""

    def __init__(self, cluster: Cluster, weather: Weather) -> None:
        self._cluster, self._weather = cluster, weather

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def publish(self, records: Sequence[OutRecord]) -> None:
        places: dict[TopicPartition, list[OutRecord]] = {}
        for record in records:
            places.setdefault((record.topic, record.partition), []).append(record)
        loop = asyncio.get_running_loop()
        waits = []
        for some in places.values():
            acknowledged = loop.create_future()
            waits.append(acknowledged)
            self._cluster.send(self, some, _answer(acknowledged))
        lost = self._weather.takes("lost_acks")
        _, pending = await asyncio.wait(waits, timeout=20)
        await asyncio.sleep(self._weather.latency())
        if pending or lost or not self._weather.reaches("bus"):
            self._weather.coverage.struck()
            raise BusTrouble("publishing was not acknowledged")

    async def broker_time(self, topic: str) -> datetime:
        loop = asyncio.get_running_loop()
        acknowledged = loop.create_future()
        self._cluster.send(self, [OutRecord(topic, 0, None, b"", [])], _answer(acknowledged))
        done, _ = await asyncio.wait([acknowledged], timeout=20)
        await asyncio.sleep(self._weather.latency())
        if not done or not self._weather.reaches("bus"):
            self._weather.coverage.struck()
            raise BusTrouble("the broker was asked for its time and did not answer")
        return datetime.fromtimestamp(acknowledged.result().timestamp / 1000, UTC)


def _answer(waiting: "asyncio.Future[Any]") -> Callable[[list[MemoryRecord]], None]:
    def arrived(stored: list[MemoryRecord]) -> None:
        if not waiting.done():
            waiting.set_result(stored[-1])

    return arrived
