"""The hub's own signature on the messages that it writes to its own source topics."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import to_json

from hub.errors import ConfigurationError
from schemas.checkpoints import Checkpoint
from schemas.envelope import Envelope, Headers, Secrecy
from schemas.notes import Note, sign_note
from schemas.signature import sign


class HubSigner:
    """Signs as source `hub`. The public half is registered like a department's."""

    def __init__(self, keyid: str, key: Ed25519PrivateKey) -> None:
        self._keyid, self._key = keyid, key

    @classmethod
    def from_file(cls, keyid: str, path: Path) -> "HubSigner":
        """Read a PEM private key. Raises ConfigurationError naming the file."""
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError) as problem:
            raise ConfigurationError(f"hub key {path}: {problem}") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError(f"hub key {path}: must be Ed25519")
        return cls(keyid, key)

    def message(
        self, message_id: str, type_: str, case: str, time: str, data: Mapping[str, Any]
    ) -> tuple[bytes, Headers]:
        """Value and headers of a signed message. Deterministic."""
        value = to_json(dict(data))
        envelope = Envelope(
            id=message_id,
            source="hub",
            type=type_,
            subject=case,
            time=datetime.fromisoformat(time),
            secrecy=Secrecy.INTERNAL,
        )
        return value, sign(envelope, value, self._keyid, self._key).headers()

    def checkpoint(self, checkpoint: Checkpoint) -> Note:
        """A checkpoint as a note that the hub signed under the name of the log. Deterministic."""
        text = checkpoint.text()
        return Note(text).signed(sign_note(text, checkpoint.origin, self._key))

    def note(self, text: str, name: str) -> Note:
        """A text as a note that the hub signed under a name. Deterministic."""
        return Note(text).signed(sign_note(text, name, self._key))
