"""The key-encryption keys of a hub in one file, each with an id: the last one wraps, all of them unwrap.

    position: <base64>        keys that stay as they are when key-encryption keys change
    person: <base64>
    keys:                     the oldest first
      - {id: kek-1, made: 2026-11-28T08:00:00+00:00, key: <base64>}

What a destroyed key-encryption key wrapped opens no more, wherever a copy of it lies: in a backup, an archive of the
write-ahead log, a disk that was given away.
"""

import hmac
import os
import time
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from hub.errors import ConfigurationError
from hub.store.crypto import AES_GCM, Cipher, SealBroken, Suite

FIRST = "kek-1"
_BYTES = 32
_LOOK_SECONDS = 10.0
# The first byte of what was wrapped. Plain: by the first hubs, whose wrapped keys were bound to the case alone.
_PLAIN, _WRAPPED = 0, 1


class KekEntry(BaseModel):
    """One key-encryption key."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    made: AwareDatetime
    key: str

    @field_validator("key")
    @classmethod
    def _has_its_bytes(cls, text: str) -> str:
        _decoded(text)
        return text

    @property
    def raw(self) -> bytes:
        """The key itself."""
        return _decoded(self.key)


class KekData(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    position: str
    person: str
    keys: Annotated[list[KekEntry], Field(min_length=1)]

    @field_validator("position", "person")
    @classmethod
    def _has_its_bytes(cls, text: str) -> str:
        _decoded(text)
        return text

    @field_validator("keys")
    @classmethod
    def _ids_differ(cls, keys: list[KekEntry]) -> list[KekEntry]:
        ids = [key.id for key in keys]
        if len(set(ids)) != len(ids):
            raise ValueError(f"ids {ids}: each may be there once")
        return keys


class FileKeys:
    """See `hub.store.crypto.KeyKeeper`. A running process takes up what changes in the file within ten seconds."""

    def __init__(self, data: KekData, path: Path | None = None, suite: Suite = AES_GCM) -> None:
        self._path, self._suite = path, suite
        self._stamp, self._looked = _stamp(path), time.monotonic()
        self._take(data)

    def _take(self, data: KekData) -> None:
        self.data = data
        self._ciphers: dict[str, Cipher] = {key.id: self._suite.cipher(key.raw) for key in data.keys}
        self.active = data.keys[-1].id
        self._head = head_of(self.active)
        self.position_key, self.person_key = _decoded(data.position), _decoded(data.person)

    @classmethod
    def of_bytes(cls, raw: bytes, path: Path | None = None) -> Self:
        """A single key as the first hubs kept it: 32 bytes and nothing else."""
        if len(raw) != _BYTES:
            raise ConfigurationError(f"the key-encryption key has {len(raw)} bytes, must have {_BYTES}")
        made = datetime.fromtimestamp(0, UTC)
        return cls(
            KekData(
                position=_text(hmac.digest(raw, b"fengqiao position", "sha256")),
                person=_text(hmac.digest(raw, b"fengqiao person", "sha256")),
                keys=[KekEntry(id=FIRST, made=made, key=_text(raw))],
            ),
            path,
        )

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the file. Raises ConfigurationError naming it; no key gets into the text of an error."""
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"key-encryption key {path}: {error.strerror}") from None
        if not raw.startswith(b"#"):
            try:
                return cls.of_bytes(raw, path)
            except ConfigurationError as error:
                raise ConfigurationError(f"key-encryption key {path}: {error}") from None
        try:
            return cls(KekData.model_validate(yaml.safe_load(raw.decode())), path)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigurationError(f"key-encryption keys {path}: {where}: {first['msg']}") from None
        except (yaml.YAMLError, UnicodeDecodeError):
            raise ConfigurationError(f"key-encryption keys {path}: no valid YAML") from None

    def wrap(self, material: bytes, bound_to: bytes) -> bytes:
        """See the port. The id stands before the sealed bytes."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._look()
        return self._head + self._ciphers[self.active].encrypt(material, self._head + bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """See the port."""
        kek = id_of(wrapped)
        if kek not in self._ciphers:
            self._look()
        cipher = self._ciphers.get(kek)
        if cipher is None:
            raise SealBroken(f"wrapped under the key-encryption key {kek!r}, which is not here")
        head = wrapped[: 2 + wrapped[1]]
        return cipher.decrypt(wrapped[len(head) :], bound_to if head[0] == _PLAIN else head + bound_to)

    def _look(self) -> None:
        self._looked, stamp = time.monotonic(), _stamp(self._path)
        if self._path is not None and stamp != self._stamp:
            self._take(type(self).from_file(self._path).data)
            self._stamp = stamp


def _stamp(path: Path | None) -> tuple[int, int] | None:
    """Tells whether a file is another one than before."""
    if path is None or not path.exists():
        return None
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def head_of(kek: str) -> bytes:
    """What bytes that were wrapped under a key-encryption key begin with."""
    return bytes([_WRAPPED, len(kek)]) + kek.encode()


def id_of(wrapped: bytes) -> str:
    """Under which key-encryption key a key was wrapped. Raises SealBroken."""
    if len(wrapped) < 2 or wrapped[0] not in (_PLAIN, _WRAPPED) or len(wrapped) < 2 + wrapped[1]:
        raise SealBroken("a wrapped key has another form")
    return wrapped[2 : 2 + wrapped[1]].decode(errors="replace")


def create(path: Path) -> None:
    """Write a file with one new random key. Raises FileExistsError rather than replacing one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = KekEntry(id=FIRST, made=_now(), key=_random())
    _write(path, KekData(position=_random(), person=_random(), keys=[key]), new=True)


def add(path: Path) -> str:
    """Put a new key into use; returns its id. What is wrapped already stays under the earlier ones until it is rewrapped."""
    data = FileKeys.from_file(path).data
    number = 1 + max((int(key.id[4:]) for key in data.keys if key.id[4:].isdigit()), default=0)
    made = KekEntry(id=f"kek-{number}", made=_now(), key=_random())
    _write(path, data.model_copy(update={"keys": [*data.keys, made]}))
    return made.id


def destroy(path: Path, kek: str) -> None:
    """Take a key out of the file. Raises ConfigurationError for one that is not there, or is in use."""
    data = FileKeys.from_file(path).data
    kept = [key for key in data.keys if key.id != kek]
    if len(kept) == len(data.keys):
        raise ConfigurationError(f"key-encryption key {kek!r}: allowed are {ids_of(data.keys)}")
    if data.keys[-1].id == kek:
        raise ConfigurationError(f"key-encryption key {kek!r} is in use: `fengqiao kek new` first")
    _write(path, data.model_copy(update={"keys": kept}))


def ids_of(keys: Sequence[KekEntry]) -> str:
    """The ids, for a person."""
    return ", ".join(key.id for key in keys)


def _write(path: Path, data: KekData, new: bool = False) -> None:
    """Whole or not at all, and durable before the file is used."""
    text = (
        "# Key-encryption keys: secret. Keep a copy of this file apart from the database and its backups.\n"
    )
    text += yaml.safe_dump(data.model_dump(mode="json"), sort_keys=False)
    target = path if new else path.with_name(f"{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC)
    with os.fdopen(os.open(target, flags, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if not new:
        target.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _decoded(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except (Error, ValueError):
        raise ValueError("must be base64") from None
    if len(raw) != _BYTES:
        raise ValueError(f"has {len(raw)} bytes, must have {_BYTES}")
    return raw


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


def _random() -> str:
    return _text(os.urandom(_BYTES))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
