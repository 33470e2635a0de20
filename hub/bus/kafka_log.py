"""Topics read at any place, without a group: for those who look and leave everything as it is."""

from collections.abc import Iterable, Sequence
from typing import Self

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import KafkaError

from hub.bus.ports import Bounds, InRecord, TopicPartition
from hub.bus.raw_records import fetch_raw
from hub.bus.security import KafkaAddress, client_options
from hub.errors import BusTrouble


class KafkaLog:
    """See `hub.bus.ports.Log`. For as long as the `async with` block. Raises BusTrouble."""

    def __init__(self, kafka: str | KafkaAddress) -> None:
        self._kafka = kafka
        # Nothing is assigned to it: it fetches nothing by itself.
        self._consumer = AIOKafkaConsumer(**client_options(kafka))
        self._topics: set[str] = set()

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
        except KafkaError as error:
            await self._consumer.stop()
            raise BusTrouble(f"Kafka at {self._kafka} does not answer: {error!r}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def bounds(self, at: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]:
        """Log start and end of each partition now."""
        places = [KafkaPartition(*place) for place in at]
        try:
            # Who leads is known of these topics alone, whatever was asked for last.
            self._topics |= {place.topic for place in places}
            await self._consumer._client.set_topics(self._topics)
            starts = await self._consumer.beginning_offsets(places)
            ends = await self._consumer.end_offsets(places)
        except (KafkaError, AssertionError) as error:
            raise BusTrouble(f"Kafka at {self._kafka}: asking for offsets: {error!r}") from error
        return {(p.topic, p.partition): Bounds(starts[p], ends[p]) for p in places}

    async def read(self, at: TopicPartition, offset: int) -> Sequence[InRecord]:
        """What one fetch brings."""
        try:
            return await fetch_raw(self._consumer._client, KafkaPartition(*at), offset)
        except KafkaError as error:
            raise BusTrouble(f"reading {at} at {offset}: {error!r}") from error
