"""Which rules the store is decided by (5a.9): one digest at a time, changed only by a person, with the reason kept."""

from hub.intake.rules_check import check_rules
from hub.store.connecting import connected
from hub.store.person_decisions import keep_decision
from hub.store.pool import Pool

_READ = "SELECT value FROM meta WHERE name = 'rules'"
_FIRST = "INSERT INTO meta VALUES ('rules', $1) ON CONFLICT DO NOTHING"
_SET = "INSERT INTO meta VALUES ('rules', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


async def settle_rules(pool: Pool, digest: str) -> None:
    """The first intake of a store puts its rules in force; later ones must have the same. Commits. Idempotent.

    Raises RulesNotLoaded when others are in force.
    """
    async with pool.connection() as connection:
        await connection.execute(_FIRST, digest)
        check_rules(await connection.fetchval(_READ), digest)


async def rules_in_force(url: str) -> str | None:
    """The digest in force; None before the first intake ran."""
    async with connected(url) as connection:
        digest: str | None = await connection.fetchval(_READ)
    return digest


async def adopt_rules(url: str, digest: str, reason: str) -> str | None:
    """A person puts other rules in force; returns the digest before. Kept with the reason. Commits.

    An intake that runs with the old ones ends at its next batch and decides nothing more.
    """
    async with connected(url) as connection, connection.transaction():
        old: str | None = await connection.fetchval(f"{_READ} FOR UPDATE")
        await connection.execute(_SET, digest)
        await keep_decision(connection, "rules", old, digest, reason)
    return old
