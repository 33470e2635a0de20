"""The read side: named queries in read-only transactions under the reader's role. No method writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from hub.store.pool import Connection, Pool
from hub.store.roles import READER_ROLE

_HEADS = "SELECT shard, seq FROM shard"
_POSITIONS = "SELECT topic, partition, next_offset FROM position"
_FOLLOWERS = "SELECT name, shard, seq FROM follower"


@dataclass(frozen=True, slots=True)
class Standing:
    """Last sequence by shard, next offset by (topic, partition), sequence passed by (follower, shard)."""

    heads: dict[int, int]
    positions: dict[tuple[str, int], int]
    followers: dict[tuple[str, int], int]


class ReadStore:
    """Raises StoreTrouble when the database is away."""

    def __init__(self, url: str, size: int = 2) -> None:
        self._pool = Pool(url, size=size, role=READER_ROLE)

    async def start(self) -> None:
        """Open the connections."""
        await self._pool.start()

    async def stop(self) -> None:
        """Close them."""
        await self._pool.stop()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Connection[asyncpg.Record]"]:
        """One REPEATABLE READ, READ ONLY transaction: everything read in it is of one moment."""
        async with (
            self._pool.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    async def standing(self) -> Standing:
        """Heads, positions and followers in one snapshot. Small tables, no scan that grows."""
        async with self.snapshot() as connection:
            heads = await connection.fetch(_HEADS)
            positions = await connection.fetch(_POSITIONS)
            followers = await connection.fetch(_FOLLOWERS)
        return Standing(
            {row[0]: row[1] for row in heads},
            {(row[0], row[1]): row[2] for row in positions},
            {(row[0], row[1]): row[2] for row in followers},
        )
