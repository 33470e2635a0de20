"""A shadow of the tables that follow from the journal, in a schema of its own: filled, compared, put in their place.

Only the database's owner may: the hub's roles can't make tables. Every step is one transaction with its progress, so
what was killed goes on where it was.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from hub.errors import ConfigurationError, LostShard, SwapBlocked
from hub.store import tables
from hub.store.connecting import connected
from hub.store.person_decisions import keep_decision

SHADOW, BEFORE = "fengqiao_rebuild", "fengqiao_before"
FOLLOWING = (tables.case_state, tables.inbox, *tables.PROJECTED)
COLUMNS = {table.name: tuple(column.name for column in table.columns) for table in FOLLOWING}
_KEYS = {table.name: tuple(column.name for column in table.primary_key) for table in FOLLOWING}
_OF_CASES = tuple(name for name, columns in COLUMNS.items() if "case_id" in columns)
_LOCK = 7302
_PROGRESS = f"""
CREATE TABLE {SHADOW}.progress (
    shard smallint PRIMARY KEY, bound bigint NOT NULL, case_id text NOT NULL, entries bigint NOT NULL,
    tallies text NOT NULL, done boolean NOT NULL)"""
_BEGIN = f"""
INSERT INTO {SHADOW}.progress
SELECT s.shard, coalesce(f.seq, 0), '', 0, '[]', false
FROM shard s LEFT JOIN follower f ON f.shard = s.shard AND f.name = 'projector'"""
_READ = f"SELECT shard, bound, case_id, entries, tallies, done FROM {SHADOW}.progress ORDER BY shard"
_MOVE = f"""
UPDATE {SHADOW}.progress SET case_id = $3, entries = $4, tallies = $5, done = $6
WHERE shard = $1 AND case_id = $2 AND NOT done"""
_INDEXES = """
SELECT coalesce(pg_get_constraintdef(c.oid), ''), i.relname, pg_get_indexdef(i.oid) FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype = 'p'
WHERE x.indrelid = $1::regclass ORDER BY 2"""
_OPTIONS = "SELECT coalesce(array_to_string(reloptions, ', '), '') FROM pg_class WHERE oid = $1::regclass"
_GRANTS = """
SELECT grantee, privilege_type FROM information_schema.role_table_grants
WHERE table_schema = 'public' AND table_name = $1 AND grantee <> current_user"""
_HANGING = """
SELECT tgrelid::regclass::text || ' has the trigger ' || tgname FROM pg_trigger
WHERE tgrelid = ANY($1::regclass[]) AND NOT tgisinternal
UNION ALL
SELECT d.refobjid::regclass::text || ' has the view ' || r.ev_class::regclass::text FROM pg_depend d
JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
WHERE d.refobjid = ANY($1::regclass[]) ORDER BY 1 LIMIT 1"""
_HEADS = "SELECT shard, seq FROM shard ORDER BY shard"
_PROJECTED_TO = "SELECT shard, seq FROM follower WHERE name = 'projector'"


@dataclass(slots=True)
class Progress:
    """Of one shard: made from the entries up to `bound`, cases up to `case`; what these entries count."""

    shard: int
    bound: int
    case: str
    entries: int
    tallies: dict[tuple[str, ...], int]
    done: bool


@dataclass(frozen=True, slots=True)
class Different:
    """A row that is not as the journal says. None: there is no such row."""

    table: str
    key: tuple[Any, ...]
    expected: Mapping[str, Any] | None
    found: Mapping[str, Any] | None


class Shadow:
    """On one connection of the owner's."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection

    async def begin(self, anew: bool) -> bool:
        """Make the shadow; False when one is there to go on with. `anew`: drop what is there. Commits.

        Raises ConfigurationError when another rebuild runs, or something hangs on a table that can't be carried over.
        """
        if not await self.connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            raise ConfigurationError(
                "another `fengqiao audit rebuild` runs on this database: wait for it, or end it"
            )
        names = [f"public.{name}" for name in COLUMNS]
        hanging = await self.connection.fetchval(_HANGING, names)
        if hanging is not None:
            raise ConfigurationError(f"table {hanging}, which a rebuild would not carry over: drop it first")
        async with self.connection.transaction():
            if anew:
                await self.connection.execute(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE")
            if await self.connection.fetchval("SELECT to_regnamespace($1)", SHADOW) is not None:
                return False
            await self.connection.execute(f"CREATE SCHEMA {SHADOW}")
            for name in COLUMNS:
                options = await self.connection.fetchval(_OPTIONS, f"public.{name}")
                kept = f" WITH ({options})" if options else ""
                like = f"(LIKE public.{name} INCLUDING DEFAULTS INCLUDING STORAGE){kept}"
                await self.connection.execute(f"CREATE TABLE {SHADOW}.{name} {like}")
            await self.connection.execute(_PROGRESS)
            await self.connection.execute(_BEGIN)
        return True

    async def progress(self) -> list[Progress]:
        """Of all shards."""
        found = await self.connection.fetch(_READ)
        return [
            Progress(row[0], row[1], row[2], row[3], {tuple(k): n for k, n in json.loads(row[4])}, row[5])
            for row in found
        ]

    async def add(self, progress: Progress, before: str, rows: Mapping[str, Iterable[Sequence[Any]]]) -> None:
        """Rows of new cases, with the progress that they are. Commits. Raises LostShard when another has gone on."""
        async with self.connection.transaction():
            await self.connection.execute("SET LOCAL synchronous_commit = off")
            await self._copy(rows)
            tallies = json.dumps([[list(key), number] for key, number in progress.tallies.items()])
            moved = await self.connection.execute(
                _MOVE, progress.shard, before, progress.case, progress.entries, tallies, progress.done
            )
            if moved != "UPDATE 1":
                raise LostShard(f"another rebuild has gone on with shard {progress.shard}")

    async def index(self) -> None:
        """Constraints and indexes as the tables have them, once all shards are done. Commits. Idempotent."""
        async with self.connection.transaction():
            for name in COLUMNS:
                there = await self.connection.fetch(_INDEXES, f"{SHADOW}.{name}")
                if there:
                    continue
                for constraint, index, definition in await self.connection.fetch(_INDEXES, f"public.{name}"):
                    made = definition.replace(f" ON public.{name} ", f" ON {SHADOW}.{name} ")
                    if constraint:
                        made = f"ALTER TABLE {SHADOW}.{name} ADD CONSTRAINT {index} {constraint}"
                    await self.connection.execute(made, timeout=3600)
                await self.connection.execute(f"ANALYZE {SHADOW}.{name}")

    async def replace(self, cases: Sequence[str], rows: Mapping[str, Iterable[Sequence[Any]]]) -> None:
        """The rows of these cases anew, but for the inbox, which is added to. In the caller's transaction."""
        for name in _OF_CASES:
            await self.connection.execute(
                f"DELETE FROM {SHADOW}.{name} WHERE case_id = ANY($1::text[])", list(cases)
            )
        await self._copy({name: found for name, found in rows.items() if name != "inbox"})
        inbox, columns = list(rows.get("inbox", ())), COLUMNS["inbox"]
        marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
        await self.connection.executemany(
            f"INSERT INTO {SHADOW}.inbox ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING",
            inbox,
        )

    async def caught_up(self, shard: int, bound: int, tallies: Mapping[tuple[str, ...], int]) -> None:
        """The shard is made from the entries up to here. In the caller's transaction."""
        text = json.dumps([[list(key), number] for key, number in tallies.items()])
        statement = f"UPDATE {SHADOW}.progress SET bound = $2, tallies = $3 WHERE shard = $1"
        await self.connection.execute(statement, shard, bound, text)

    async def count(self, tallies: Mapping[tuple[str, ...], int]) -> None:
        """The counters of all shards together. In the caller's transaction."""
        await self.connection.execute(f"DELETE FROM {SHADOW}.tally")
        await self._copy({"tally": [(*key, number) for key, number in sorted(tallies.items())]})

    async def heads(self) -> dict[int, tuple[int, int]]:
        """Last entry and the projector's position, by shard, as the caller's transaction sees them."""
        projected = {row[0]: row[1] for row in await self.connection.fetch(_PROJECTED_TO)}
        return {row[0]: (row[1], projected.get(row[0], 0)) for row in await self.connection.fetch(_HEADS)}

    async def differences(self, limit: int) -> AsyncIterator[Different]:
        """Rows in which shadow and tables differ, as the caller's transaction sees them; at most so many of each table."""
        for name, key in _KEYS.items():
            using = ", ".join(key)
            query = (
                f"SELECT made, stored FROM {SHADOW}.{name} made FULL JOIN public.{name} stored USING ({using}) "
                f"WHERE (made.*) IS DISTINCT FROM (stored.*) ORDER BY {using} LIMIT $1"
            )
            for row in await self.connection.fetch(query, limit, timeout=3600):
                made, stored = (None if one is None else dict(one) for one in row)
                there = made or stored or {}
                yield Different(name, tuple(there[column] for column in key), made, stored)

    @asynccontextmanager
    async def one_moment(self) -> AsyncIterator[None]:
        """A transaction that sees one moment, and holds nobody up."""
        async with self.connection.transaction(isolation="repeatable_read"):
            yield

    @asynccontextmanager
    async def standing_still(self, patience_ms: int = 5_000) -> AsyncIterator[None]:
        """A transaction in which nobody writes or reads the tables: intake and projector wait for its end.

        In their order of locks, so nobody waits for each other. Raises SwapBlocked when somebody reads for longer.
        """
        try:
            async with self.connection.transaction():
                await self.connection.execute(f"SET LOCAL lock_timeout = {patience_ms}")
                await self.connection.execute("SELECT 1 FROM shard ORDER BY shard FOR UPDATE")
                await self.connection.execute(
                    "SELECT 1 FROM follower WHERE name = 'projector' ORDER BY shard FOR UPDATE"
                )
                # The shadow's too: else autovacuum, which is at one of them, waits for us and we for it.
                names = ", ".join(f"{schema}.{name}" for name in COLUMNS for schema in ("public", SHADOW))
                await self.connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
                yield
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            raise SwapBlocked("somebody reads or writes the tables for longer than 5 s") from None

    async def swap(self) -> None:
        """The shadow takes the tables' place; they go to the schema `fengqiao_before`. In the caller's transaction."""
        execute = self.connection.execute
        await execute(f"DROP SCHEMA IF EXISTS {BEFORE} CASCADE")
        await execute(f"CREATE SCHEMA {BEFORE}")
        for name in COLUMNS:
            for grantee, privilege in await self.connection.fetch(_GRANTS, name):
                await execute(f'GRANT {privilege} ON {SHADOW}.{name} TO "{grantee}"')
            await execute(f"ALTER TABLE public.{name} SET SCHEMA {BEFORE}")
            await execute(f"ALTER TABLE {SHADOW}.{name} SET SCHEMA public")
        made = {str(shard): seq for shard, (seq, _) in (await self.heads()).items()}
        await execute(f"DROP SCHEMA {SHADOW} CASCADE")
        await keep_decision(
            self.connection, "rebuild", None, made, "case states and projections rebuilt from the journal"
        )

    async def discard(self) -> None:
        """Drop the shadow. Commits."""
        await self.connection.execute(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE")

    async def _copy(self, rows: Mapping[str, Iterable[Sequence[Any]]]) -> None:
        for name, found in rows.items():
            await self.connection.copy_records_to_table(
                name, schema_name=SHADOW, records=found, columns=COLUMNS[name]
            )


@asynccontextmanager
async def shadow_of(url: str) -> AsyncIterator[Shadow]:
    """On the database of this address, as its owner. Raises StoreTrouble, ConfigurationError."""
    async with connected(url) as connection:
        try:
            yield Shadow(connection)
        except asyncpg.InsufficientPrivilegeError as error:
            raise ConfigurationError(f"database: {error}: a rebuild needs the tables' owner") from None
