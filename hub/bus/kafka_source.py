"""Reading the source topics with aiokafka: range assignment, positions of our own, nothing committed to Kafka."""

import asyncio
import heapq
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError

from hub.bus.ports import Assigned, Bounds, InRecord, TopicPartition
from hub.bus.raw_records import fetch_raw
from hub.bus.security import KafkaAddress, client_options
from hub.bus.turns import Turns
from hub.errors import BusTrouble

# A worker that is thought dead too early does no harm (positions under the shard lock), so a short session is right.
SESSION_MS = 6_000
# A group whose topics were missing when it met gets them only when aiokafka looks again.
METADATA_MS = 10_000
_LOOKS, _PAUSE = 50, 0.1
_BY_TIME = attrgetter("timestamp")


class KafkaSource:
    """One member of the intake group. See `hub.bus.ports.Source`.

    With equal partition counts and equal subscriptions the range assignor gives a member the same partition numbers
    of every topic, so a shard is always read whole by one member.
    """

    def __init__(
        self, kafka: str | KafkaAddress, group: str, topics: Sequence[str], member: str | None = None
    ) -> None:
        self._kafka, self._group, self._topics, self._member = kafka, group, list(topics), member
        self._consumer: AIOKafkaConsumer | None = None
        self._next: dict[KafkaPartition, int] = {}
        self._turns: dict[int, Turns] = {}

    async def start(self, on_assigned: Assigned, on_revoked: Assigned) -> None:
        """Join the group. The callbacks get shard numbers; reading starts at what `seek` set in `on_assigned`."""
        consumer = AIOKafkaConsumer(
            **client_options(self._kafka),
            group_id=self._group,
            group_instance_id=self._member,
            client_id="fengqiao-intake",
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_uncommitted",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=500,
            metadata_max_age_ms=METADATA_MS,
            max_partition_fetch_bytes=2_097_152,
            fetch_max_wait_ms=500,
        )
        try:
            await consumer.start()
            unseen = await self._unseen(consumer)
        except KafkaError as error:
            await consumer.stop()
            raise BusTrouble(f"Kafka at {self._kafka} does not answer: {error!r}") from error
        if unseen:
            await consumer.stop()
            raise BusTrouble(
                f"Kafka at {self._kafka} shows no topic {', '.join(unseen)}: it is missing, or the hub may not read it "
                "(`fengqiao topics check`)"
            )
        self._consumer = consumer
        consumer.subscribe(topics=self._topics, listener=_Listener(on_assigned, on_revoked))

    async def _unseen(self, consumer: AIOKafkaConsumer) -> list[str]:
        """Topics that the broker does not show. With one of them the group would wait for its partitions in silence."""
        for _ in range(_LOOKS):
            # A topic that was just made reaches the brokers a moment later.
            if not (unseen := sorted(set(self._topics) - await consumer.topics())):
                break
            await asyncio.sleep(_PAUSE)
        return unseen

    async def stop(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()

    async def take(self, shard: int, topics: Sequence[str], max_records: int, wait_ms: int) -> list[InRecord]:
        """What is there now for a shard, some `max_records`; waits up to `wait_ms` for a first record, never longer.

        Topics take turns (`hub.bus.turns`). Records of one partition come in order; those of several topics are merged
        by the broker's time.
        """
        places = [KafkaPartition(topic, shard) for topic in topics]
        if not places:  # aiokafka would read every partition that it has
            await asyncio.sleep(wait_ms / 1000)
            return []
        try:
            turns = self._turns.setdefault(shard, Turns())
            found = await turns.take(
                places,
                max_records,
                lambda most: self._live().getmany(*places, timeout_ms=wait_ms, max_records=most),
                self._at_hand,
            )
        except IllegalStateError:  # the partitions were taken away; the worker is about to be stopped
            await asyncio.sleep(wait_ms / 1000)
            return []
        except UnicodeDecodeError:
            found = await self._take_raw(places, max_records)
        except KafkaError as error:
            raise BusTrouble(f"reading shard {shard}: {error!r}") from error
        self._next |= {place: records[-1].offset + 1 for place, records in found.items() if records}
        lists: list[list[Any]] = [records for records in found.values() if records]
        return lists[0] if len(lists) == 1 else list(heapq.merge(*lists, key=_BY_TIME))

    async def _at_hand(self, place: KafkaPartition, most: int) -> list[Any]:
        if not most:
            return []
        found: list[Any] = (await self._live().getmany(place, max_records=most)).get(place, [])
        return found

    def seek(self, at: TopicPartition, offset: int) -> None:
        """Read on from this offset. Ignored when the partition was taken away meanwhile."""
        place = KafkaPartition(*at)
        if place in self._live().assignment():
            self._live().seek(place, offset)
            self._next[place] = offset

    async def position(self, at: TopicPartition) -> int:
        """The offset that the next `take` begins with."""
        try:
            return int(await self._live().position(KafkaPartition(*at)))
        except (KafkaError, IllegalStateError) as error:
            raise BusTrouble(f"position of {at}: {error!r}") from error

    async def bounds(self, at: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]:
        """Log start and end of each partition, asked from the broker now."""
        places = [KafkaPartition(*place) for place in at]
        try:
            starts = await self._live().beginning_offsets(places)
            ends = await self._live().end_offsets(places)
        except KafkaError as error:
            raise BusTrouble(f"asking for offsets: {error!r}") from error
        return {(p.topic, p.partition): Bounds(starts[p], ends[p]) for p in places}

    async def record_at(self, at: TopicPartition, offset: int) -> InRecord | None:
        """The record at an offset, None when nothing comes within 5 s. Moves the reading position: seek afterwards."""
        place = KafkaPartition(*at)
        consumer = self._live()
        if place not in consumer.assignment():
            return None
        consumer.seek(place, offset)
        try:
            found = await consumer.getmany(place, timeout_ms=5_000, max_records=1)
        except UnicodeDecodeError:
            found = {place: await fetch_raw(consumer._client, place, offset)}
        except KafkaError as error:
            raise BusTrouble(f"reading {at} at {offset}: {error!r}") from error
        records = found.get(place)
        first: InRecord | None = records[0] if records else None
        return first

    async def _take_raw(self, places: Sequence[KafkaPartition], most: int) -> dict[KafkaPartition, list[Any]]:
        """Read on past a record that aiokafka cannot decode. What its failed call took of others is taken again."""
        consumer = self._live()
        found: dict[KafkaPartition, list[Any]] = {}
        for place in places:
            if place not in self._next or place not in consumer.assignment():
                continue
            records = (await fetch_raw(consumer._client, place, self._next[place]))[:most] if most else []
            most -= len(records)
            found[place] = records
            consumer.seek(place, records[-1].offset + 1 if records else self._next[place])
        return found

    async def cluster_id(self) -> str:
        """The id of the Kafka cluster: another cluster with the same topics is not the same history."""
        return await cluster_id(self._kafka)

    def _live(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise BusTrouble("the consumer is not running")
        return self._consumer


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, on_assigned: Assigned, on_revoked: Assigned) -> None:
        self._on_assigned, self._on_revoked = on_assigned, on_revoked

    async def on_partitions_revoked(self, revoked: Iterable[KafkaPartition]) -> None:
        await self._on_revoked({place.partition for place in revoked})

    async def on_partitions_assigned(self, assigned: Iterable[KafkaPartition]) -> None:
        await self._on_assigned({place.partition for place in assigned})


async def cluster_id(kafka: str | KafkaAddress) -> str:
    """Ask a broker for the cluster's id."""
    admin = AIOKafkaAdminClient(**client_options(kafka))
    try:
        await admin.start()
        described = await admin.describe_cluster()
    except KafkaError as error:
        raise BusTrouble(f"Kafka at {kafka} does not answer: {error!r}") from error
    finally:
        await admin.close()
    return str(described["cluster_id"])


async def log_ends(kafka: str | KafkaAddress, at: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Where each partition ends now. Raises BusTrouble."""
    consumer = AIOKafkaConsumer(**client_options(kafka))
    try:
        await consumer.start()
        ends = await consumer.end_offsets([KafkaPartition(*place) for place in at])
    except KafkaError as error:
        raise BusTrouble(f"Kafka at {kafka} does not answer: {error!r}") from error
    finally:
        await consumer.stop()
    return {(place.topic, place.partition): end for place, end in ends.items()}
