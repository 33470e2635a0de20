"""Sealing of personal and free-text fields: one random key per case, itself wrapped by the key-encryption key.

AES-256-GCM. The case key is 64 bytes: the first half seals, the second half keys the HMACs over personal bytes (5a.7).
"""

import hmac
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import ConfigurationError, HubError

_NONCE = 12


class SealBroken(HubError):
    """Sealed bytes do not open under this key: another key, or changed bytes."""


@dataclass(slots=True)
class CaseKey:
    """The key of one case, ready for use. Never logged, never stored unwrapped."""

    cipher: AESGCM
    mac_key: bytes

    def seal(self, plain: bytes, bound_to: bytes) -> str:
        """Encrypt; the result opens only for the same `bound_to`. Not deterministic (random nonce)."""
        nonce = os.urandom(_NONCE)
        return b64encode(nonce + self.cipher.encrypt(nonce, plain, bound_to)).decode()

    def open(self, sealed: str, bound_to: bytes) -> bytes:
        """Decrypt. Raises SealBroken."""
        raw = b64decode(sealed)
        try:
            return self.cipher.decrypt(raw[:_NONCE], raw[_NONCE:], bound_to)
        except InvalidTag:
            raise SealBroken(f"sealed bytes bound to {bound_to!r} do not open") from None

    def mac(self, content: bytes) -> bytes:
        """HMAC-SHA256 of personal bytes."""
        return hmac.digest(self.mac_key, content, "sha256")


class Sealer:
    """Makes and unwraps case keys under the key-encryption key (a 32-byte file, mode 0600)."""

    def __init__(self, kek: bytes) -> None:
        if len(kek) != 32:
            raise ConfigurationError(f"the key-encryption key has {len(kek)} bytes, must have 32")
        self._kek = AESGCM(kek)
        self._position_key = hmac.digest(kek, b"fengqiao position", "sha256")
        self._person_key = hmac.digest(kek, b"fengqiao person", "sha256")

    @classmethod
    def from_file(cls, path: Path) -> "Sealer":
        """Read the key-encryption key. Raises ConfigurationError naming the file."""
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise ConfigurationError(f"key-encryption key {path}: {error.strerror}") from None

    @staticmethod
    def create_file(path: Path) -> None:
        """Write a new random key-encryption key. Raises FileExistsError rather than replacing one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(32))
            file.flush()
            os.fsync(file.fileno())

    def new_key(self, case: str) -> tuple[CaseKey, bytes]:
        """A new random key for a case, and its wrapped form for the store."""
        material = os.urandom(64)
        nonce = os.urandom(_NONCE)
        wrapped = nonce + self._kek.encrypt(nonce, material, case.encode())
        return _case_key(material), wrapped

    def unwrap(self, case: str, wrapped: bytes) -> CaseKey:
        """The key of a case from its stored form. Raises SealBroken."""
        try:
            return _case_key(self._kek.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], case.encode()))
        except InvalidTag:
            raise SealBroken(f"the key of case {case} does not open: another key-encryption key?") from None

    def person_token(self, field: str, value: str) -> bytes:
        """Under which token the index of persons keeps a name or number. `value` as `hub.domain.person.normal` gives it."""
        return hmac.digest(self._person_key, f"{field}\n{value}".encode(), "sha256")[:16]

    def position_mac(self, content: bytes) -> bytes:
        """Keyed hash of the record before a position, to recognise it after a restart."""
        return hmac.digest(self._position_key, content, "sha256")


def _case_key(material: bytes) -> CaseKey:
    return CaseKey(AESGCM(material[:32]), material[32:])
