"""The proof that an entry is in the journal that was signed, in the format of c2sp.org/tlog-proof.

It can be checked offline with the entry's bytes and the hub's public key, and with those of witnesses whose
cosignatures it carries. Anybody's verifier of that format will do.
"""

from base64 import b64encode

from hub.domain.merkle_proofs import Ranges, inclusion_ranges
from hub.errors import ConfigurationError
from hub.store import read_checkpoints, read_journal
from hub.store.reading import Snapshot
from schemas.checkpoints import Checkpoint
from schemas.merkle import inclusion_holds
from schemas.notes import Note

HEAD = "c2sp.org/tlog-proof@v1"


async def prove(view: Snapshot, shard: int, seq: int) -> str:
    """The proof for an entry under the first checkpoint that has it. Reads the leaves up to there once.

    Raises ConfigurationError when no checkpoint has the entry yet, or when the journal is not the one that was signed.
    """
    stored = await read_checkpoints.first_with(view, shard, seq)
    if seq < 1 or stored is None:
        raise ConfigurationError(
            f"entry {seq} of shard {shard}: no checkpoint has it (they come every minute)"
        )
    ranges = Ranges(inclusion_ranges(seq - 1, stored.size))
    leaf = b""
    async for rows in read_journal.leaves(view, shard, stored.size):
        for number, found in rows:
            ranges.feed(found)
            if number == seq:
                leaf = found
    note = Note.parse(stored.note.encode())
    said, path = Checkpoint.of(note), _hashes(ranges)
    if not inclusion_holds(seq - 1, said.size, leaf, path, said.root):
        raise ConfigurationError(
            f"entry {seq} of shard {shard}: the journal is not the one that was signed: run `fengqiao audit verify`"
        )
    lines = "".join(f"{b64encode(each).decode()}\n" for each in path)
    signatures = "".join(line for _, line in stored.lines)
    return f"{HEAD}\nindex {seq - 1}\n{lines}\n{stored.note}{signatures}"


def _hashes(ranges: Ranges) -> list[bytes]:
    """None when leaves are missing: then no proof holds."""
    try:
        return ranges.hashes()
    except ValueError:
        return []
