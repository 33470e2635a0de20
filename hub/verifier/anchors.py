"""What the checker brings along: keys and kept checkpoints that don't come from the bundle. All trust begins here."""

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.notes import Note, verifier_key

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", re.DOTALL)
# SubjectPublicKeyInfo of an Ed25519 key, before its 32 bytes (RFC 8410).
_DER = bytes.fromhex("302a300506032b6570032100")


class WrongAnchor(Exception):
    """Something that the checker gave can't be read: names it, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """`hub`: keys that sign checkpoints. `witnesses`, `senders`: keys by department. `kept`: checkpoints somebody kept."""

    hub: Sequence[Ed25519PublicKey] = ()
    witnesses: Mapping[str, Sequence[Ed25519PublicKey]] = field(default_factory=dict)
    senders: Mapping[str, Sequence[Ed25519PublicKey]] = field(default_factory=dict)
    kept: Sequence[Note] = ()


def anchors_of(
    hub: Iterable[str], witnesses: Iterable[str], senders: Iterable[str], kept: Iterable[Path]
) -> Anchors:
    """As given on the command line. Raises WrongAnchor."""
    return Anchors(
        [_key(text) for text in hub],
        _named(witnesses, "--witness-key"),
        _named(senders, "--sender-key"),
        [note for path in kept for note in _notes(path)],
    )


def key_from_pem(text: str) -> Ed25519PublicKey:
    """The Ed25519 key of a PEM text, or of a file that holds one, like those of a hub's key registry. Raises ValueError."""
    found = _PEM.findall(text)
    if len(found) != 1:
        raise ValueError("must hold one PUBLIC KEY in PEM")
    der = b64decode(re.sub(r"\s|\\n", "", found[0]), validate=True)
    if len(der) != len(_DER) + 32 or not der.startswith(_DER):
        raise ValueError("must be an Ed25519 public key")
    return Ed25519PublicKey.from_public_bytes(der[len(_DER) :])


def _named(given: Iterable[str], option: str) -> dict[str, list[Ed25519PublicKey]]:
    keys: dict[str, list[Ed25519PublicKey]] = {}
    for text in given:
        name, equals, key = text.partition("=")
        if not equals and "+" in text:
            name, key = text.partition("+")[0], text
        elif not equals or not name:
            raise WrongAnchor(f"{option} {text!r}: must be DEPARTMENT=FILE, or name+id+key")
        keys.setdefault(name, []).append(_key(key))
    return keys


def _key(text: str) -> Ed25519PublicKey:
    """A file, or a key as verifiers of signed notes are given it (`name+id+base64`)."""
    path = Path(text)
    try:
        if path.is_file():
            return key_from_pem(path.read_text(encoding="utf-8"))
        return _verifier_key(text)
    except (OSError, ValueError) as problem:
        raise WrongAnchor(
            f"key {text[:200]!r}: {problem}; allowed: a file with a public key in PEM (a registry's file too), "
            "or name+id+base64"
        ) from None


def _verifier_key(text: str) -> Ed25519PublicKey:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise ValueError("there is no such file")
    raw = b64decode(parts[2], validate=True)
    if len(raw) != 33 or raw[0] not in (0x01, 0x04):
        raise ValueError("must be an Ed25519 key")
    key = Ed25519PublicKey.from_public_bytes(raw[1:])
    if verifier_key(parts[0], key, witness=raw[0] == 0x04) != text:
        raise ValueError("its id does not fit name and key")
    return key


def _notes(path: Path) -> list[Note]:
    """The notes of a file, one after the other, each followed by an empty line."""
    try:
        blocks = path.read_bytes().split(b"\n\n")
        return [
            Note.parse(text + b"\n\n" + signatures.rstrip(b"\n") + b"\n")
            for text, signatures in zip(blocks[:-1:2], blocks[1::2], strict=True)
        ]
    except (OSError, ValueError) as problem:
        raise WrongAnchor(f"--kept {path}: {problem}") from None
