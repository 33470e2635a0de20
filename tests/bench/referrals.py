"""Signed referrals in any number: 信访交办 (flow F21) to a lead, a co-handler and a copy. All persons are invented."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import to_json

from hub.bus.ports import OutRecord
from schemas.envelope import Envelope, Secrecy
from schemas.identifiers import derived_id, mint_case_id
from schemas.partitioner import partition_of
from schemas.signature import sign

SENDER, LEAD, CO_HANDLER, COPY = "petition", "court", "public_security", "procuratorate"
BYTES = 956
_PAPER = {
    "code": "forward_letter",
    "title": "交办函",
    "sha256": "0" * 64,
    "size": 10,
    "media_type": "application/pdf",
}
_PARTY = {
    "role": "petitioner",
    "name": "示例甲",
    "id_type": "111",
    "id_number": "810000199001010019",
    "phone": "13900000000",
}


class Referrals:
    """An endless supply; no two alike, also not over several runs on the same servers."""

    def __init__(self, private_key: Path, keyid: str, shards: int) -> None:
        self._signer, self._shards = Signer(private_key, keyid), shards
        self._numbers = count(1)

    def make(self, number: int, topic: str) -> list[OutRecord]:
        """So many records for a topic, each a new case."""
        return [self.nth(next(self._numbers), topic, datetime.now(UTC)) for _ in range(number)]

    def nth(self, number: int, topic: str, time: datetime) -> OutRecord:
        """The referral of this number: always the same case, and for the same time the same record."""
        local = _local_number(number)
        case = case_of(number)
        value = _value(local)
        envelope = Envelope(
            id=_message_of(number),
            source=SENDER,
            type="referral.raised.v1",
            subject=case,
            time=time,
            secrecy=Secrecy.INTERNAL,
        )
        headers = self._signer.headers(envelope, value)
        return OutRecord(topic, partition_of(case, self._shards), case.encode(), value, headers)


class Signer:
    """Signs for one department."""

    def __init__(self, private_key: Path, keyid: str) -> None:
        key = load_pem_private_key(private_key.read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        self._key, self._keyid = key, keyid

    def headers(self, envelope: Envelope, value: bytes) -> list[tuple[str, bytes]]:
        """The headers of the signed message."""
        return sign(envelope, value, self._keyid, self._key).headers()


def _local_number(number: int) -> str:
    return f"XF-{number:07}"


def _message_of(number: int) -> str:
    return f"bench-{_local_number(number)}"


def case_of(number: int) -> str:
    """The case of the referral of this number."""
    return mint_case_id(SENDER, _local_number(number))


def referral_of(number: int) -> str:
    """The id that the hub gives the referral of this number."""
    return derived_id(SENDER, _message_of(number), "referral")


def lead_task_of(number: int) -> str:
    """The id of its lead's task."""
    return derived_id(SENDER, _message_of(number), "task")


def _value(local_number: str) -> bytes:
    data = {
        "legal_at": "2026-11-02T10:00:00+08:00",
        "flow": "F21",
        "kind": "assign",
        "local_number": local_number,
        "title": "示例甲反映相邻楼上漏水",
        "summary": "",
        "matter": "0201",
        "parties": [_PARTY],
        "papers": [_PAPER],
        "lead": LEAD,
        "co_handlers": [CO_HANDLER],
        "copies": [COPY],
    }
    missing = BYTES - len(to_json(data))
    data["summary"] = ("反映相邻楼上漏水、多次协商未果。" * 20).encode()[: missing - missing % 3].decode()
    return to_json(data)
