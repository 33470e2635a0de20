"""Reading a topic in a group that remembers in Kafka how far it has come: for what may be read twice and lost without harm."""

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from hub.bus.ports import InRecord
from hub.bus.raw_records import fetch_raw
from hub.bus.security import KafkaAddress, client_options
from hub.errors import BusTrouble

_RECORDS, _METADATA_MS = 500, 10_000


class KafkaFeed:
    """See `hub.bus.ports.Feed`. After any failure the consumer is made anew by the next call."""

    def __init__(self, kafka: str | KafkaAddress, topic: str, group: str) -> None:
        self._kafka, self._topic, self._group = kafka, topic, group
        self._consumer: AIOKafkaConsumer | None = None

    async def stop(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()

    async def take(self, wait_ms: int) -> list[InRecord]:
        """What is there; waits up to `wait_ms` for a first record. Raises BusTrouble."""
        try:
            consumer = await self._connected()
            try:
                found = await consumer.getmany(timeout_ms=wait_ms, max_records=_RECORDS)
                return [record for records in found.values() for record in records]
            except UnicodeDecodeError:
                return await self._take_raw(consumer)
        except KafkaError as error:
            await self._failed(error)
            raise BusTrouble(f"reading {self._topic}: {error!r}") from error

    async def commit(self) -> None:
        """What was taken need not come again. Raises BusTrouble."""
        try:
            await (await self._connected()).commit()
        except KafkaError as error:
            await self._failed(error)
            raise BusTrouble(f"committing {self._topic}: {error!r}") from error

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                self._topic,
                **client_options(self._kafka),
                group_id=self._group,
                client_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                metadata_max_age_ms=_METADATA_MS,
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer

    async def _take_raw(self, consumer: AIOKafkaConsumer) -> list[InRecord]:
        """Past a record that aiokafka can't decode, which anybody who may write can make."""
        taken: list[InRecord] = []
        for place in consumer.assignment():
            records = await fetch_raw(consumer._client, place, await consumer.position(place))
            taken += records
            if records:
                consumer.seek(place, records[-1].offset + 1)
        return taken

    async def _failed(self, error: KafkaError) -> None:
        try:
            await self.stop()
        except KafkaError:
            raise BusTrouble(f"leaving {self._topic}: {error!r}") from error
