"""What waits, for the timekeeper."""

from datetime import datetime
from typing import Protocol

from hub.store.pool import Pool

_WAITING = """
SELECT case_id, max(since) FROM parked WHERE reason IN ('early', 'held') AND since < $1 AND case_id IS NOT NULL
GROUP BY case_id ORDER BY 2 LIMIT 1000"""


class WaitingReader(Protocol):
    """Raises StoreTrouble."""

    async def database_time(self) -> datetime: ...
    async def waiting_before(self, limit: datetime) -> list[tuple[str, datetime]]: ...


class PostgresWaiting:
    """See `WaitingReader`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def database_time(self) -> datetime:
        """The database server's clock."""
        async with self._pool.connection() as connection:
            at: datetime = await connection.fetchval("SELECT clock_timestamp()")
        return at

    async def waiting_before(self, limit: datetime) -> list[tuple[str, datetime]]:
        """Cases in which early or held messages wait since before the limit, with the latest such moment; index scan, 1,000 at most."""
        async with self._pool.connection() as connection:
            return [(row[0], row[1]) for row in await connection.fetch(_WAITING, limit)]
