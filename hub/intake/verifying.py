"""Whose signature a message carries, and whether it holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.errors import ConfigurationError, Parking, ParkingName
from hub.intake.checker import Checker
from hub.intake.reading import PASSED_ON, Read, unwrap
from hub.intake.signature_check import holds
from schemas.identifiers import DepartmentId

_STEP = "verify"


class RegisteredKey(BaseModel):
    """One public key of a department and when it is valid. The registry is a directory of such files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    department: DepartmentId
    keyid: Annotated[str, Field(min_length=1, max_length=80)]
    valid_from: AwareDatetime
    valid_to: AwareDatetime | None = None
    public_key: str


class KeyRegistry:
    """Public keys by department and key id."""

    def __init__(self, keys: Mapping[tuple[str, str], tuple[RegisteredKey, Ed25519PublicKey]]) -> None:
        self._keys = dict(keys)
        self._raw = {name: key.public_bytes_raw() for name, (_, key) in keys.items()}

    @classmethod
    def from_directory(cls, directory: Path) -> "KeyRegistry":
        """Read `*.yaml` below a directory. Raises ConfigurationError naming the file and what is wrong."""
        keys: dict[tuple[str, str], tuple[RegisteredKey, Ed25519PublicKey]] = {}
        for path in sorted(directory.glob("**/*.yaml")):
            try:
                entry = RegisteredKey.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
                public = load_pem_public_key(entry.public_key.encode())
            except (ValidationError, ValueError, yaml.YAMLError) as problem:
                raise ConfigurationError(f"key file {path}: {problem}") from None
            if not isinstance(public, Ed25519PublicKey):
                raise ConfigurationError(f"key file {path}: public_key must be Ed25519")
            if (entry.department, entry.keyid) in keys:
                raise ConfigurationError(
                    f"key file {path}: {entry.department}/{entry.keyid} is registered twice"
                )
            keys[entry.department, entry.keyid] = (entry, public)
        return cls(keys)

    def of(self, source: str) -> list[Ed25519PublicKey]:
        """All keys that a source ever had, valid or not."""
        return [key for (owner, _), (_, key) in self._keys.items() if owner == source]

    def by_source(self) -> dict[str, list[Ed25519PublicKey]]:
        """All keys of every source."""
        return {source: self.of(source) for source in {owner for owner, _ in self._keys}}

    def known_since(self) -> dict[str, datetime]:
        """Since when each source has had a key: the hub knew it from then on."""
        since: dict[str, datetime] = {}
        for (source, _), (entry, _) in self._keys.items():
            since[source] = min(entry.valid_from, since.get(source, entry.valid_from))
        return since

    def valid(self, source: str, keyid: str, at: datetime) -> Ed25519PublicKey | None:
        """The key of this name, if it was valid then."""
        entry, key = self._keys.get((source, keyid), (None, None))
        if entry is None or at < entry.valid_from or (entry.valid_to is not None and at >= entry.valid_to):
            return None
        return key

    def registered(self) -> list[tuple[RegisteredKey, Ed25519PublicKey]]:
        """Every key with its validity, in the order of sources and key ids."""
        return [self._keys[name] for name in sorted(self._keys)]

    async def look_ahead(self, messages: Sequence[Read], checker: Checker) -> None:
        """Have the signatures of a backlog checked beside; `check` then knows. Raises CheckerTrouble."""
        named = [(m, self._raw.get((m.envelope.source, m.envelope.keyid or ""))) for m in messages]
        known = [(message, raw) for message, raw in named if raw is not None]
        if known:
            checks = [(raw, message.attributes, message.record.value or b"") for message, raw in known]
            for (message, _), holds in zip(known, await checker.check(checks), strict=True):
                message.signed = holds

    def proved(self, message: Read, at: datetime) -> Read:
        """The message once its signature is checked; of one passed on by number the inner one. Raises Parking, Refusal."""
        self.check(message, at)
        if message.envelope.type == PASSED_ON:
            message = unwrap(message)
            self.check(message, at)
        return message

    def check(self, message: Read, at: datetime) -> None:
        """Raise Parking unless a key of the source that was valid at `at` signed the message."""
        envelope = message.envelope
        if envelope.keyid is None or envelope.signature is None:
            raise Parking(ParkingName.BAD_SIGNATURE, "keyid and signature are required", _STEP)
        found = self._keys.get((envelope.source, envelope.keyid))
        if found is None:
            raise Parking(
                ParkingName.UNKNOWN_SIGNER, f"keyid {envelope.keyid!r} of {envelope.source!r}", _STEP
            )
        entry, _ = found
        if at < entry.valid_from or (entry.valid_to is not None and at >= entry.valid_to):
            raise Parking(ParkingName.UNKNOWN_SIGNER, f"keyid {envelope.keyid!r} is not valid at {at}", _STEP)
        if message.signed is None:
            key = self._raw[envelope.source, envelope.keyid]
            message.signed = holds(message.attributes, message.record.value or b"", key)
        if not message.signed:
            raise Parking(
                ParkingName.BAD_SIGNATURE, f"the signature of {envelope.keyid!r} does not verify", _STEP
            )
