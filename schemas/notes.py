"""Signed notes (c2sp.org/signed-note): a text with signatures under it, and cosignatures (c2sp.org/tlog-cosignature).

A key is known by its name and by the four bytes that follow from name, kind of signature and public key; a signature
of an unknown key is ignored, as the format demands. What is signed begins with the text's first line or with
`cosignature/v1`, never with `fengqiao-signature-v1`: so a department's key serves for messages and notes alike.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LARGEST = 16_384
_DASH = "— "
_SIGNATURE, _COSIGNATURE = 0x01, 0x04


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line under a note. `key`: the four bytes that tell the keys of a name apart."""

    name: str
    key: bytes
    signature: bytes

    def line(self) -> str:
        """As it stands in the note, with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, and the signatures that came with it, none of them believed yet."""

    text: str
    signatures: tuple[NoteSignature, ...] = ()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Raises ValueError saying what is wrong with the form."""
        if len(raw) > LARGEST:
            raise ValueError(f"note: {len(raw)} bytes: at most {LARGEST}")
        note = raw.decode()
        if any(ord(sign) < 0x20 and sign != "\n" for sign in note):
            raise ValueError("note: has a control character")
        text, blank, lines = note.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise ValueError("note: must be a text, an empty line and signature lines")
        return cls(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))

    def signed(self, signature: NoteSignature) -> "Note":
        """The same with one signature more."""
        return Note(self.text, (*self.signatures, signature))

    def to_bytes(self) -> bytes:
        """As it travels."""
        return f"{self.text}\n{''.join(each.line() for each in self.signatures)}".encode()


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> NoteSignature:
    """An Ed25519 signature over the text. Deterministic."""
    return NoteSignature(name, key_id(name, _SIGNATURE, key.public_key()), key.sign(text.encode()))


def cosign_note(text: str, name: str, key: Ed25519PrivateKey, at: int) -> NoteSignature:
    """A witness's statement that at `at` (Unix seconds) this was the longest log that it had seen. Deterministic."""
    signature = at.to_bytes(8) + key.sign(_cosigned(text, at))
    return NoteSignature(name, key_id(name, _COSIGNATURE, key.public_key()), signature)


def signature_holds(note: Note, name: str, key: Ed25519PublicKey) -> bool:
    """Whether the note has a signature of this key, and no wrong one under the key's id."""
    found = [
        each for each in note.signatures if (each.name, each.key) == (name, key_id(name, _SIGNATURE, key))
    ]
    return bool(found) and all(_verifies(key, each.signature, note.text.encode()) for each in found)


def cosigned_at(note: Note, name: str, key: Ed25519PublicKey) -> int | None:
    """When this witness cosigned the note (Unix seconds, the latest); None without a cosignature of it that holds."""
    own = key_id(name, _COSIGNATURE, key)
    times = [
        int.from_bytes(each.signature[:8])
        for each in note.signatures
        if (each.name, each.key) == (name, own)
        and _verifies(key, each.signature[8:], _cosigned(note.text, int.from_bytes(each.signature[:8])))
    ]
    return max(times, default=None)


def key_id(name: str, kind: int, key: Ed25519PublicKey) -> bytes:
    """The four bytes of a key in a signature line."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + key.public_bytes_raw()).digest()[:4]


def verifier_key(name: str, key: Ed25519PublicKey, witness: bool = False) -> str:
    """The key as other verifiers of the format are given it (`vkey`)."""
    kind = _COSIGNATURE if witness else _SIGNATURE
    return (
        f"{name}+{key_id(name, kind, key).hex()}+{b64encode(bytes([kind]) + key.public_bytes_raw()).decode()}"
    )


def base64_exact(text: str) -> bytes:
    """The bytes of a base64 text in its one proper spelling. Raises ValueError."""
    found = b64decode(text, validate=True)
    if b64encode(found).decode() != text:
        raise ValueError(f"{text!r}: is not the proper base64 of its bytes")
    return found


def _signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name or "+" in name or name.split() != [name]:
        raise ValueError(f"signature line {line!r}: must be `— name base64`")
    raw = base64_exact(encoded)
    if len(raw) < 5:
        raise ValueError(f"signature line {line!r}: is too short")
    return NoteSignature(name, raw[:4], raw[4:])


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _verifies(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
