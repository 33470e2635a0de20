"""Test vectors of the contract, made by the code that the hub runs, for implementers in other languages.

The signing key is the public test key of RFC 8032 section 7.1, TEST 1: everybody knows it, so it signs
nothing real.
"""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.envelope import Envelope
from schemas.identifiers import CASE_NAMESPACE, DERIVED_NAMESPACE, derived_id, mint_case_id
from schemas.partitioner import murmur2, partition_of
from schemas.signature import sign, signed_bytes

TEST_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
_KEYS = (
    "",
    "a",
    "21",
    "abc",
    "foobar",
    "a-little-bit-longer-string",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "0e8a2f5c-3f8b-5d21-9c7a-1b2c3d4e5f60",
    "（2026）浙9901民初1号",
    "枫桥",
)
_PARTITIONS = (1, 3, 6, 12, 64)
_NUMBERS = (("public_security", "A9901002026030001"), ("court", "（2026）浙9901民初1号"))


def partitioner_vectors() -> list[dict[str, Any]]:
    """Keys, their hash as Java's signed int, and the partition for several partition counts."""
    return [
        {
            "key": key,
            "key_utf8_hex": key.encode().hex(),
            "murmur2": _signed(murmur2(key.encode())),
            "partition": {str(count): partition_of(key, count) for count in _PARTITIONS},
        }
        for key in _KEYS
    ]


def identifier_vectors() -> dict[str, Any]:
    """Case ids from local numbers, and ids derived from messages."""
    return {
        "case_namespace": str(CASE_NAMESPACE),
        "derived_namespace": str(DERIVED_NAMESPACE),
        "case_id": [
            {"department": department, "local_number": number, "case_id": mint_case_id(department, number)}
            for department, number in _NUMBERS
        ],
        "derived_id": [
            {
                "source": "public_security",
                "message_id": "m-1",
                "kind": kind,
                "ordinal": ordinal,
                "derived_id": derived_id("public_security", "m-1", kind, ordinal),
            }
            for kind, ordinal in (("referral", 0), ("task", 0), ("task", 1))
        ],
    }


def signature_vectors() -> list[dict[str, str | dict[str, str]]]:
    """Signed messages: the attributes, the data, the covered bytes and the signature."""
    key = Ed25519PrivateKey.from_private_bytes(TEST_SEED)
    vectors: list[dict[str, str | dict[str, str]]] = []
    for title, envelope, data in _messages():
        signed = sign(envelope, data, "test-only-1", key)
        attributes = signed.attributes()
        covered = signed_bytes(attributes, data)
        vectors.append(
            {
                "title": title,
                "attributes": {name: text for name, text in attributes.items() if name != "signature"},
                "data_utf8": data.decode(),
                "covered_hex": covered.hex(),
                "signature": attributes["signature"],
            }
        )
    return vectors


def signing_key() -> dict[str, str]:
    """The test key of the vectors, both halves."""
    public = Ed25519PrivateKey.from_private_bytes(TEST_SEED).public_key().public_bytes_raw()
    return {
        "keyid": "test-only-1",
        "private_seed_hex": TEST_SEED.hex(),
        "public_hex": public.hex(),
        "warning": "TEST ONLY: the public test key of RFC 8032 section 7.1, TEST 1. Never register it.",
    }


def _messages() -> list[tuple[str, Envelope, bytes]]:
    case = mint_case_id(*_NUMBERS[0])
    signed = {
        "referral": derived_id("public_security", "m-1", "referral"),
        "task": derived_id("public_security", "m-1", "task"),
        "legal_at": "2026-03-02T09:30:00+08:00",
        "officer": "测试员甲",
    }
    progressed = {**signed, "step": "hearing_notice", "note": "开庭通知已送达"}
    head = {"source": "procuratorate", "time": "2026-03-02T01:31:00Z", "secrecy": "internal"}
    return [
        ("a step of a task", _envelope(head, id="p-1", type="task.signed.v1", subject=case), _json(signed)),
        (
            "Chinese subject, trace context and public secrecy",
            _envelope(
                {**head, "source": "court", "secrecy": "public"},
                id="c-7",
                type="task.progressed.v1",
                subject=_NUMBERS[1][1],
                traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ),
            _json(progressed),
        ),
        ("no data", _envelope(head, id="p-2", type="task.started.v1", subject=case), b""),
    ]


def _envelope(head: dict[str, str], **rest: str) -> Envelope:
    return Envelope.model_validate({**head, **rest})


def _json(data: dict[str, str]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _signed(unsigned: int) -> int:
    return unsigned - (1 << 32) if unsigned >> 31 else unsigned
