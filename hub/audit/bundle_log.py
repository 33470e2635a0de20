"""The journal's side of a bundle: proofs of a case's entries under the last checkpoint, and the earlier ones of witnesses."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from hub.audit.proof import HEAD
from hub.domain.merkle import Frontier
from hub.domain.merkle_proofs import Range, Roots, consistency_ranges, inclusion_ranges
from hub.errors import ConfigurationError
from hub.store import read_checkpoints, read_journal
from hub.store.read_checkpoints import StoredCheckpoint
from hub.store.reading import Snapshot
from hub.verifier import contents
from schemas.checkpoints import Checkpoint, Submission
from schemas.notes import Note


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The checkpoint that all entries are under, and the files of proofs and checkpoints."""

    size: int
    root: str
    files: dict[str, bytes]


async def log_files(view: Snapshot, shard: int, entries: Sequence[int]) -> LogFiles:
    """Prove these entries of a shard under its last checkpoint. Reads the leaves since before the first of them, once.

    Beside it stands, for each entry, the first checkpoint that a witness cosigned, proved to be a beginning of the last:
    it says by when the entry existed. Raises ConfigurationError when no checkpoint has the last entry yet.
    """
    top = await read_checkpoints.last_before(view, shard, 2**62)
    if top is None or top.size < entries[-1]:
        raise ConfigurationError(
            f"entry {entries[-1]} of shard {shard}: no checkpoint has it (they come every minute)"
        )
    earlier = await _witnessed(view, shard, entries, top)
    before = await read_checkpoints.last_before(view, shard, entries[0])
    known = None if before is None else Frontier.unpack(before.size, before.frontier)
    inclusion = {seq: inclusion_ranges(seq - 1, top.size) for seq in entries}
    consistency = {old.size: consistency_ranges(old.size, top.size) for old in earlier}
    ranges: set[Range] = {each for some in (*inclusion.values(), *consistency.values()) for each in some}
    roots = Roots(ranges, top.size, known)
    async for rows in read_journal.leaves(view, shard, top.size, 0 if before is None else before.size):
        for _, leaf in rows:
            roots.feed(leaf)
    note = _signed(top)
    files: dict[str, bytes] = {}
    for seq, some in inclusion.items():
        lines = "".join(f"{b64encode(each).decode()}\n" for each in _of(roots, some, shard))
        files[contents.proof_name(seq)] = f"{HEAD}\nindex {seq - 1}\n{lines}\n".encode() + note
    for old in (*earlier, top):
        files[contents.checkpoint_name(old.size)] = _signed(old)
    for size, some in consistency.items():
        submission = Submission(size, tuple(_of(roots, some, shard)), Note.parse(note))
        files[contents.consistency_name(size)] = submission.to_bytes()
    root = b64encode(Checkpoint.of(Note.parse(note)).root).decode()
    return LogFiles(top.size, root, files)


async def _witnessed(
    view: Snapshot, shard: int, entries: Sequence[int], top: StoredCheckpoint
) -> list[StoredCheckpoint]:
    """For each entry the first checkpoint with a cosignature, each once, without the last of all."""
    found: list[StoredCheckpoint] = []
    for seq in entries:
        if found and found[-1].size >= seq:
            continue
        stored = await read_checkpoints.first_witnessed(view, shard, seq)
        if stored is None or stored.size == top.size:
            break
        found.append(stored)
    return found


def _signed(stored: StoredCheckpoint) -> bytes:
    return (stored.note + "".join(line for _, line in stored.lines)).encode()


def _of(roots: Roots, ranges: Sequence[Range], shard: int) -> list[bytes]:
    try:
        return roots.of(ranges)
    except ValueError as problem:
        raise ConfigurationError(f"shard {shard}: {problem}: run `fengqiao audit verify`") from None
