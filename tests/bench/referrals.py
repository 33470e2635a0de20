"""Signed referrals in any number: 信访交办 (flow F21) to a lead, a co-handler and a copy. All persons are invented."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import to_json

from hub.bus.ports import OutRecord
from schemas.envelope import Envelope, Secrecy
from schemas.identifiers import mint_case_id
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
        key = load_pem_private_key(private_key.read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        self._key, self._keyid, self._shards = key, keyid, shards
        self._numbers = count(1)

    def make(self, number: int, topic: str) -> list[OutRecord]:
        """So many records for a topic, each a new case."""
        return list(self._make(number, topic))

    def _make(self, number: int, topic: str) -> Iterator[OutRecord]:
        for _ in range(number):
            local = f"XF-{next(self._numbers):07}"
            case = mint_case_id(SENDER, local)
            value = _value(local)
            envelope = Envelope(
                id=f"bench-{local}",
                source=SENDER,
                type="referral.raised.v1",
                subject=case,
                time=datetime.now(UTC),
                secrecy=Secrecy.INTERNAL,
            )
            headers = sign(envelope, value, self._keyid, self._key).headers()
            partition = partition_of(case, self._shards)
            yield OutRecord(topic, partition, case.encode(), value, headers)


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
