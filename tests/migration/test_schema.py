"""The schema that migrations build, the roles that use it, and the journal that nobody changes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from hub.errors import ConfigurationError, ShardCountMismatch, StoreTrouble
from hub.store.roles import HUB_ROLE, READER_ROLE, RECORDER_ROLE
from hub.store.tables import metadata
from hub.store.upgrade import upgrade
from hub.store.url import sqlalchemy_url

SHARDS = 3
WRITE = "INSERT INTO journal VALUES ($1, $2, 'c', 'decided', now(), 'entry', 'leaf')"
CHANGES = [
    "UPDATE {table} SET entry = 'forged'",
    "UPDATE {table} SET seq = seq + 1",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
]


@pytest.fixture
async def made(database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """An upgraded database with an entry on each shard; a connection as its owner."""
    await upgrade(database, SHARDS)
    connection = await asyncpg.connect(database)
    for shard in range(SHARDS):
        await connection.execute(WRITE, shard, 1)
    yield connection
    await connection.close()


async def as_role(connection: "asyncpg.Connection[asyncpg.Record]", role: str, statement: str) -> None:
    """Run a statement as one of the hub's roles."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {role}")
        await connection.execute(statement)


async def schema_of(database: str) -> list[tuple[Any, ...]]:
    """Tables, columns, indexes, triggers, functions and grants as the server tells them."""
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns"
        " WHERE table_schema = 'public'",
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = 'public'",
        "SELECT * FROM alembic_version",
    )
    connection = await asyncpg.connect(database)
    try:
        rows = [row for query in queries for row in await connection.fetch(query)]
        return sorted(tuple(map(str, row)) for row in rows)
    finally:
        await connection.close()


def differences(connection: Connection) -> list[Any]:
    """What separates the database from `hub.store.tables`, but for partitions and Alembic's own table."""

    def ours(name: str | None, type_: str, parents: Any) -> bool:
        return type_ != "table" or (name != "alembic_version" and not (name or "").startswith("journal_"))

    options = {"include_name": ours, "compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_migrations_build_what_the_tables_say(database: str) -> None:
    await upgrade(database, SHARDS)
    engine = create_async_engine(sqlalchemy_url(database))
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
            await connection.execute(text("ALTER TABLE task ADD COLUMN forgotten text"))
            await connection.execute(text("DROP INDEX task_case"))
            assert len(await connection.run_sync(differences)) == 2
    finally:
        await engine.dispose()


async def test_upgrading_again_changes_nothing(database: str) -> None:
    await upgrade(database, SHARDS)
    before = await schema_of(database)
    await upgrade(database, SHARDS)
    assert await schema_of(database) == before


async def test_several_processes_may_upgrade_at_once(database: str) -> None:
    await asyncio.gather(*(upgrade(database, SHARDS) for _ in range(4)))
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM shard") == SHARDS
    await connection.close()


@pytest.mark.parametrize("shards", [1, 2, 4])
async def test_another_shard_count_is_refused(database: str, shards: int) -> None:
    await upgrade(database, SHARDS)
    before = await schema_of(database)
    with pytest.raises(ShardCountMismatch, match=f"has {SHARDS} shards, the settings say {shards}"):
        await upgrade(database, shards)
    assert await schema_of(database) == before


async def test_no_shards_at_all_are_refused(database: str) -> None:
    with pytest.raises(ConfigurationError, match="shards: 0 must be at least 1"):
        await upgrade(database, 0)


async def test_a_server_that_is_away_is_trouble() -> None:
    with pytest.raises(StoreTrouble):
        await upgrade("postgresql://nobody@127.0.0.1:9/none", 1)


async def tables_of_the_journal(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """The journal, its shards' tables and the partitions below them."""
    rows = await connection.fetch("SELECT relid::regclass::text FROM pg_partition_tree('journal')")
    names = [row[0] for row in rows]
    assert len(names) >= 1 + 2 * SHARDS
    return names


@pytest.mark.parametrize("change", CHANGES)
async def test_nobody_changes_the_journal(made: "asyncpg.Connection[asyncpg.Record]", change: str) -> None:
    """The hub by lack of grant, the owner by trigger, also behind the journal's back on each partition."""
    for table in await tables_of_the_journal(made):
        holds = await made.fetchval(f"SELECT count(*) FROM {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_role(made, HUB_ROLE, change.format(table=table))
        if holds == 0 and not change.startswith("TRUNCATE"):
            continue
        with pytest.raises(asyncpg.RestrictViolationError, match="the journal is append-only"):
            await made.execute(change.format(table=table))
    assert await made.fetchval("SELECT count(*) FROM journal WHERE entry = 'entry' AND seq = 1") == SHARDS


@pytest.mark.parametrize("change", CHANGES)
async def test_nobody_changes_the_record_of_reads(
    made: "asyncpg.Connection[asyncpg.Record]", change: str
) -> None:
    await made.execute("INSERT INTO access_record VALUES (1, now(), 'o', 'w', '{c}', 'entry', 'leaf', '')")
    for role in (HUB_ROLE, READER_ROLE, RECORDER_ROLE):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_role(made, role, change.format(table="access_record"))
    with pytest.raises(asyncpg.RestrictViolationError, match="the record of reads is append-only"):
        await made.execute(change.format(table="access_record"))


async def test_a_partition_made_later_is_guarded_as_well(made: "asyncpg.Connection[asyncpg.Record]") -> None:
    before = await tables_of_the_journal(made)
    async with made.transaction():
        await made.execute(f"SET LOCAL ROLE {HUB_ROLE}")
        assert await made.fetchval("SELECT journal_ensure(0, 4500000)") >= 3
    new = [table for table in await tables_of_the_journal(made) if table not in before]
    assert new
    await made.execute(WRITE, 0, 4_400_000)
    for change in CHANGES:
        with pytest.raises(asyncpg.RestrictViolationError):
            await made.execute(change.format(table="journal_0_4"))
    with pytest.raises(asyncpg.RestrictViolationError):
        await made.execute("TRUNCATE journal_0_3")


async def test_the_hub_appends(made: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with made.transaction():
        await made.execute(f"SET LOCAL ROLE {HUB_ROLE}")
        await made.execute(WRITE, 1, 2)
        with pytest.raises(asyncpg.UniqueViolationError):
            async with made.transaction():
                await made.execute(WRITE, 1, 2)


@pytest.mark.parametrize("role", [HUB_ROLE, READER_ROLE, RECORDER_ROLE])
async def test_roles_may_do_no_more_than_they_need(
    made: "asyncpg.Connection[asyncpg.Record]", role: str
) -> None:
    rows = await made.fetch(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = $1 AND table_schema = 'public'",
        role,
    )
    grants: dict[str, set[str]] = {}
    for table, privilege in rows:
        grants.setdefault(table, set()).add(privilege)
    if role == READER_ROLE:
        assert set().union(*grants.values()) == {"SELECT"}
        assert "case_key" not in grants
    elif role == RECORDER_ROLE:
        assert grants.pop("access_record") == {"SELECT", "INSERT"}
        assert grants == {table: {"SELECT"} for table in ("journal", "inbox", "case_key")}
    else:
        assert grants["access_record"] == {"SELECT"}
        assert grants["journal"] == grants["inbox"] == grants["erased_key"] == {"SELECT", "INSERT"}
        assert grants["case_key"] == {"SELECT", "INSERT", "DELETE"}
        assert grants["parked"] == {"SELECT", "INSERT", "DELETE"}
        assert not any("TRUNCATE" in held for held in grants.values())
    for ddl in ("CREATE TABLE x (a int)", "DROP TABLE task", "ALTER TABLE journal DISABLE TRIGGER ALL"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_role(made, role, ddl)
