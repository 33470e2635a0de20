"""Parked records, for those who mend them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.store.pool import Pool
from hub.store.reading import Snapshot

_COLUMNS = """
SELECT shard, seq, reason, step, detail, topic, partition, record_offset, source, message_id, case_id, since FROM parked"""
_LISTED = f"""{_COLUMNS}
WHERE ($1::text IS NULL OR reason = $1) AND ($2::text IS NULL OR topic = $2)
    AND ($3 OR reason NOT IN ('early', 'held'))
ORDER BY since, shard, seq LIMIT $4"""
_ONE = f"{_COLUMNS} WHERE shard = $1 AND seq = $2"
_SEALED = """
SELECT p.raw, k.wrapped FROM parked p LEFT JOIN case_key k ON k.case_id = $3 WHERE p.shard = $1 AND p.seq = $2"""
_LEFT = """
SELECT count(*) FROM parked JOIN unnest($1::smallint[], $2::bigint[]) AS asked (shard, seq) USING (shard, seq)"""


@dataclass(frozen=True, slots=True)
class StoredParked:
    """One parked record; `shard` and `seq` are those of the entry that parked it."""

    shard: int
    seq: int
    reason: str
    step: str
    detail: str
    topic: str
    partition: int
    offset: int
    source: str | None
    message: str | None
    case: str | None
    since: datetime

    @property
    def name(self) -> str:
        """As a person types it."""
        return f"{self.shard}/{self.seq}"


async def listed(
    view: Snapshot, reason: str | None, topic: str | None, waiting: bool, limit: int
) -> list[StoredParked]:
    """The oldest first. `waiting`: with those that wait for what they build on."""
    return [StoredParked(*row) for row in await view.rows(_LISTED, reason, topic, waiting, limit)]


async def one(view: Snapshot, shard: int, seq: int) -> StoredParked | None:
    """That one, while it is parked."""
    rows = await view.rows(_ONE, shard, seq)
    return StoredParked(*rows[0]) if rows else None


async def still_parked(view: Snapshot, places: Sequence[tuple[int, int]]) -> int:
    """How many of these, by shard and sequence, are parked still."""
    rows = await view.rows(_LEFT, [shard for shard, _ in places], [seq for _, seq in places])
    return int(rows[0][0])


async def sealed(pool: Pool, shard: int, seq: int, key: str) -> tuple[bytes | None, bytes | None]:
    """The sealed record and its wrapped key, where there are any. Needs the hub's role: readers get no keys."""
    async with pool.connection() as connection:
        row = await connection.fetchrow(_SEALED, shard, seq, key)
    return (None, None) if row is None else (row[0], row[1])
