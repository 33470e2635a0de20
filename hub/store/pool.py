"""Connections to PostgreSQL for the hot path, and one place where the driver's troubles become ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import asyncpg
from asyncpg.pool import PoolConnectionProxy as Connection

from hub.errors import StoreTrouble
from hub.store.connecting import explained
from hub.store.roles import HUB_ROLE
from hub.store.url import plain_dsn

__all__ = ["Connection", "Pool"]

# SQLSTATE classes that say "the server or the connection is away", not "your statement is wrong".
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # The driver's protocol is confused: a server that was killed says so in the middle, or between two statements.
    asyncpg.InternalClientError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    OSError,
    TimeoutError,
)

# Every statement of the hot path goes by keys, and keeps the plan that it got when the tables were empty. Left its choice,
# the planner reads whole tables to join them with five hundred ids, and goes on doing so when they have grown.
_BY_KEY = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}


async def _as_it_is(connection: "Connection[asyncpg.Record]") -> None:
    """Nothing of ours outlives its transaction, and asyncpg itself rolls back one left open: no round trip is needed."""


_BEGIN, _TICK = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@lru_cache(1024)
def _ticks(moment: datetime) -> tuple[int]:
    return ((moment - _BEGIN) // _TICK,)


@lru_cache(1024)
def _moment(ticks: tuple[int]) -> datetime:
    return _BEGIN + timedelta(microseconds=ticks[0])


async def _moments_by_ticks(connection: "Connection[asyncpg.Record]") -> None:
    """asyncpg's own way with a moment costs ten times what a text does, and the rows of a batch share their moments."""
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=_ticks, decoder=_moment, format="tuple"
    )


class Pool:
    """A pool of connections that act as the hub's role: append to the journal, never change it.

    `by_key`: every statement goes by keys; else the planner is left its choice.
    """

    def __init__(self, url: str, size: int = 10, role: str = HUB_ROLE, by_key: bool = True) -> None:
        self._dsn, self._size, self._role = plain_dsn(url), size, role
        self._planner = {"jit": "off", **(_BY_KEY if by_key else {})}
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def start(self) -> None:
        """Open the pool. Raises StoreTrouble, ConfigurationError."""
        with_role = {"role": self._role, "application_name": "fengqiao", **self._planner}
        try:
            with explained():
                self._pool = await asyncpg.create_pool(
                    self._dsn,
                    min_size=1,
                    max_size=self._size,
                    server_settings=with_role,
                    command_timeout=60,
                    init=_moments_by_ticks,
                    reset=_as_it_is,
                )
        except _AWAY as error:
            raise StoreTrouble(f"PostgreSQL does not answer: {error!r}") from error

    async def stop(self) -> None:
        """Close what is open; running statements may end first (5 s)."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection[asyncpg.Record]"]:
        """A connection. Raises StoreTrouble for everything that means the server is away."""
        if self._pool is None:
            raise StoreTrouble("the pool is not open")
        try:
            async with self._pool.acquire() as connection:
                yield connection
        except _AWAY as error:
            raise StoreTrouble(f"PostgreSQL: {error!r}") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Connection[asyncpg.Record]"]:
        """A connection inside one transaction: commits when the block ends without an error."""
        async with self.connection() as connection, connection.transaction():
            yield connection
