"""Checkpoints as the role that makes them needs them. What is stored is added to, never changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.domain.merkle import HASH_BYTES
from hub.errors import HistoryDiffers
from hub.store.pool import Pool
from schemas.checkpoints import ACCESS

_LOG = "SELECT value FROM meta WHERE name = 'log'"
_GROWTH = """
SELECT s.shard, s.seq, s.frontier, coalesce(c.size, 0), c.note, coalesce(c.frontier, ''),
    extract(epoch FROM now() - c.made_at)::float8
FROM (
    SELECT shard, seq, frontier FROM shard UNION ALL
    (SELECT -1, seq, frontier FROM access_record ORDER BY seq DESC LIMIT 1)) s (shard, seq, frontier)
LEFT JOIN LATERAL (
    SELECT size, note, frontier, made_at FROM checkpoint k WHERE k.shard = s.shard ORDER BY size DESC LIMIT 1) c ON true
ORDER BY s.shard"""
_LEAVES = """
SELECT count(*), string_agg(leaf, ''::bytea ORDER BY seq) FROM journal WHERE shard = $1 AND seq > $2 AND seq <= $3"""
_LEAVES_OF_READS = """
SELECT count(*), string_agg(leaf, ''::bytea ORDER BY seq) FROM access_record WHERE seq > $1 AND seq <= $2"""
_ADD = """
INSERT INTO checkpoint (shard, size, previous, note, proof, frontier, made_at) VALUES ($1, $2, $3, $4, $5, $6, now())
ON CONFLICT DO NOTHING"""
_UNPUBLISHED = """
SELECT shard, size, previous, note, proof FROM checkpoint WHERE published_at IS NULL ORDER BY shard, size LIMIT 500"""
_PUBLISHED = """
UPDATE checkpoint c SET published_at = now() FROM unnest($1::smallint[], $2::bigint[]) AS sent (shard, size)
WHERE c.shard = sent.shard AND c.size = sent.size"""

_TEXTS = """
SELECT c.shard, c.size, c.note FROM unnest($1::smallint[], $2::bigint[]) AS asked (shard, size)
JOIN checkpoint c USING (shard, size)"""
_COSIGN = """
INSERT INTO cosignature (shard, size, witness, line, witnessed_at)
SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[]) ON CONFLICT DO NOTHING"""


@dataclass(frozen=True, slots=True)
class Growth:
    """A shard's journal as intake left it (`seq`, `head`), and its last checkpoint: size 0 and no note without one."""

    shard: int
    seq: int
    head: bytes
    size: int
    note: str | None
    frontier: bytes
    age: float | None


@dataclass(frozen=True, slots=True)
class Made:
    """A checkpoint to store or to publish. `proof`: its hashes one after the other, from the tree of `previous`."""

    shard: int
    size: int
    previous: int
    note: str
    proof: bytes

    def hashes(self) -> tuple[bytes, ...]:
        """The proof's hashes."""
        return tuple(self.proof[i : i + HASH_BYTES] for i in range(0, len(self.proof), HASH_BYTES))


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness's signature line under a checkpoint."""

    shard: int
    size: int
    witness: str
    line: str
    at: datetime


class CosignatureStore(Protocol):
    """Raises StoreTrouble."""

    async def texts(self, asked: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]: ...
    async def cosign(self, cosigned: Sequence[Cosigned]) -> None: ...


class CheckpointStore(Protocol):
    """Raises StoreTrouble."""

    async def log(self) -> str: ...
    async def growth(self) -> list[Growth]: ...
    async def leaves(self, shard: int, after: int, upto: int) -> bytes: ...
    async def add(self, made: Made, frontier: bytes) -> bool: ...
    async def unpublished(self) -> list[Made]: ...
    async def published(self, made: list[Made]) -> None: ...


class PostgresCheckpoints:
    """See `CheckpointStore`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def log(self) -> str:
        """The name of this store's log, settled when the store was made."""
        async with self._pool.connection() as connection:
            return str(await connection.fetchval(_LOG))

    async def growth(self) -> list[Growth]:
        """All shards, and the log of reads once it has begun. One row each, whatever the journal's length."""
        async with self._pool.connection() as connection:
            return [Growth(*row) for row in await connection.fetch(_GROWTH)]

    async def leaves(self, shard: int, after: int, upto: int) -> bytes:
        """The leaf hashes of the entries after one and up to another, one after the other.

        Raises HistoryDiffers when one is missing.
        """
        async with self._pool.connection() as connection:
            asked = (_LEAVES_OF_READS, after, upto) if shard == ACCESS else (_LEAVES, shard, after, upto)
            count, leaves = await connection.fetchrow(*asked) or (0, b"")
        if count != upto - after or len(leaves) != HASH_BYTES * count:
            raise HistoryDiffers(shard, f"entries {after + 1} to {upto} of the journal are not all there")
        return bytes(leaves)

    async def add(self, made: Made, frontier: bytes) -> bool:
        """Store a checkpoint; False when another process has stored one after the same previous one."""
        async with self._pool.connection() as connection:
            done = await connection.execute(
                _ADD, made.shard, made.size, made.previous, made.note, made.proof, frontier
            )
        return bool(done == "INSERT 0 1")

    async def unpublished(self) -> list[Made]:
        """Those that are not known to be on the topic, in order; at most 500."""
        async with self._pool.connection() as connection:
            return [Made(*row) for row in await connection.fetch(_UNPUBLISHED)]

    async def published(self, made: list[Made]) -> None:
        """These are on the topic."""
        async with self._pool.connection() as connection:
            await connection.execute(_PUBLISHED, [m.shard for m in made], [m.size for m in made])

    async def texts(self, asked: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
        """The signed texts of these checkpoints (shard, size); one that is not there is left out."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_TEXTS, [shard for shard, _ in asked], [size for _, size in asked])
        return {(row[0], row[1]): row[2].partition("\n\n")[0] + "\n" for row in rows}

    async def cosign(self, cosigned: Sequence[Cosigned]) -> None:
        """Store signatures of witnesses; the first of a witness stays."""
        async with self._pool.connection() as connection:
            await connection.execute(
                _COSIGN,
                [one.shard for one in cosigned],
                [one.size for one in cosigned],
                [one.witness for one in cosigned],
                [one.line for one in cosigned],
                [one.at for one in cosigned],
            )
