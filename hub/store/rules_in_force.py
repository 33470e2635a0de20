"""Which rules the store is decided by (5a.9): one digest at a time, changed only by a person, with the reason kept."""

import json
from datetime import UTC, datetime

import asyncpg

from hub.intake.rules_check import check_rules
from hub.store.pool import Pool
from hub.store.url import plain_dsn

_NAME = "rules"
_READ = "SELECT value FROM meta WHERE name = 'rules'"
_FIRST = "INSERT INTO meta VALUES ('rules', $1) ON CONFLICT DO NOTHING"
_SET = "INSERT INTO meta VALUES ('rules', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_NOTE = "INSERT INTO meta VALUES ($1, $2)"


async def settle_rules(pool: Pool, digest: str) -> None:
    """The first intake of a store puts its rules in force; later ones must have the same. Commits. Idempotent.

    Raises RulesNotLoaded when others are in force.
    """
    async with pool.connection() as connection:
        await connection.execute(_FIRST, digest)
        check_rules(await connection.fetchval(_READ), digest)


async def rules_in_force(url: str) -> str | None:
    """The digest in force; None before the first intake ran."""
    connection = await asyncpg.connect(plain_dsn(url))
    try:
        digest: str | None = await connection.fetchval(_READ)
    finally:
        await connection.close()
    return digest


async def adopt_rules(url: str, digest: str, reason: str) -> str | None:
    """A person puts other rules in force; returns the digest before. Kept with the reason. Commits.

    An intake that runs with the old ones ends at its next batch and decides nothing more.
    """
    connection = await asyncpg.connect(plain_dsn(url))
    try:
        async with connection.transaction():
            old: str | None = await connection.fetchval(f"{_READ} FOR UPDATE")
            await connection.execute(_SET, digest)
            note = json.dumps({"from": old, "to": digest, "reason": reason}, ensure_ascii=False)
            await connection.execute(_NOTE, f"{_NAME}/{datetime.now(UTC).isoformat()}", note)
    finally:
        await connection.close()
    return old
