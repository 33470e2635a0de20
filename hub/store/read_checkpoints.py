"""Stored checkpoints with what witnesses signed under them, read for proof: in order, in batches."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from hub.domain.merkle import HASH_BYTES
from hub.store.reading import Snapshot

_LOG = "SELECT value FROM meta WHERE name = 'log'"
_IN_ORDER = """
SELECT c.size, c.previous, c.note, c.proof, c.frontier,
    coalesce((SELECT array_agg(ARRAY[s.witness, s.line] ORDER BY s.witness) FROM cosignature s
              WHERE s.shard = c.shard AND s.size = c.size), '{}')
FROM checkpoint c WHERE c.shard = $1 AND c.size >= $2 ORDER BY c.size"""
_LAST_BEFORE = "SELECT max(size) FROM checkpoint WHERE shard = $1 AND size < $2"
_FIRST_WITNESSED = """
SELECT min(s.size) FROM cosignature s JOIN checkpoint o ON o.shard = s.shard AND o.size = s.size
WHERE s.shard = $1 AND s.size >= $2"""
_STRAYS = """
SELECT s.shard, s.size, s.witness FROM cosignature s
WHERE NOT EXISTS (SELECT FROM checkpoint c WHERE c.shard = s.shard AND c.size = s.size) ORDER BY 1, 2, 3 LIMIT $1"""
_OUTSIDE = """
SELECT c.shard, c.size FROM checkpoint c
WHERE c.shard <> -1 AND NOT EXISTS (SELECT FROM shard s WHERE s.shard = c.shard) ORDER BY 1, 2 LIMIT $1"""


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint's row. `lines`: witness and signature line, of all that cosigned it."""

    size: int
    previous: int
    note: str
    proof: bytes
    frontier: bytes
    lines: list[tuple[str, str]]

    def hashes(self) -> tuple[bytes, ...]:
        """The proof's hashes."""
        return tuple(self.proof[i : i + HASH_BYTES] for i in range(0, len(self.proof), HASH_BYTES))


@dataclass(frozen=True, slots=True)
class CosignatureRow:
    """Where a cosignature belongs."""

    shard: int
    size: int
    witness: str


async def log_name(view: Snapshot) -> str:
    """The name of this store's log."""
    rows = await view.rows(_LOG)
    return str(rows[0][0]) if rows else ""


async def in_order(view: Snapshot, shard: int, least: int = 0) -> AsyncIterator[StoredCheckpoint]:
    """The checkpoints of a shard by size, from one on."""
    async for rows in view.batches(_IN_ORDER, shard, least):
        for row in rows:
            yield _stored(row)


async def first_with(view: Snapshot, shard: int, seq: int) -> StoredCheckpoint | None:
    """The first checkpoint that has an entry."""
    rows = await view.rows(f"{_IN_ORDER} LIMIT 1", shard, seq)
    return _stored(rows[0]) if rows else None


async def first_witnessed(view: Snapshot, shard: int, seq: int) -> StoredCheckpoint | None:
    """The first checkpoint that has an entry and that a witness cosigned."""
    size = (await view.rows(_FIRST_WITNESSED, shard, seq))[0][0]
    return None if size is None else await first_with(view, shard, size)


async def last_before(view: Snapshot, shard: int, seq: int) -> StoredCheckpoint | None:
    """The last checkpoint that has no entry from this one on."""
    size = (await view.rows(_LAST_BEFORE, shard, seq))[0][0]
    return None if size is None else await first_with(view, shard, size)


def _stored(row: Any) -> StoredCheckpoint:
    lines = [(each[0], each[1]) for each in row[5]]
    return StoredCheckpoint(row[0], row[1], row[2], row[3], row[4], lines)


async def strays(view: Snapshot, limit: int) -> list[CosignatureRow]:
    """Cosignatures of checkpoints that are not there."""
    return [CosignatureRow(*row) for row in await view.rows(_STRAYS, limit)]


async def outside(view: Snapshot, limit: int) -> list[tuple[int, int]]:
    """Checkpoints (shard, size) of shards that are not there."""
    return [(row[0], row[1]) for row in await view.rows(_OUTSIDE, limit)]
