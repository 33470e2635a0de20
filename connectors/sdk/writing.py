"""From a mapped change to the signed message, byte for byte as it will be sent, however often."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import ValidationError

from connectors.errors import ConfigurationError
from connectors.sdk.ids import message_id, referral_id, traceparent
from connectors.sdk.ports import Outgoing, Unmapped
from schemas.envelope import CARRIED, Envelope
from schemas.messages import BY_TYPE
from schemas.messages.base import Data
from schemas.notes import NoteSignature, cosign_note
from schemas.signature import sign

LARGEST_DATA = 900_000
"""Bytes of data that one message may have: Kafka's default limit of a record, less room for headers."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it is stored and sent. `digest` covers the content that the mapping gave, not the time."""

    local_id: str
    envelope: Envelope
    data: bytes
    digest: str
    referral: str | None
    task: str | None
    local_number: str | None


class Writer:
    """Writes under one department's name and key. Pure: the same change gives the same bytes."""

    def __init__(self, department: str, key_id: str, key: Ed25519PrivateKey) -> None:
        self.department = department
        self._key_id, self._key = key_id, key

    def cosign(self, text: str, at: int) -> NoteSignature:
        """The department's statement, as a witness, about a checkpoint at `at` (Unix seconds)."""
        return cosign_note(text, self.department, self._key, at)

    def write(self, change: Outgoing) -> Written | Unmapped:
        """The signed message; `Unmapped` for what the contract forbids (type, model, secrecy, size)."""
        data = change.data.model_dump_json(exclude_none=True).encode()
        problem = _problem(change, data)
        if problem is None:
            message = message_id(self.department, change.local_id)
            try:
                envelope = Envelope(
                    id=message,
                    source=self.department,
                    type=change.type,
                    subject=change.case,
                    time=change.occurred_at,
                    secrecy=change.secrecy,
                    traceparent=traceparent(message),
                )
            except ValidationError as error:
                problem = one_line(error)
        if problem is not None:
            # What the hub may not carry is not kept beside it either.
            raw = data if change.secrecy in CARRIED else sha256(data).hexdigest().encode()
            return Unmapped(change.local_id, problem, raw)
        return Written(
            local_id=change.local_id,
            envelope=sign(envelope, data, self._key_id, self._key),
            data=data,
            digest=_digest(change, data),
            referral=_referral(self.department, change),
            task=_text(change.data, "task"),
            local_number=_text(change.data, "local_number"),
        )


def load_key(path: Path) -> Ed25519PrivateKey:
    """The department's signing key from a PEM file without password. Raises ConfigurationError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            f"key_file {str(path)!r}: {error}; must be an Ed25519 private key in PEM"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(
            f"key_file {str(path)!r}: holds {type(key).__name__}; must be an Ed25519 private key"
        )
    return key


def one_line(error: ValidationError) -> str:
    """A pydantic error as `field: value: what is wrong`, joined by semicolons.

    A whole model as the value is left out: it may hold what must not be in a log.
    """
    texts = []
    for problem in error.errors(include_url=False):
        value = "" if isinstance(problem["input"], dict) else f" {problem['input']!r:.200}:"
        texts.append(f"{'.'.join(map(str, problem['loc'])) or 'content'}:{value} {problem['msg']}")
    return "; ".join(texts)


def _problem(change: Outgoing, data: bytes) -> str | None:
    kind = BY_TYPE.get(change.type)
    if kind is None or not kind.inbound:
        allowed = ", ".join(sorted(name for name, known in BY_TYPE.items() if known.inbound))
        return f"type: {change.type!r}: a department may send {allowed}"
    if type(change.data) is not kind.model:
        return f"data: {type(change.data).__name__}: {change.type} carries {kind.model.__name__}"
    if change.secrecy not in CARRIED:
        allowed = ", ".join(sorted(CARRIED))
        return f"secrecy: {change.secrecy.value!r}: must not leave the department system; allowed: {allowed}"
    if len(data) > LARGEST_DATA:
        return f"data: {len(data)} bytes: at most {LARGEST_DATA}; papers travel as attachments"
    return None


def _digest(change: Outgoing, data: bytes) -> str:
    content = b"\n".join((change.type.encode(), change.case.encode(), change.secrecy.value.encode(), data))
    return sha256(content).hexdigest()


def _referral(department: str, change: Outgoing) -> str | None:
    if change.type.startswith("referral.raised."):
        return referral_id(department, change.local_id)
    return _text(change.data, "referral")


def _text(data: Data, field: str) -> str | None:
    value = getattr(data, field, None)
    return value if isinstance(value, str) else None
