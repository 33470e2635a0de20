"""Time limits that a change of rules may move, for the timekeeper; and after which change they were last looked at."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from hub.domain.timetable import written
from hub.store.pool import Pool

# What was met too late may turn out to have been in time.
_PAGE = """
SELECT id, case_id, clock, since, coalesce(computed, due), provisional FROM deadline
WHERE id > $1 AND since IS NOT NULL AND (state <> 'ended' OR breached_at IS NOT NULL) ORDER BY id LIMIT $2"""
_CHANGED = """
SELECT (SELECT value FROM meta WHERE name = 'rules'), (SELECT max(name) FROM meta WHERE name LIKE 'rules/%'),
    (SELECT value FROM meta WHERE name = 'recomputed')"""
_KEEP = "INSERT INTO meta VALUES ('recomputed', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
# Waits for a batch that was begun under the rules before.
_HEADS = "SELECT shard, seq FROM shard FOR SHARE"
_PROJECTED = "SELECT shard, seq FROM follower WHERE name = 'projector'"


class RunningRow(NamedTuple):
    """A time limit as it is projected. `due`: the first moment that is too late, as computed."""

    id: str
    case: str
    clock: str
    since: str
    due: str
    provisional: bool


class InForce(NamedTuple):
    """`digest` is in force since the `change` (None: there was none); `done`: the one after which all was looked at."""

    digest: str | None
    change: str | None
    done: str | None


class RunningReader(Protocol):
    """Raises StoreTrouble."""

    async def in_force(self) -> InForce: ...
    async def heads(self) -> Mapping[int, int]: ...
    async def projected(self) -> Mapping[int, int]: ...
    async def running(self, after: str, limit: int) -> list[RunningRow]: ...
    async def recomputed(self, change: str) -> None: ...


class PostgresRunning:
    """See `RunningReader`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def in_force(self) -> InForce:
        """The last change of rules by a person, and the last one that was followed."""
        async with self._pool.connection() as connection:
            return InForce(*await connection.fetchrow(_CHANGED))

    async def heads(self) -> Mapping[int, int]:
        """The last entry of each shard, no batch being under way."""
        async with self._pool.connection() as connection:
            return {row[0]: row[1] for row in await connection.fetch(_HEADS)}

    async def projected(self) -> Mapping[int, int]:
        """How far the projector has come in each shard; one that it has not begun is not there."""
        async with self._pool.connection() as connection:
            return {row[0]: row[1] for row in await connection.fetch(_PROJECTED)}

    async def running(self, after: str, limit: int) -> list[RunningRow]:
        """Time limits of the law in the order of their ids, beyond `after`: at most `limit`."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_PAGE, after, limit)
        return [RunningRow(r[0], r[1], r[2], r[3], written(r[4]), r[5]) for r in rows]

    async def recomputed(self, change: str) -> None:
        """All of them were looked at after this change. Commits."""
        async with self._pool.connection() as connection:
            await connection.execute(_KEEP, change)
