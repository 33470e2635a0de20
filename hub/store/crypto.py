"""The port of cryptography: what seals data, and what keeps the keys of data. AES-GCM in a file today.

Another algorithm (SM4-GCM) is one more `Suite`; a key service of the city (KMS, a crypto machine) is one more
`KeyKeeper`. Nothing else in the hub knows an algorithm.
"""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import HubError

_NONCE = 12


class SealBroken(HubError):
    """Sealed bytes do not open under this key: another key, or changed bytes."""


class Cipher(Protocol):
    """One key, ready for use."""

    def encrypt(self, plain: bytes, bound_to: bytes) -> bytes:
        """Never the same twice; opens only under this key and for the same `bound_to`."""

    def decrypt(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Raises SealBroken."""


class Suite(Protocol):
    """An algorithm with authentication. `name` is stored with every key that is made for it."""

    name: str
    key_bytes: int

    def cipher(self, key: bytes) -> Cipher:
        """The key ready for use."""


class KeyKeeper(Protocol):
    """Wraps keys of data under a key-encryption key that never leaves it."""

    position_key: bytes
    person_key: bytes

    def wrap(self, material: bytes, bound_to: bytes) -> bytes:
        """Under the key-encryption key in use. The result says which one that was."""

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """Raises SealBroken: for changed bytes, for another `bound_to`, and when that key-encryption key is gone."""


class _AesGcmKey:
    """AES-256-GCM under one key; nonce, text and tag in one."""

    __slots__ = ("_aes",)

    def __init__(self, key: bytes) -> None:
        self._aes = AESGCM(key)

    def encrypt(self, plain: bytes, bound_to: bytes) -> bytes:
        """See `Cipher`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aes.encrypt(nonce, plain, bound_to)

    def decrypt(self, sealed: bytes, bound_to: bytes) -> bytes:
        """See `Cipher`."""
        try:
            return self._aes.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
        except (InvalidTag, ValueError):
            raise SealBroken(f"sealed bytes bound to {bound_to!r} do not open") from None


class AesGcm:
    """AES-256-GCM."""

    name = "aes-256-gcm"
    key_bytes = 32

    def cipher(self, key: bytes) -> Cipher:
        """See `Suite`."""
        return _AesGcmKey(key)


AES_GCM: Suite = AesGcm()
SUITES: Mapping[str, Suite] = MappingProxyType({AES_GCM.name: AES_GCM})
