"""A signature holds for exactly one message: any change of an attribute, the data, or itself breaks it."""

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.envelope import Envelope, attribute_texts
from schemas.signature import sign, signed_bytes, verify
from tests.unit.schemas.envelopes import envelopes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
DATA = st.binary(max_size=60)


@given(envelopes(signature=False), DATA)
def test_a_signed_message_verifies_from_its_headers(envelope: Envelope, data: bytes) -> None:
    signed = sign(envelope, data, "k-1", KEY)
    assert signed.keyid == "k-1"
    assert sign(envelope, data, "k-1", KEY) == signed
    assert verify(attribute_texts(signed.headers()), data, PUBLIC)


@given(envelopes(signature=False), DATA, st.data())
def test_any_changed_byte_of_any_attribute_breaks_it(
    envelope: Envelope, data: bytes, draw: st.DataObject
) -> None:
    attributes = sign(envelope, data, "k-1", KEY).attributes()
    name = draw.draw(st.sampled_from(sorted(attributes)))
    place = draw.draw(st.integers(0, len(attributes[name]) - 1))
    char = draw.draw(st.characters(exclude_categories=["Cs"]))
    assume(char != attributes[name][place])
    changed = attributes[name][:place] + char + attributes[name][place + 1 :]
    assert not verify({**attributes, name: changed}, data, PUBLIC)


def test_every_character_of_the_signature_counts() -> None:
    attributes = _signed()
    text = attributes["signature"]
    for place in range(len(text)):
        for char in "ABCDwxyz0189+/=":
            if char != text[place]:
                changed = text[:place] + char + text[place + 1 :]
                assert not verify({**attributes, "signature": changed}, b"{}", PUBLIC), (place, char)


def test_another_spelling_of_the_same_signature_is_not_accepted() -> None:
    attributes = _signed()
    text = attributes["signature"]
    twin = next(
        text[:85] + char + "=="
        for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        if char != text[85] and b64decode(text[:85] + char + "==") == b64decode(text)
    )
    assert not verify({**attributes, "signature": twin}, b"{}", PUBLIC)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_changed_byte_of_the_data_breaks_it(data: bytes, draw: st.DataObject) -> None:
    attributes = _signed(data)
    place = draw.draw(st.integers(0, len(data) - 1))
    byte = draw.draw(st.integers(0, 255))
    assume(byte != data[place])
    assert not verify(attributes, data[:place] + bytes([byte]) + data[place + 1 :], PUBLIC)
    assert not verify(attributes, data[:place] + data[place + 1 :], PUBLIC)
    assert not verify(attributes, data + b"\n", PUBLIC)


def test_adding_or_removing_an_attribute_breaks_it() -> None:
    attributes = _signed()
    assert not verify({**attributes, "dataschema": "urn:x"}, b"{}", PUBLIC)
    for name in attributes:
        rest = {other: text for other, text in attributes.items() if other != name}
        assert not verify(rest, b"{}", PUBLIC), name


def test_another_key_does_not_verify() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    assert not verify(_signed(), b"{}", other)


@pytest.mark.parametrize("text", ["", "x", "签名", "AAAA", "\ud800"])
def test_a_malformed_signature_is_false_and_no_error(text: str) -> None:
    assert verify({**_signed(), "signature": text}, b"{}", PUBLIC) is False


def test_attributes_and_data_can_t_be_shifted_into_one_another() -> None:
    one = signed_bytes({"a": "x", "b": "y"}, b"z")
    assert one == b"fengqiao-signature-v1\na:1:x\nb:1:y\n\nz"
    assert one != signed_bytes({"a": "x\nb:1:y"}, b"z")
    assert one != signed_bytes({"a": "x"}, b"b:1:y\n\nz")


def _signed(data: bytes = b"{}") -> dict[str, str]:
    envelope = Envelope.model_validate(
        {
            "id": "m-1",
            "source": "court",
            "type": "task.signed.v1",
            "subject": "（2026）浙9901民初1号",
            "time": "2026-03-02T09:30:00+08:00",
            "secrecy": "internal",
        }
    )
    return sign(envelope, data, "k-1", KEY).attributes()
