"""The loop that gives messages to Kafka, again and again until the hub says what became of them."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata

from connectors.sdk.store import Store
from connectors.sdk.store.outbox import Place, ToSend
from connectors.sdk.waiting import Backoff, Bell, Clock, Pulse
from schemas.partitioner import partition_of

log = logging.getLogger(__name__)

ROUND = 500
MakeProducer = Callable[[], AIOKafkaProducer]


class Sender:
    """The one sender of a connector. A case's next message goes only after Kafka has the one before.

    Needs a producer with idempotence (so acks=all). It is made anew after any error of Kafka, since one that
    met an unknown outcome can stay broken (OutOfOrderSequenceNumber); the hub counts what arrives twice once.
    """

    def __init__(
        self,
        store: Store,
        topic: str,
        make_producer: MakeProducer,
        *,
        resend_after: float,
        resend_longest: float,
        backoff: Backoff,
        taken: Bell,
        pulse: Pulse,
        clock: Clock,
    ) -> None:
        self._store, self._topic, self._make_producer = store, topic, make_producer
        self._resend_after, self._resend_longest, self._backoff = resend_after, resend_longest, backoff
        self._taken, self._pulse, self._clock = taken, pulse, clock
        self._producer: AIOKafkaProducer | None = None
        self._oversize: dict[str, float] = {}
        self._stopping = False

    async def run(self) -> None:
        """Send until `stop`. New messages wake it; trouble with Kafka is waited out."""
        failures = 0
        try:
            while not self._stopping:
                try:
                    idle = not await self.send_round()
                except (KafkaError, OSError) as trouble:
                    failures += 1
                    self._pulse.beat("send", str(trouble) or repr(trouble))
                    log.warning("Kafka is away (%d times in a row): %r", failures, trouble)
                except Exception as defect:
                    failures += 1
                    self._pulse.beat("send", f"defect: {defect!r}")
                    log.exception("sending failed (%d times in a row)", failures)
                else:
                    failures = 0
                    self._pulse.beat("send")
                    if idle:
                        await self._taken.wait(min(1.0, self._resend_after / 4))
                    continue
                await self._drop_producer()
                if not self._stopping:
                    await self._taken.wait(self._backoff.after(failures))
        finally:
            await self._drop_producer()

    def stop(self) -> None:
        """End after the round in flight."""
        self._stopping = True
        self._taken.ring()

    async def send_round(self) -> int:
        """Send what is due, at most one message of each case; how many Kafka has acknowledged.

        Raises KafkaError after the acknowledged ones are marked.
        """
        now = self._clock()
        again = self._store.outbox.send_again(self._resend_after, self._resend_longest, now)
        if again:
            log.warning("%d messages have no receipt of the hub yet and are sent again", again)
        self._oversize = {case: until for case, until in self._oversize.items() if until > now}
        messages = self._store.outbox.next_round(ROUND, self._oversize)
        if not messages:
            return 0
        outcomes = await self._produce(messages)
        sent = [(m.message, _place(o)) for m, o in zip(messages, outcomes, strict=True) if _is_sent(o)]
        # From when on Kafka may have had them: it may lose them before it says so.
        self._store.outbox.mark_sent(sent, now)
        self._report_oversize(messages, outcomes)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, MessageSizeTooLargeError):
                raise outcome
        return len(sent)

    async def _produce(self, messages: Sequence[ToSend]) -> list[RecordMetadata | BaseException]:
        producer = await self._started()
        partitions = len(await producer.partitions_for(self._topic))
        waits = [self._send_one(producer, message, partitions) for message in messages]
        return await asyncio.gather(*waits, return_exceptions=True)

    async def _send_one(self, producer: AIOKafkaProducer, message: ToSend, partitions: int) -> RecordMetadata:
        return await producer.send_and_wait(
            self._topic,
            message.data,
            key=message.case.encode(),
            partition=partition_of(message.case, partitions),
            headers=message.headers,
        )

    def _report_oversize(
        self, messages: Sequence[ToSend], outcomes: Sequence[RecordMetadata | BaseException]
    ) -> None:
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, MessageSizeTooLargeError):
                self._oversize[message.case] = self._clock() + self._backoff.longest
                log.error(
                    "message %s of case %s: %d bytes are above the limit of topic %s; the case waits",
                    *(message.message, message.case, len(message.data), self._topic),
                )

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = self._make_producer()
            try:
                await producer.start()
            except BaseException:
                await _quietly_stop(producer)
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _quietly_stop(producer)


def _is_sent(outcome: RecordMetadata | BaseException) -> bool:
    return not isinstance(outcome, BaseException)


def _place(outcome: RecordMetadata) -> Place:
    return Place(outcome.topic, outcome.partition, outcome.offset)


async def _quietly_stop(producer: AIOKafkaProducer) -> None:
    """A producer of a broker that is away can wait long for its last batch, which the store still has."""
    try:
        async with asyncio.timeout(2):
            await producer.stop()
    except (KafkaError, OSError, TimeoutError) as trouble:
        log.debug("producer did not stop cleanly: %r", trouble)
