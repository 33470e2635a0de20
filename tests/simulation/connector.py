"""A connector as a process: the kit's own loops over its own store, on a producer and a consumer that can fail."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aiokafka.errors import KafkaConnectionError, RequestTimedOutError

from connectors.sdk.config import BackoffSettings, ConnectorConfig
from connectors.sdk.kafka import group, topic_in
from connectors.sdk.ports import Sink, Source
from connectors.sdk.runner import Connector
from connectors.sdk.store import Store
from connectors.sdk.writing import Writer
from hub.bus.memory import MemoryRecord
from hub.bus.ports import OutRecord
from tests.simulation.bus import Cluster
from tests.simulation.loop import Process, SimLoop
from tests.simulation.weather import Weather

FETCH = 20
WAIT_SECONDS = 2.0


class Producer:
    """What the kit's sender produces with, as far as it uses one. `on_acknowledged` sees what Kafka has confirmed."""

    def __init__(
        self, cluster: Cluster, weather: Weather, shards: int, on_acknowledged: Callable[[MemoryRecord], None]
    ) -> None:
        self._cluster, self._weather, self._shards = cluster, weather, shards
        self._on_acknowledged = on_acknowledged

    async def start(self) -> None:
        await self._reach()

    async def stop(self) -> None:
        await asyncio.sleep(self._weather.latency())

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(self._shards))

    async def send_and_wait(
        self, topic: str, value: bytes, *, key: bytes, partition: int, headers: Any
    ) -> MemoryRecord:
        acknowledged: asyncio.Future[MemoryRecord] = asyncio.get_running_loop().create_future()

        def arrived(stored: list[MemoryRecord]) -> None:
            if not acknowledged.done():
                acknowledged.set_result(stored[0])

        self._cluster.send(self, [OutRecord(topic, partition, key, value, headers)], arrived)
        try:
            async with asyncio.timeout(10):
                stored = await acknowledged
        except TimeoutError:
            self._weather.coverage.struck()
            raise RequestTimedOutError("no acknowledgement") from None
        if self._weather.takes("lost_acks"):
            raise RequestTimedOutError("the acknowledgement was lost")
        await self._reach()
        self._on_acknowledged(stored)
        return stored

    async def _reach(self) -> None:
        await asyncio.sleep(self._weather.latency())
        if not self._weather.reaches("bus"):
            self._weather.coverage.struck()
            raise KafkaConnectionError("the broker does not answer")


class SimConnector(Connector):
    """The kit's wiring with its loops; what reads `.in` is ours, as FastStream's subscriber would read it."""

    def __init__(
        self,
        config: ConnectorConfig,
        store: Store,
        writer: Writer,
        source: Source,
        sink: Sink,
        consumer: "Consumer",
    ) -> None:
        super().__init__(config, store, writer, source, sink)
        self._consumer = consumer

    async def run(self) -> int:
        """Until a loop ends (a defect) or the task is cancelled: then in order, as on SIGTERM."""
        loops = [
            self._poller.run(),
            self._sender.run(),
            self._deliverer.run(10.0),
            self._consumer.run(self._receiver.receive),
        ]
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            await self._end(tasks)
        return 0


class Consumer:
    """One consumer group member of a department's `.in`: what was not committed comes again."""

    def __init__(self, cluster: Cluster, weather: Weather, topic: str, name: str, shards: int) -> None:
        self._cluster, self._weather, self._topic, self._name = cluster, weather, topic, name
        self._shards = shards

    async def run(self, receive: Callable[[Any], Any]) -> None:
        """Read every partition, hand batches over one by one, commit after each."""
        while True:
            busy = False
            for partition in range(self._shards):
                busy |= await self._batch(partition, receive)
            if not busy:
                await self._cluster.arrival(self._topic, 0, WAIT_SECONDS)

    async def _batch(self, partition: int, receive: Callable[[Any], Any]) -> bool:
        place, cluster = (self._topic, partition), self._cluster
        at, lost = cluster.committed.get((self._name, place), 0), cluster.lost[place]
        records = tuple(cluster.logs.get(place, [])[at : at + FETCH])
        if not records:
            return False
        await asyncio.sleep(self._weather.latency())
        if not self._weather.reaches("bus"):
            await asyncio.sleep(1.0)
            return False
        await receive(SimpleNamespace(raw_message=records))
        await asyncio.sleep(self._weather.latency())
        if self._weather.reaches("bus") and lost == cluster.lost[place]:
            cluster.committed[self._name, place] = at + len(records)
        return True


class ConnectorProcess:
    """A department's connector. Its store outlives it, as a file does."""

    def __init__(
        self,
        loop: SimLoop,
        weather: Weather,
        cluster: Cluster,
        shards: int,
        writer: Writer,
        system: Any,
        on_acknowledged: Callable[[MemoryRecord], None],
        on_defect: Callable[[str], None],
    ) -> None:
        self.loop, self.weather, self.cluster, self.shards = loop, weather, cluster, shards
        self.department, self.writer, self.system = writer.department, writer, system
        self.name = f"connector of {self.department}"
        self.store = Store(Path(":memory:"), self.department)
        self.process = loop.process(self.name)
        self.incarnation = 0
        self._on_acknowledged, self._on_defect = on_acknowledged, on_defect
        self._main: asyncio.Task[Any] | None = None

    def start(self) -> None:
        """A new process over the same store."""
        self.incarnation += 1
        self.process = self.loop.process(self.name)
        self.process.on_kill.append(self._gone)
        self._main = self.process.spawn(self._run(), "main")

    async def stop(self) -> None:
        """End in an orderly way, as on SIGTERM."""
        if self._main is None or not self.process.alive:
            return
        self._main.cancel()
        await asyncio.wait([self._main], timeout=10)
        self.process.kill()

    async def _run(self) -> None:
        kafka = SimpleNamespace(
            producer=lambda client: Producer(self.cluster, self.weather, self.shards, self._on_acknowledged),
            bootstrap="",
        )
        config = ConnectorConfig.model_construct(
            department=self.department,
            kafka=cast(Any, kafka),
            topic_prefix="",
            poll_interval=1.5,
            resend_after=6.0,
            resend_longest=30.0,
            ask_again_after=3.0,
            backoff=BackoffSettings(first=0.3, longest=3.0),
            delivery_workers=3,
            stale_after=180.0,
            retention_days=None,
        )
        topic = topic_in("", self.department)
        consumer = Consumer(self.cluster, self.weather, topic, group("", self.department), self.shards)
        source, sink = self.system.source(self), self.system.sink(self)
        try:
            await SimConnector(config, self.store, self.writer, source, sink, consumer).run()
        except Exception as defect:
            self._on_defect(f"{self.name} ended by itself: {defect!r}")
            raise

    def _gone(self, process: Process) -> None:
        for task in process.waiting():
            self.weather.coverage.stood(task.get_coro())
