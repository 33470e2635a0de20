"""Bringing a database to the present schema, and making it the store of one hub with a fixed number of shards."""

import asyncio
from importlib import resources

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from hub.errors import ConfigurationError, ShardCountMismatch
from hub.store.connecting import connected, explained
from hub.store.url import sqlalchemy_url


async def upgrade(dsn: str, shards: int) -> None:
    """Run the migrations and settle the shard count. Idempotent; safe when several processes start at once.

    Raises ShardCountMismatch when the store was made for another number of shards, StoreTrouble when the server is
    away, ConfigurationError when it does not let us in.
    """
    # A look first: SQLAlchemy wraps the driver's reasons for a connection that can't be had.
    async with connected(dsn):
        pass
    engine = create_async_engine(sqlalchemy_url(dsn))
    try:
        with explained():
            async with engine.begin() as connection:
                await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7299)")
                await connection.run_sync(_migrate)
    finally:
        await engine.dispose()
    async with connected(dsn) as settling, settling.transaction():
        await _settle(settling, shards)


async def _settle(connection: "asyncpg.Connection[asyncpg.Record]", shards: int) -> None:
    if shards < 1:
        raise ConfigurationError(f"shards: {shards} must be at least 1")
    await connection.execute("SELECT pg_advisory_xact_lock(7299)")
    stored = await connection.fetchval("SELECT value FROM meta WHERE name = 'shards'")
    if stored is not None and int(stored) != shards:
        raise ShardCountMismatch(
            f"the store has {stored} shards, the settings say {shards}; the number can't change"
        )
    if stored is None:
        await connection.execute("INSERT INTO meta VALUES ('shards', $1)", str(shards))
    for number in range(shards):
        await connection.execute("INSERT INTO shard VALUES ($1, 0, '') ON CONFLICT DO NOTHING", number)
        await connection.execute(
            "SELECT journal_ensure($1, seq + 1000000) FROM shard WHERE shard = $1", number
        )


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(resources.files("hub.store") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def upgrade_now(dsn: str, shards: int) -> None:
    """The same from code that has no event loop."""
    asyncio.run(upgrade(dsn, shards))
