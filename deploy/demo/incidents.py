"""What goes wrong on the way in the demo: published by hand under a department's name, and looked up afterwards."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import to_json

from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.home import Home
from schemas.envelope import Envelope, Secrecy
from schemas.partitioner import partition_of
from schemas.signature import sign

NAMES = TopicNames()


@dataclass(frozen=True, slots=True)
class Incident:
    """One message that should not go through as it is. `expected`: what the hub must make of it."""

    title: str
    source: str
    message: str
    expected: str


class Troublemaker:
    """Publishes on departments' topics with their keys, or with a forged one."""

    def __init__(self, home: Home, publisher: KafkaPublisher, kafka: str, shards: int) -> None:
        self._home, self._publisher, self._kafka, self._shards = home, publisher, kafka, shards
        self.incidents: list[Incident] = []

    async def early(self, case: str) -> None:
        """A fact about a case that the hub does not know yet: its referral comes later."""
        data = {"fact": "contact_person", "value": "示例·联络员", "legal_at": _now()}
        await self._send(
            "先到的报文（所涉移送尚未到达）", "petition", "case.fact_recorded.v1", case, data, "taken up"
        )

    async def forged(self, case: str) -> None:
        """Signed by a key that is not the court's."""
        data = {"fact": "in_custody", "value": "false", "legal_at": _now()}
        key = Ed25519PrivateKey.generate()
        title = "伪造签名的报文"
        await self._send(title, "court", "case.fact_recorded.v1", case, data, "parked: bad_signature", key)

    async def wrong_schema(self, case: str) -> None:
        """A field of another type, and one missing."""
        data = {"referral": "不是编号", "legal_at": _now()}
        title = "不合模式的报文"
        await self._send(title, "justice", "task.signed.v1", case, data, "parked: wrong_schema")

    async def duplicate(self, department: str) -> bool:
        """Publish the department's first real message once more, byte for byte. False while there is none."""
        record = await self._first_record(department)
        if record is None:
            return False
        value, headers, key, partition = record
        await self._publisher.publish([OutRecord(NAMES.out_of(department), partition, key, value, headers)])
        message = dict(headers)["ce_id"].decode()
        self.incidents.append(Incident("重复发送的报文", department, message, "duplicate: decided"))
        return True

    async def _first_record(self, department: str) -> tuple[bytes, Any, bytes, int] | None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._kafka, enable_auto_commit=False)
        await consumer.start()
        try:
            topic = NAMES.out_of(department)
            places = [TopicPartition(topic, number) for number in range(self._shards)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            found = await consumer.getmany(*places, timeout_ms=3000, max_records=20)
            for records in found.values():
                for record in records:
                    if dict(record.headers).get("ce_type") == b"referral.raised.v1":
                        return record.value, list(record.headers), record.key, record.partition
        finally:
            await consumer.stop()
        return None

    async def _send(
        self,
        title: str,
        source: str,
        type_: str,
        case: str,
        data: dict[str, Any],
        expected: str,
        key: Ed25519PrivateKey | None = None,
    ) -> None:
        message = str(uuid.uuid4())
        value = to_json(data)
        envelope = Envelope(
            id=message,
            source=source,
            type=type_,
            subject=case,
            time=datetime.now(UTC),
            secrecy=Secrecy.INTERNAL,
        )
        signed = sign(envelope, value, f"{source}-1", key or _private_key(self._home.private_key(source)))
        partition = partition_of(case, self._shards)
        record = OutRecord(NAMES.out_of(source), partition, case.encode(), value, signed.headers())
        await self._publisher.publish([record])
        self.incidents.append(Incident(title, source, message, expected))


def _private_key(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def _now() -> str:
    return datetime.now(UTC).isoformat()
