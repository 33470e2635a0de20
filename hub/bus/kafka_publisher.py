"""Publishing whole batches per partition with aiokafka's `send_batch`: one future per batch, not per message."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from hub.bus.ports import OutRecord, TopicPartition
from hub.bus.security import KafkaAddress, client_options
from hub.errors import BusTrouble

_STOP_SECONDS = 5.0
_BATCH_BYTES = 512 * 1024


class KafkaPublisher:
    """See `hub.bus.ports.Publisher`. Idempotent producer, acks=all, no lingering.

    After any failure the producer is made anew before the next call: an idempotent producer may stay broken
    (OutOfOrderSequenceNumber) until it is.
    """

    def __init__(self, kafka: str | KafkaAddress, client_id: str = "fengqiao-relay") -> None:
        self._kafka, self._client_id = kafka, client_id
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Idempotent, also when several callers start it at once. Raises BusTrouble."""
        async with self._starting:
            if self._producer is None:
                self._producer = await self._connected()

    async def _connected(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **client_options(self._kafka),
            client_id=self._client_id,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            request_timeout_ms=30_000,
        )
        try:
            await producer.start()
        except KafkaError as error:
            await producer.stop()
            raise BusTrouble(f"Kafka at {self._kafka} does not answer: {error!r}") from error
        return producer

    async def stop(self) -> None:
        """Flush and disconnect. At most some 5 s: what is not acknowledged then is published again after the next start."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _end(producer)

    async def publish(self, records: Sequence[OutRecord]) -> None:
        """See the port. What was sent before a failure may be there: the caller sends the same records again."""
        await self.start()
        producer: Any = self._producer
        by_place: dict[TopicPartition, list[OutRecord]] = {}
        for record in records:
            by_place.setdefault((record.topic, record.partition), []).append(record)
        waits = [asyncio.ensure_future(_send_all(producer, place, some)) for place, some in by_place.items()]
        try:
            await asyncio.gather(*waits)
        except KafkaError as error:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
            await self._forget(producer)
            raise BusTrouble(f"publishing: {_told(error, records)}") from error

    async def broker_time(self, topic: str) -> datetime:
        """See `hub.bus.ports.BrokerClock`: the time that the broker gave to an empty record in partition 0."""
        await self.start()
        producer: Any = self._producer
        try:
            written = await producer.send_and_wait(topic, value=b"", partition=0)
        except KafkaError as error:
            await self._forget(producer)
            raise BusTrouble(f"asking the broker for its time: {error!r}") from error
        return datetime.fromtimestamp(written.timestamp / 1000, UTC)

    async def _forget(self, broken: AIOKafkaProducer) -> None:
        """Another caller may have made a new one already; that one stays."""
        replaced = self._producer is not broken
        if replaced:
            return
        self._producer = None
        await _end(broken)


async def _end(producer: Any) -> None:
    """Stop a producer; one that waits for a broker's answer is cut off, or it would go on sending in the background."""
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await producer.stop()
    except (KafkaError, TimeoutError):
        with contextlib.suppress(KafkaError):
            await producer._sender.close()
            await producer.client.close()


def _told(error: KafkaError, records: Sequence[OutRecord]) -> str:
    if not isinstance(error, MessageSizeTooLargeError):
        return repr(error)
    largest = max(records, key=lambda record: len(record.value))
    return (
        f"Kafka refuses a record as too large, perhaps the one of {len(largest.value)} bytes for {largest.topic}: "
        "its max.message.bytes is below what is declared (`fengqiao topics check`)"
    )


async def _send_all(producer: Any, place: TopicPartition, records: list[OutRecord]) -> None:
    """The batches of one partition. Several are in the producer's hands at once; it keeps their order."""
    topic, partition = place
    futures = []
    batch = producer.create_batch()
    for record in records:
        added = batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
        if added is None:
            batch.close()
            futures.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
    batch.close()
    futures.append(await producer.send_batch(batch, topic, partition=partition))
    for future in futures:
        await future
