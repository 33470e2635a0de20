"""The loop that reads the hub's checkpoints for the witness, and writes what it signs under them."""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from connectors.sdk.kafka import KafkaSettings, topic_checkpoints, topic_cosignatures
from connectors.sdk.waiting import Backoff, Pulse
from connectors.sdk.witness import Witness

log = logging.getLogger(__name__)
BATCH = 200
WAIT_MS = 1_000
METADATA_MS = 10_000


class Witnessing:
    """What was read counts as read only when it is on disk and our signature is with Kafka.

    Whatever goes wrong here stops no other loop.
    """

    def __init__(
        self,
        witness: Witness,
        prefix: str,
        group: str,
        kafka: KafkaSettings,
        *,
        backoff: Backoff,
        pulse: Pulse,
    ) -> None:
        self._witness, self._group, self._kafka = witness, group, kafka
        self._topic, self._out = topic_checkpoints(prefix), topic_cosignatures(prefix)
        self._backoff, self._pulse = backoff, pulse

    async def run(self) -> None:
        """Read until cancelled. Trouble is waited out."""
        failures = 0
        while True:
            consumer, producer = self._consumer(), self._kafka.producer(self._group)
            try:
                await consumer.start()
                await producer.start()
                while True:
                    await self._round(consumer, producer)
                    failures = 0
            except (KafkaError, OSError) as trouble:
                failures += 1
                self._pulse.beat("witness", f"Kafka: {trouble!r}")
                log.warning("Kafka is away (%d times in a row): %r", failures, trouble)
            except Exception as defect:
                failures += 1
                self._pulse.beat("witness", f"defect: {defect!r}")
                log.exception("witnessing failed (%d times in a row)", failures)
            finally:
                await asyncio.gather(_quietly_stop(consumer), _quietly_stop(producer))
            await asyncio.sleep(self._backoff.after(failures))

    async def _round(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        found = await consumer.getmany(timeout_ms=WAIT_MS, max_records=BATCH)
        for records in found.values():
            for record in records:
                self._witness.examine(record.value or b"")
        for origin, cosigned in self._witness.cosigned().items():
            await producer.send_and_wait(self._out, cosigned, key=origin.encode())
        self._witness.sent()
        if found:
            await consumer.commit()
        self._pulse.beat("witness", self._witness.trouble())

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._kafka.bootstrap,
            group_id=self._group,
            group_instance_id=self._group,
            client_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=30_000,
            heartbeat_interval_ms=1_000,
            metadata_max_age_ms=METADATA_MS,
            **self._kafka.client_security(),
        )


async def _quietly_stop(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(2):
            await client.stop()
    except (KafkaError, OSError, TimeoutError) as trouble:
        log.debug("client did not stop cleanly: %r", trouble)
