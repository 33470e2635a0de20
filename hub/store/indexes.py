"""Writing the indexes together with the indexer's position, in one transaction; and forgetting them to build them anew."""

from collections.abc import Iterable
from typing import Any

import asyncpg

from hub.domain.case import MessageRef
from hub.errors import LostShard
from hub.indexer.indexer import Indexer, Make
from hub.indexer.rows import IndexRows
from hub.store import person_index
from hub.store.connecting import connected
from hub.store.journal import entries_of, keys_of
from hub.store.pool import Connection, Pool
from hub.store.roles import HUB_ROLE

_ADVANCE = "UPDATE follower SET seq = $4 WHERE name = $1 AND shard = $2 AND seq = $3"
_NUMBERS = """
INSERT INTO number_index (number, department, kind, case_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING"""
_ABOUT = """
INSERT INTO referral_index (referral, case_id, region, matter, cause)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) ON CONFLICT (referral) DO UPDATE
SET case_id = excluded.case_id, region = excluded.region, matter = excluded.matter, cause = excluded.cause"""
_COMPARE = """
INSERT INTO duplicate_search (case_id, asked) SELECT c, 1 FROM unnest($1::text[]) AS c
ON CONFLICT (case_id) DO UPDATE SET asked = duplicate_search.asked + 1"""
_CORRECT = "UPDATE referral_index SET {} WHERE referral = $1"
_FORGET = "DELETE FROM {}"
_BACK = "UPDATE follower SET seq = 0 WHERE name = $1"


class PostgresIndexes:
    """See `hub.indexer.indexer.Indexes`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def apply(
        self,
        name: str,
        shard: int,
        position: int,
        upto: int,
        refs: set[MessageRef],
        cases: set[str],
        make: Make,
    ) -> None:
        """Read keys and messages, write the rows, move the position. Doing the same again changes nothing."""
        async with self._pool.transaction() as connection:
            await connection.execute(person_index.SHARED)
            if await connection.execute(_ADVANCE, name, shard, position, upto) != "UPDATE 1":
                raise LostShard(f"another {name} has moved on from {position}")
            others = await entries_of(connection, sorted(refs)) if refs else {}
            asked = cases | {entry.case for entry in others.values() if entry.case is not None}
            keys = await keys_of(connection, sorted(asked)) if asked else {}
            await _write(connection, make(others, keys))


async def _write(connection: "Connection[asyncpg.Record]", rows: IndexRows) -> None:
    await person_index.put(connection, sorted(rows.persons))
    await _put(connection, _NUMBERS, sorted(rows.numbers))
    await _put(connection, _ABOUT, rows.about.values())
    for referral, changed in rows.corrections.items():
        if changed:
            sets = ", ".join(f"{column} = ${n}" for n, column in enumerate(changed, 2))
            await connection.execute(_CORRECT.format(sets), referral, *changed.values())
    if rows.compared:
        await connection.execute(_COMPARE, sorted(rows.compared))


async def _put(
    connection: "Connection[asyncpg.Record]", statement: str, rows: Iterable[tuple[Any, ...]]
) -> None:
    if found := list(rows):
        await connection.execute(statement, *map(list, zip(*found, strict=True)))


async def forget_indexes(url: str) -> None:
    """Delete all rows and set the indexer back to the start of the journal, in one transaction. Commits.

    A running indexer finds its position moved and begins anew. Raises StoreTrouble, ConfigurationError.
    """
    async with connected(url) as connection, connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {HUB_ROLE}")
        for table in ("person_index", "number_index", "referral_index", "duplicate_search"):
            await connection.execute(_FORGET.format(table))
        await connection.execute(_BACK, Indexer.name)
