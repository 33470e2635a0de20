"""The door's check of signatures and the contract's own say the same of whatever arrives."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.signature_check import holds
from schemas.envelope import Envelope, Secrecy
from schemas.signature import sign
from schemas.signed_form import verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
# 2^252 + …: the order of the group. A second signature for the same bytes is the first plus this, and must not hold.
ORDER = 2**252 + 27742317777372353535851937790883648493
DATA = '{"a":"枫桥"}'.encode()


def signed(data: bytes = DATA) -> dict[str, str]:
    envelope = Envelope(
        id="m1",
        source="court",
        type="task.signed.v1",
        subject="alias:court:case_number:1",
        time=datetime(2026, 3, 2, tzinfo=UTC),
        secrecy=Secrecy.INTERNAL,
    )
    return sign(envelope, data, "court-1", KEY).attributes()


def both(attributes: dict[str, str], data: bytes, key: Ed25519PrivateKey = KEY) -> bool:
    public = key.public_key()
    said = holds(attributes, data, public.public_bytes_raw())
    assert said == verify(attributes, data, public)
    return said


@given(st.binary(max_size=2_000))
def test_what_its_key_signed_holds_and_nothing_else(data: bytes) -> None:
    attributes = signed(data)
    assert both(attributes, data)
    assert not both(attributes, data + b" ")
    assert not both({**attributes, "id": "m2"}, data)
    assert not both(attributes, data, OTHER)


@given(st.integers(0, 63), st.integers(1, 255))
def test_every_byte_of_it_counts(place: int, change: int) -> None:
    attributes = signed()
    raw = bytearray(base64_of(attributes))
    raw[place] ^= change
    assert not both({**attributes, "signature": b64encode(raw).decode()}, DATA)


def test_a_second_signature_made_of_the_first_does_not_hold() -> None:
    attributes = signed()
    raw = base64_of(attributes)
    twin = raw[:32] + (int.from_bytes(raw[32:], "little") + ORDER).to_bytes(32, "little")
    assert not both({**attributes, "signature": b64encode(twin).decode()}, DATA)


@pytest.mark.parametrize(
    "text", ["", "x", "枫", "AAAA", "=", b64encode(bytes(63)).decode(), b64encode(bytes(65)).decode()]
)
def test_what_is_no_signature_does_not_hold(text: str) -> None:
    assert not both({**signed(), "signature": text}, DATA)
    missing = {name: value for name, value in signed().items() if name != "signature"}
    assert not both(missing, DATA)


def test_another_spelling_does_not_hold() -> None:
    attributes = signed()
    assert not both({**attributes, "signature": attributes["signature"] + "\n"}, DATA)


def base64_of(attributes: dict[str, str]) -> bytes:
    return b64decode(attributes["signature"])
