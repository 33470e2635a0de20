"""What an auditor brings along to check checkpoints with: public keys, and checkpoints that departments kept."""

from collections.abc import Sequence
from pathlib import Path

from hub.audit.verify_checkpoints import Trust
from hub.errors import ConfigurationError
from hub.intake.verifying import KeyRegistry
from schemas.notes import Note


def trust_of(registry: Path, kept: Sequence[Path]) -> Trust:
    """Keys from a directory like the hub's registry, if it is there; checkpoints from files that witnesses wrote.

    Raises ConfigurationError naming the file and what is wrong.
    """
    keys = None
    if registry.is_dir():
        keys = KeyRegistry.from_directory(registry).by_source()
    return Trust(keys, [(path.name, note) for path in kept for note in _notes(path)])


def _notes(path: Path) -> list[Note]:
    """The notes of a file, one after the other, each followed by an empty line."""
    notes: list[Note] = []
    try:
        blocks = path.read_bytes().split(b"\n\n")
        # A note is a text, an empty line and its signatures.
        for text, signatures in zip(blocks[:-1:2], blocks[1::2], strict=True):
            notes.append(Note.parse(text + b"\n\n" + signatures.rstrip(b"\n") + b"\n"))
    except (OSError, ValueError) as problem:
        raise ConfigurationError(f"witness file {path}: {problem}") from None
    return notes
