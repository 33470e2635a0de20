"""Checkpoints of the hub's journal (c2sp.org/tlog-checkpoint), and how they travel to witnesses.

Each shard of a hub is a log of its own, named by its origin `<log>/<shard>`, and so is the record of who read what,
`<log>/access`; the key that signs is named like the origin. A record of `hub.checkpoints` is what
c2sp.org/tlog-witness sends to a witness: the size of the checkpoint before (`old`), the proof that this one continues
it, an empty line, the signed checkpoint.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Self

from schemas.merkle import HASH_BYTES
from schemas.notes import Note, base64_exact

LONGEST_PROOF = 63
# The number under which the log of reads stands where shards are numbered; it is none.
ACCESS = -1
_ACCESS_NAME = "access"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's size and root at one moment."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def of(cls, note: Note) -> Self:
        """What a note says, whoever signed it. Raises ValueError."""
        lines = note.text.split("\n")
        if len(lines) != 4 or not lines[0]:
            raise ValueError("checkpoint: must be three lines: origin, size, root")
        size, root = _number(lines[1]), base64_exact(lines[2])
        if len(root) != HASH_BYTES:
            raise ValueError(f"root: {len(root)} bytes: must be {HASH_BYTES}")
        return cls(lines[0], size, root)

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Submission:
    """A signed checkpoint with the proof that it continues the tree of `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Raises ValueError saying what is wrong with the form."""
        head, blank, note = raw.partition(b"\n\n")
        first, *lines = head.decode().split("\n")
        if not blank or not first.startswith("old "):
            raise ValueError("submission: must be `old N`, a proof, an empty line and a checkpoint")
        if len(lines) > LONGEST_PROOF:
            raise ValueError(f"proof: {len(lines)} lines: at most {LONGEST_PROOF}")
        return cls(_number(first[4:]), tuple(base64_exact(line) for line in lines), Note.parse(note))

    def to_bytes(self) -> bytes:
        """As it travels."""
        lines = "".join(f"{b64encode(each).decode()}\n" for each in self.proof)
        return f"old {self.old}\n{lines}\n".encode() + self.note.to_bytes()


def origin_of(log: str, shard: int) -> str:
    """The name of a shard's log, or of the log of reads."""
    return f"{log}/{_ACCESS_NAME if shard == ACCESS else shard}"


def shard_of(origin: str) -> int:
    """The inverse of `origin_of`: the shard, or `ACCESS`. Raises ValueError."""
    name = origin.rpartition("/")[2]
    return ACCESS if name == _ACCESS_NAME else _number(name, "shard")


def _number(text: str, field: str = "size") -> int:
    if not text.isascii() or not text.isdigit() or (text[0] == "0" and text != "0") or len(text) > 18:
        raise ValueError(f"{field} {text!r}: must be a decimal number without leading zeroes")
    return int(text)
