"""What intake and relay need of a bus. Two implementations keep one contract: Kafka and memory."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

TopicPartition = tuple[str, int]
RawHeaders = Sequence[tuple[str, bytes]]


class InRecord(Protocol):
    """A record as it was read. `timestamp` is the broker's LogAppendTime in milliseconds."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> RawHeaders: ...
    @property
    def timestamp(self) -> int: ...


@dataclass(slots=True)
class OutRecord:
    """A record to publish on a partition that was chosen by the case (5a.2)."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: RawHeaders


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first offset that is still there, and the one after the last."""

    start: int
    end: int


Assigned = Callable[[set[int]], Awaitable[None]]


class Source(Protocol):
    """One worker's share of the source topics. The same partition number of all topics is always with one worker.

    Raises BusTrouble when the broker is away; the same call may then be made again.
    """

    async def start(self, on_assigned: Assigned, on_revoked: Assigned) -> None: ...
    async def stop(self) -> None: ...
    async def take(
        self, shard: int, topics: Sequence[str], max_records: int, wait_ms: int
    ) -> list[InRecord]: ...
    def seek(self, at: TopicPartition, offset: int) -> None: ...
    async def position(self, at: TopicPartition) -> int: ...
    async def bounds(self, at: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]: ...
    async def record_at(self, at: TopicPartition, offset: int) -> InRecord | None: ...
    async def cluster_id(self) -> str: ...


class Feed(Protocol):
    """A topic read from where the group stopped. Raises BusTrouble; the same call may then be made again."""

    async def stop(self) -> None: ...
    async def take(self, wait_ms: int) -> list[InRecord]: ...
    async def commit(self) -> None: ...


class Log(Protocol):
    """Topics read at any place and left as they are: no group, nothing committed. Raises BusTrouble."""

    async def bounds(self, at: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]: ...
    async def read(self, at: TopicPartition, offset: int) -> Sequence[InRecord]:
        """Some records from an offset on, in order; none at the end."""
        ...


class Publisher(Protocol):
    """Publishing with acknowledgement."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def publish(self, records: Sequence[OutRecord]) -> None:
        """Return when every record is acknowledged (acks=all), in order per partition; else BusTrouble."""
        ...


class BrokerClock(Protocol):
    """The broker's clock, which stamps what intake reads."""

    async def broker_time(self, topic: str) -> datetime:
        """The broker's time, by an empty record written to `topic`. Raises BusTrouble."""
        ...
