"""The FastStream application that takes records from `.in` into the store."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from connectors.sdk.kafka import KafkaSettings
from connectors.sdk.reading import read_batch
from connectors.sdk.store import Store
from connectors.sdk.waiting import Clock, Pulse

log = logging.getLogger(__name__)

BATCH = 500
STORE_PAUSE = 1.0
PROBE_LIMIT = 10.0
# A cluster that was made anew has its topics later than its groups: only then does aiokafka look again.
METADATA_MS = 10_000

Records = tuple[ConsumerRecord[Any, Any], ...]
Look = Callable[[Sequence[str]], None]


class Receiver:
    """Stores each batch in one transaction; only then its offsets are committed, so none is skipped.

    `look` is told the cases that have something new. Batches that come again change nothing.
    """

    def __init__(
        self,
        store: Store,
        topic: str,
        group: str,
        kafka: KafkaSettings,
        *,
        look: Look,
        pulse: Pulse,
        clock: Clock,
    ) -> None:
        self._store, self._look, self._pulse, self._clock = store, look, pulse, clock
        self._topic, self._group, self._kafka = topic, group, kafka
        self._subscriber: Any = None
        self._batches = 0
        self._seen: tuple[int, int] = (0, 0)

    def application(self) -> FastStream:
        """A new application. One that could not start must not be started again."""
        broker = KafkaBroker(
            # FastStream takes a text for one address.
            self._kafka.bootstrap.split(","),
            security=self._kafka.faststream_security(),
            client_id=self._group,
            # Kafka's admin and producer are not needed here, and a department may have no right to them.
            consumer_only=True,
            metadata_max_age_ms=METADATA_MS,
            allow_auto_create_topics=False,
            graceful_timeout=3.0,
            apply_types=False,
            logger=logging.getLogger("connectors.faststream"),
            log_level=logging.DEBUG,
        )
        self._subscriber = broker.subscriber(
            self._topic,
            group_id=self._group,
            # The store's lock allows one process: after kill -9 the next gets the partitions at once.
            group_instance_id=self._group,
            batch=True,
            max_records=BATCH,
            batch_timeout_ms=20,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            session_timeout_ms=30_000,
            heartbeat_interval_ms=1_000,
            parser=_leave_headers_alone,
            decoder=_as_it_is,
        )
        self._subscriber(self.receive)
        return FastStream(broker, logger=logging.getLogger("connectors.faststream"))

    async def receive(self, message: KafkaMessage) -> None:
        """Take one batch. An error of the store makes the same batch come again, after a pause."""
        raw = message.raw_message
        records = raw if isinstance(raw, tuple) else (raw,)
        batch = read_batch(records)
        try:
            new = self._store.take_batch(batch.received, batch.receipts, batch.unreadable, self._clock())
        except Exception as trouble:
            self._pulse.note("store", repr(trouble))
            await asyncio.sleep(STORE_PAUSE)
            raise
        self._pulse.note("store", None)
        self._pulse.beat("receive")
        self._batches += 1
        for bad in batch.unreadable:
            log.error("record %s/%d/%d is unreadable: %s", bad.topic, bad.partition, bad.offset, bad.reason)
        if new:
            self._look(list(dict.fromkeys(one.case for one in batch.received)))

    async def probe(self) -> None:
        """Beat if the consumer is known to be well, or Kafka known to be away.

        aiokafka can go quiet without raising (aio-libs/aiokafka 1154, 847): Kafka answers, and yet the
        consumer has no partitions, or has records before it and takes none. Then there is no beat, and the
        process gets stale.
        """
        consumer = self._subscriber.consumer
        if consumer is None:
            return
        try:
            async with asyncio.timeout(PROBE_LIMIT):
                partitions = consumer.assignment()
                if not partitions:
                    await consumer.topics()
                    return
                ends = await consumer.end_offsets(partitions)
                positions = {partition: await consumer.position(partition) for partition in partitions}
        except (KafkaError, OSError, TimeoutError) as trouble:
            self._pulse.beat("receive", f"Kafka: {trouble!r}")
            return
        behind = sum(max(0, ends[partition] - positions[partition]) for partition in partitions)
        now = (self._batches, sum(positions.values()))
        if not behind or now != self._seen:
            self._pulse.beat("receive")
        self._seen = now


async def _leave_headers_alone(
    records: Records, original: Callable[[Records], Awaitable[KafkaMessage]]
) -> KafkaMessage:
    """FastStream's parser fails a whole batch for a header that is not text; ours are read one by one."""
    message = await original(tuple(replace(record, headers=()) for record in records))
    message.raw_message = records
    return message


async def _as_it_is(message: KafkaMessage) -> KafkaMessage:
    return message
