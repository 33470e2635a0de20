"""A hand that writes and reads a department's topics as the hub would, on the real Kafka."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Self
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.envelope import Envelope, Secrecy, attribute_texts
from schemas.partitioner import partition_of

PARTITIONS = 3
PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Sent:
    """One record of `.out`, read."""

    record: ConsumerRecord[Any, Any]
    attributes: dict[str, str]

    @property
    def id(self) -> str:
        return self.attributes["id"]

    @property
    def type(self) -> str:
        return self.attributes["type"]

    @property
    def case(self) -> str:
        return self.attributes["subject"]

    @property
    def data(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.record.value)
        return content


class HubHand:
    def __init__(self, bootstrap: str, prefix: str, department: str) -> None:
        self.out, self.into = f"{prefix}dept.{department}.out", f"{prefix}dept.{department}.in"
        self._bootstrap = bootstrap
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
        self._consumer = self._new_consumer()
        self._sequences: dict[str, int] = {}
        self.sent: list[Sent] = []

    async def __aenter__(self) -> Self:
        await self.create_topics(self.out, self.into)
        await self._producer.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._consumer.stop()
        await self._producer.stop()

    async def create_topics(self, *names: str) -> None:
        async with _Admin(self._bootstrap) as admin:
            answer = await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
        assert all(code == 0 for _, code, *_ in answer.topic_errors), answer

    async def lose_out(self) -> None:
        """The department's outgoing topic is gone with all it held, and made anew."""
        await self._consumer.stop()
        async with _Admin(self._bootstrap) as admin:
            await admin.delete_topics([self.out])
        await asyncio.sleep(1)
        await self.create_topics(self.out)
        self._consumer = self._new_consumer()
        await self._consumer.start()

    async def read(self, enough: Callable[[list[Sent]], bool]) -> list[Sent]:
        """Read `.out` until `enough` of everything read so far; all of it."""
        for _ in range(PATIENCE):
            for records in (await self._consumer.getmany(timeout_ms=100)).values():
                self.sent.extend(Sent(record, attribute_texts(record.headers)) for record in records)
            if enough(self.sent):
                return self.sent
        raise AssertionError(f"on {self.out} came only {[(one.type, one.id) for one in self.sent]}")

    async def say(
        self, type_: str, case: str, data: dict[str, Any], *, actor: str | None = None, lost: bool = False
    ) -> str:
        """The next message of the case for this department; `lost` takes a sequence and never arrives."""
        previous = self._sequences.get(case, 0)
        self._sequences[case] = previous + 1
        message = str(uuid4())
        if not lost:
            await self.put(message, type_, case, data, previous + 1, previous, actor)
        return message

    async def put(
        self,
        message: str,
        type_: str,
        case: str,
        data: dict[str, Any],
        sequence: int | None,
        previous: int | None,
        actor: str | None = None,
        redelivery: str | None = None,
    ) -> None:
        envelope = Envelope(
            id=message,
            source="hub",
            type=type_,
            subject=case,
            time=datetime.now(UTC),
            secrecy=Secrecy.INTERNAL,
            actor=actor,
            sequence=sequence,
            previous=previous,
            redelivery=redelivery,
        )
        await self.raw(json.dumps(data).encode(), envelope.headers(), case)

    async def raw(self, value: bytes | None, headers: Sequence[tuple[str, Any]], case: str) -> None:
        partition = partition_of(case, PARTITIONS)
        await self._producer.send_and_wait(
            self.into, value, key=case.encode(), partition=partition, headers=list(headers)
        )

    async def receipt(self, *sent: Sent, outcome: str = "submitted", by_id: bool = True) -> None:
        """Receipts for these records in one message."""
        receipts = [
            {
                "topic": one.record.topic,
                "partition": one.record.partition,
                "offset": one.record.offset,
                "message": one.id if by_id else None,
                "claim": None if by_id else sha256(one.id.encode()).hexdigest(),
                "outcome": outcome,
            }
            for one in sent
        ]
        await self.put(str(uuid4()), "receipts.issued.v1", "receipts", {"receipts": receipts}, None, None)

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            self.out, bootstrap_servers=self._bootstrap, auto_offset_reset="earliest", group_id=None
        )


class _Admin:
    def __init__(self, bootstrap: str) -> None:
        self._client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)

    async def __aenter__(self) -> AIOKafkaAdminClient:
        await self._client.start()
        return self._client

    async def __aexit__(self, *error: object) -> None:
        await self._client.close()
