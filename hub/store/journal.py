"""Reading the journal, and the positions of those who follow it."""

from collections.abc import Sequence

import asyncpg

from hub.domain.case import MessageRef
from hub.domain.entry import Entry
from hub.store.pool import Connection, Pool

_READ = "SELECT seq, entry FROM journal WHERE shard = $1 AND seq > $2 ORDER BY seq LIMIT $3"
_CONTENTS = """
SELECT i.source, i.message_id, j.entry
FROM unnest($1::text[], $2::text[]) AS asked (source, message_id)
JOIN inbox i USING (source, message_id) JOIN journal j ON j.shard = i.shard AND j.seq = i.seq"""
_KEYS = "SELECT case_id, wrapped FROM case_key WHERE case_id = ANY($1::text[])"
_OF_CASE = "SELECT entry FROM journal WHERE case_id = $1 ORDER BY seq"
_FOLLOWER = "SELECT seq FROM follower WHERE name = $1 AND shard = $2"
_FIRST = "INSERT INTO follower VALUES ($1, $2, 0) ON CONFLICT DO NOTHING"
_ADVANCE = "UPDATE follower SET seq = $4 WHERE name = $1 AND shard = $2 AND seq = $3"


async def entries_of(
    connection: "Connection[asyncpg.Record]", refs: Sequence[MessageRef]
) -> dict[MessageRef, Entry]:
    """The entries that hold these messages; one that is unknown is left out."""
    rows = await connection.fetch(_CONTENTS, [r.source for r in refs], [r.id for r in refs])
    return {MessageRef(row[0], row[1]): Entry.from_bytes(row[2]) for row in rows}


async def keys_of(connection: "Connection[asyncpg.Record]", cases: Sequence[str]) -> dict[str, bytes]:
    """Wrapped keys by case; an erased or unknown case has none."""
    return {row[0]: row[1] for row in await connection.fetch(_KEYS, list(cases))}


class PostgresJournal:
    """The journal as followers see it. See `hub.store.ports.FollowerStore`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, shard: int, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Committed entries of a shard after a sequence, in order and without gaps (the shard lock orders commits)."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_READ, shard, after, limit)
        return [(row[0], row[1]) for row in rows]

    async def contents(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Entry]:
        """The entries that hold these messages."""
        async with self._pool.connection() as connection:
            return await entries_of(connection, refs)

    async def keys(self, cases: Sequence[str]) -> dict[str, bytes]:
        """Wrapped keys by case; an erased or unknown case has none."""
        async with self._pool.connection() as connection:
            return await keys_of(connection, cases)

    async def of_case(self, case: str) -> list[Entry]:
        """All entries of a case in order."""
        async with self._pool.connection() as connection:
            return [Entry.from_bytes(row[0]) for row in await connection.fetch(_OF_CASE, case)]

    async def sent_to(self, case: str, to: str, first: int, last: int) -> list[Entry]:
        """The entries of a case in which this department was told something in the range, or was refused a message."""
        return [entry for entry in await self.of_case(case) if entry.tells(to, first, last)]

    async def follower(self, name: str, shard: int) -> int:
        """The last sequence that a follower has passed; 0 for a new one."""
        async with self._pool.connection() as connection:
            seq = await connection.fetchval(_FOLLOWER, name, shard)
            if seq is None:
                await connection.execute(_FIRST, name, shard)
        return int(seq or 0)

    async def advance(self, name: str, shard: int, old: int, new: int) -> bool:
        """Move a follower from `old` to `new`; False when another has moved it meanwhile."""
        async with self._pool.connection() as connection:
            return bool(await connection.execute(_ADVANCE, name, shard, old, new) == "UPDATE 1")
