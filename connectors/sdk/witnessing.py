"""The loop that reads the hub's checkpoints for the witness."""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from connectors.sdk.kafka import KafkaSettings
from connectors.sdk.waiting import Backoff, Pulse
from connectors.sdk.witness import Witness

log = logging.getLogger(__name__)
BATCH = 200
WAIT_MS = 1_000
METADATA_MS = 10_000


class Witnessing:
    """What was read counts as read only when it is on disk; whatever goes wrong here stops no other loop."""

    def __init__(
        self,
        witness: Witness,
        topic: str,
        group: str,
        kafka: KafkaSettings,
        *,
        backoff: Backoff,
        pulse: Pulse,
    ) -> None:
        self._witness, self._topic, self._group, self._kafka = witness, topic, group, kafka
        self._backoff, self._pulse = backoff, pulse

    async def run(self) -> None:
        """Read until cancelled. Trouble is waited out."""
        failures = 0
        while True:
            consumer = self._consumer()
            try:
                await consumer.start()
                while True:
                    await self._round(consumer)
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
                await _quietly_stop(consumer)
            await asyncio.sleep(self._backoff.after(failures))

    async def _round(self, consumer: AIOKafkaConsumer) -> None:
        found = await consumer.getmany(timeout_ms=WAIT_MS, max_records=BATCH)
        for records in found.values():
            for record in records:
                self._witness.examine(record.value or b"")
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


async def _quietly_stop(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(2):
            await consumer.stop()
    except (KafkaError, OSError, TimeoutError) as trouble:
        log.debug("consumer did not stop cleanly: %r", trouble)
