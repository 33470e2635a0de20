"""Sealing: opens only what it was bound to, under its own key; nothing repeats; errors give nothing away."""

import hmac
import stat
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigurationError
from hub.store.sealing import SealBroken, Sealer

KEK = bytes(range(32))


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_opens_what_was_sealed(plain: bytes, bound: bytes) -> None:
    key, wrapped = Sealer(KEK).new_key("c1")
    sealed = key.seal(plain, bound)
    again = Sealer(KEK).unwrap("c1", wrapped)
    assert again.open(sealed, bound) == plain
    assert again.mac(plain) == key.mac(plain)
    assert len(plain) < 4 or plain not in sealed.encode()


def test_never_the_same_twice() -> None:
    key, wrapped = Sealer(KEK).new_key("c1")
    _, other = Sealer(KEK).new_key("c1")
    assert wrapped != other
    assert key.seal(b"x", b"y") != key.seal(b"x", b"y")


def test_opens_for_nothing_else() -> None:
    sealer = Sealer(KEK)
    key, wrapped = sealer.new_key("c1")
    other, _ = sealer.new_key("c1")
    sealed = key.seal("测试员甲".encode(), b"court/m1")
    with pytest.raises(SealBroken) as broken:
        key.open(sealed, b"court/m2")
    assert "测试员甲" not in str(broken.value)
    with pytest.raises(SealBroken):
        other.open(sealed, b"court/m1")
    with pytest.raises(SealBroken, match="the key of case c2 does not open"):
        sealer.unwrap("c2", wrapped)
    with pytest.raises(SealBroken):
        Sealer(bytes(32)).unwrap("c1", wrapped)
    for n in range(len(wrapped)):
        with pytest.raises(SealBroken):
            sealer.unwrap("c1", wrapped[:n] + bytes([wrapped[n] ^ 1]) + wrapped[n + 1 :])


def test_macs_are_keyed() -> None:
    sealer = Sealer(KEK)
    one, _ = sealer.new_key("c1")
    two, _ = sealer.new_key("c2")
    assert (
        len({one.mac(b"x"), two.mac(b"x"), sealer.position_mac(b"x"), Sealer(bytes(32)).position_mac(b"x")})
        == 4
    )
    assert sealer.position_mac(b"x") == Sealer(KEK).position_mac(b"x")


def test_the_key_file_is_private_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "kek"
    Sealer.create_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        Sealer.create_file(file)
    assert file.read_bytes() == before
    _, wrapped = Sealer.from_file(file).new_key("c1")
    Sealer.from_file(file).unwrap("c1", wrapped)


def test_a_hub_of_the_first_days_goes_on(tmp_path: Path) -> None:
    (tmp_path / "kek").write_bytes(KEK)
    old = AESGCM(KEK)
    material, nonce = bytes(range(64)), bytes(12)
    wrapped = bytes([0, 5]) + b"kek-1" + nonce + old.encrypt(nonce, material, b"c1")
    key = Sealer.from_file(tmp_path / "kek").unwrap("c1", wrapped)
    sealed = AESGCM(material[:32]).encrypt(nonce, b"x", b"m")
    assert key.open(b64encode(nonce + sealed).decode(), b"m") == b"x"
    assert key.mac(b"x") == hmac.digest(material[32:], b"x", "sha256")
    assert Sealer(KEK).position_mac(b"x") == hmac.digest(
        hmac.digest(KEK, b"fengqiao position", "sha256"), b"x", "sha256"
    )
    assert key.whole


def test_a_wrong_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none: No such file"):
        Sealer.from_file(tmp_path / "none")
    (tmp_path / "short").write_bytes(b"x" * 31)
    with pytest.raises(ConfigurationError, match="31 bytes, must have 32"):
        Sealer.from_file(tmp_path / "short")
