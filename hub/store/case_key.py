"""The keys of one case: one for its free text, and one for each person that a field of a message names.

All of them are random and none follows from another, so that each can be destroyed alone. They are kept together,
wrapped as one: a case costs one wrapping however many persons it has, and what tells persons apart is wrapped with them.
"""

import hmac
import os
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

import msgspec
from msgspec import Struct

from hub.store.crypto import AES_GCM, SUITES, Cipher, SealBroken, Suite

_MAC_BYTES = 32


@dataclass(slots=True)
class PersonKey:
    """One person of a case. `name` and `identity` are digests by which the same person is known again."""

    number: int
    key: bytes
    name: bytes
    identity: bytes
    cipher: Cipher | None = None


class _Stored(Struct, array_like=True):
    """What is wrapped. `text`: the key of free text and, after it, that of the HMACs; empty once it was destroyed."""

    suite: str
    generation: int
    text: bytes
    numbered: int
    persons: list[tuple[int, bytes, bytes, bytes]]


class CaseKey:
    """The keys of one case, ready for use. Never logged, never stored unwrapped.

    `generation`: how many keys of free text the case has had; what an earlier one sealed opens no more. `numbered`:
    how many persons it has had. `changed`: it is not what the store holds.
    """

    __slots__ = ("_cipher", "_mac_key", "_suite", "_text", "changed", "generation", "numbered", "persons")

    def __init__(self, suite: Suite = AES_GCM) -> None:
        self._suite = suite
        self._cipher: Cipher | None = None
        self._text = self._mac_key = b""
        self.generation = self.numbered = 0
        self.persons: dict[int, PersonKey] = {}
        self.changed = False

    @classmethod
    def new(cls, suite: Suite = AES_GCM) -> Self:
        """With a key of free text and no person yet."""
        key = cls(suite)
        key.renew()
        return key

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `to_bytes` gave; also the 64 bytes of the first hubs. Raises SealBroken."""
        if len(raw) == AES_GCM.key_bytes + _MAC_BYTES:
            first = cls()
            first._use(raw, 1)
            return first
        try:
            stored = _decoder.decode(raw)
            key = cls(SUITES[stored.suite])
        except (msgspec.DecodeError, KeyError):
            raise SealBroken("a case's keys have another form") from None
        key.generation, key.numbered = stored.generation, stored.numbered
        if stored.text:
            key._use(stored.text, stored.generation)
        key.persons = {one[0]: PersonKey(*one) for one in stored.persons}
        return key

    def to_bytes(self) -> bytes:
        """What is to be wrapped."""
        persons = [(one.number, one.key, one.name, one.identity) for one in self.persons.values()]
        return _encoder.encode(_Stored(self._suite.name, self.generation, self._text, self.numbered, persons))

    def _use(self, text: bytes, generation: int) -> None:
        self._text, self.generation = text, generation
        size = self._suite.key_bytes
        self._cipher, self._mac_key = self._suite.cipher(text[:size]), text[size:]

    @property
    def has_text(self) -> bool:
        """Whether the key of free text is there."""
        return self._cipher is not None

    @property
    def whole(self) -> bool:
        """Whether no key of the case was ever destroyed."""
        return self.generation == 1 and self.has_text and len(self.persons) == self.numbered

    def renew(self) -> None:
        """A new key of free text, for a case that has none."""
        assert self._cipher is None
        self._use(os.urandom(self._suite.key_bytes + _MAC_BYTES), self.generation + 1)
        self.changed = True

    def seal(self, plain: bytes, bound_to: bytes) -> str:
        """Encrypt free text; the result opens only for the same `bound_to`. Not deterministic (random nonce)."""
        assert self._cipher is not None
        return b64encode(self._cipher.encrypt(plain, bound_to)).decode()

    def open(self, sealed: str, bound_to: bytes) -> bytes:
        """Decrypt. Raises SealBroken."""
        if self._cipher is None:
            raise SealBroken(f"sealed bytes bound to {bound_to!r}: their key was destroyed")
        return self._cipher.decrypt(b64decode(sealed), bound_to)

    def seal_person(self, number: int, plain: bytes, bound_to: bytes) -> str:
        """The same under the key of one person."""
        return b64encode(self._of(number).encrypt(plain, bound_to)).decode()

    def open_person(self, number: int, sealed: str, bound_to: bytes) -> bytes:
        """Decrypt. Raises SealBroken; KeyError for a person whose key was destroyed."""
        return self._of(number).decrypt(b64decode(sealed), bound_to)

    def seal_joint(self, persons: Collection[int], plain: bytes, bound_to: bytes) -> str:
        """Encrypt what names several persons at once: it opens while all of them have their keys."""
        return b64encode(self._joint(persons).encrypt(plain, bound_to)).decode()

    def open_joint(self, persons: Collection[int], sealed: str, bound_to: bytes) -> bytes:
        """Decrypt. Raises SealBroken; KeyError for a person whose key was destroyed."""
        return self._joint(persons).decrypt(b64decode(sealed), bound_to)

    def _joint(self, persons: Collection[int]) -> Cipher:
        return self._suite.cipher(self.mac(b"fengqiao joint", persons)[: self._suite.key_bytes])

    def _of(self, number: int) -> Cipher:
        person = self.persons[number]
        if person.cipher is None:
            person.cipher = self._suite.cipher(person.key)
        return person.cipher

    def mac(self, content: bytes, persons: Collection[int] = ()) -> bytes:
        """HMAC-SHA256 of personal bytes, under the keys of all persons whom they name: gone with any of them.

        KeyError for a person whose key was destroyed.
        """
        key = self._mac_key
        if persons:
            key = b"".join((key, *[self.persons[number].key for number in sorted(persons)]))
        return hmac.digest(key, content, "sha256")

    def known(self, party: Mapping[str, Any]) -> int | None:
        """The number of the person whom these fields name, if the case has had a field that names them so."""
        found = self._find(*_identity(party))
        return None if found is None else found.number

    def named(self, party: Mapping[str, Any]) -> int:
        """The same; a person not named yet gets a key. Two of one name and no number are one person here."""
        name, identity = _identity(party)
        found = self._find(name, identity)
        if found is None:
            self.numbered += 1
            found = PersonKey(self.numbered, os.urandom(self._suite.key_bytes), name, identity)
            self.persons[found.number] = found
            self.changed = True
        elif identity and not found.identity:
            found.identity, self.changed = identity, True
        return found.number

    def _find(self, name: bytes, identity: bytes) -> PersonKey | None:
        by_name = None
        for person in self.persons.values():
            if identity and person.identity == identity:
                return person
            if person.name == name and (not identity or not person.identity):
                by_name = by_name or person
        return by_name

    def destroy(self, persons: Collection[int], text: bool) -> list[str]:
        """Forget the keys of these persons, and of free text if so said; returns the ids of those that were there."""
        gone = [_id_of(self.persons.pop(number).key) for number in persons if number in self.persons]
        if text and self._cipher is not None:
            gone.append(_id_of(self._text))
            self._cipher, self._text, self._mac_key = None, b"", b""
        self.changed |= bool(gone)
        return gone

    def ids(self) -> dict[str, int | None]:
        """The id of each key that is here with the number of its person; None for that of free text."""
        found: dict[str, int | None] = {_id_of(one.key): one.number for one in self.persons.values()}
        if self._cipher is not None:
            found[_id_of(self._text)] = None
        return found


_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(_Stored)


def _id_of(key: bytes) -> str:
    """A name for a key that says nothing about it."""
    return sha256(b"fengqiao key id" + key).hexdigest()[:24]


def _identity(party: Mapping[str, Any]) -> tuple[bytes, bytes]:
    number = party.get("id_number") or party.get("credit_code") or ""
    return _digest(party.get("name") or ""), _digest(f"#{number}") if number else b""


def _digest(text: str) -> bytes:
    return sha256(unicodedata.normalize("NFKC", text).replace(" ", "").casefold().encode()).digest()[:16]
