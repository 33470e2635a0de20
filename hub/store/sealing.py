"""Sealing of personal and free-text fields: keys of cases, made here and kept wrapped by a key-encryption key (5a.7)."""

import hmac
from pathlib import Path

from hub.store import kek
from hub.store.case_key import CaseKey
from hub.store.crypto import KeyKeeper, SealBroken
from hub.store.kek import FileKeys

__all__ = ["CaseKey", "SealBroken", "Sealer"]


class Sealer:
    """Makes, wraps and unwraps the keys of cases. `keeper`: what wraps them, or a single key of 32 bytes."""

    def __init__(self, keeper: KeyKeeper | bytes) -> None:
        self._keeper = FileKeys.of_bytes(keeper) if isinstance(keeper, bytes) else keeper

    @classmethod
    def from_file(cls, path: Path) -> "Sealer":
        """Read the key-encryption keys. Raises ConfigurationError naming the file."""
        return cls(FileKeys.from_file(path))

    @staticmethod
    def create_file(path: Path) -> None:
        """Write a new random key-encryption key. Raises FileExistsError rather than replacing one."""
        kek.create(path)

    def new_key(self, case: str) -> tuple[CaseKey, bytes]:
        """A new random key for a case, and its wrapped form for the store."""
        key = CaseKey.new()
        return key, self.wrap(case, key)

    def wrap(self, case: str, key: CaseKey) -> bytes:
        """The stored form of a case's keys."""
        return self._keeper.wrap(key.to_bytes(), case.encode())

    def unwrap(self, case: str, wrapped: bytes) -> CaseKey:
        """The keys of a case from their stored form. Raises SealBroken."""
        try:
            return CaseKey.from_bytes(self._keeper.unwrap(wrapped, case.encode()))
        except SealBroken as broken:
            raise SealBroken(f"the key of case {case} does not open: {broken}") from None

    def person_token(self, field: str, value: str) -> bytes:
        """Under which token the index of persons keeps a name or number. `value` as `hub.domain.person.normal` gives it."""
        return hmac.digest(self._keeper.person_key, f"{field}\n{value}".encode(), "sha256")[:16]

    def position_mac(self, content: bytes) -> bytes:
        """Keyed hash of the record before a position, to recognise it after a restart."""
        return hmac.digest(self._keeper.position_key, content, "sha256")
