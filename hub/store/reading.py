"""The read side: named queries in read-only transactions under the reader's role. No method writes."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from hub.errors import ConfigurationError
from hub.store.pool import Connection, Pool
from hub.store.roles import READER_ROLE

# A cursor over a whole journal may sort it first (seconds).
_PATIENCE = 3600
_EXPORTED = re.compile(r"[0-9A-Fa-f-]{1,64}")
_HEADS = "SELECT shard, seq FROM shard"
_POSITIONS = "SELECT topic, partition, next_offset FROM position"
_FOLLOWERS = "SELECT name, shard, seq FROM follower"


@dataclass(frozen=True, slots=True)
class Standing:
    """Last sequence by shard, next offset by (topic, partition), sequence passed by (follower, shard)."""

    heads: dict[int, int]
    positions: dict[tuple[str, int], int]
    followers: dict[tuple[str, int], int]


class Snapshot:
    """One moment of the database. Statements are those of `hub.store.read_*`; nothing else makes any."""

    def __init__(self, connection: "Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows of a query whose answer is bounded."""
        found: list[asyncpg.Record] = await self._connection.fetch(query, *arguments)
        return found

    async def export(self) -> str:
        """A name under which others open snapshots of the same moment, while this one is open."""
        return str(await self._connection.fetchval("SELECT pg_export_snapshot()"))

    async def batches(
        self, query: str, *arguments: Any, size: int = 500
    ) -> AsyncIterator[list[asyncpg.Record]]:
        """The rows of a query of any length, `size` at a time, by a cursor: memory stays bounded."""
        cursor = await self._connection.cursor(query, *arguments, timeout=_PATIENCE)
        while rows := await cursor.fetch(size, timeout=_PATIENCE):
            yield rows


class ReadStore:
    """Raises StoreTrouble when the database is away."""

    def __init__(self, url: str, size: int = 2) -> None:
        self.url = url
        self._pool = Pool(url, size=size, role=READER_ROLE, by_key=False)

    async def start(self) -> None:
        """Open the connections."""
        await self._pool.start()

    async def stop(self) -> None:
        """Close them."""
        await self._pool.stop()

    @asynccontextmanager
    async def snapshot(self, of: str | None = None) -> AsyncIterator[Snapshot]:
        """One REPEATABLE READ, READ ONLY transaction: everything read in it is of one moment. `of`: that of another
        snapshot, by what its `export` gave.

        A long one holds back the vacuum of tables that change: audits of a big store belong in quiet hours.
        """
        async with (
            self._pool.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            if of is not None:
                if not _EXPORTED.fullmatch(of):
                    raise ConfigurationError(f"snapshot {of!r}: is none that was exported")
                await connection.execute(f"SET TRANSACTION SNAPSHOT '{of}'")
            yield Snapshot(connection)

    async def standing(self) -> Standing:
        """Heads, positions and followers in one snapshot. Small tables, no scan that grows."""
        async with self.snapshot() as view:
            return await standing(view)


async def standing(view: Snapshot) -> Standing:
    """How far everything is at the moment of the snapshot."""
    return Standing(
        {row[0]: row[1] for row in await view.rows(_HEADS)},
        {(row[0], row[1]): row[2] for row in await view.rows(_POSITIONS)},
        {(row[0], row[1]): row[2] for row in await view.rows(_FOLLOWERS)},
    )
