"""What waits, for the timekeeper."""

from datetime import datetime
from typing import Protocol

from hub.store.pool import Pool

_WAITING = """
SELECT case_id, max(since) FROM parked WHERE reason IN ('early', 'held') AND since < $1 AND case_id IS NOT NULL
GROUP BY case_id ORDER BY 2 LIMIT 1000"""


_KNOWN = """
SELECT p.case_id, min(a.case_id), max(p.since) FROM parked p
JOIN alias a ON a.department = split_part(p.case_id, ':', 2) AND a.kind = split_part(p.case_id, ':', 3)
    AND p.case_id = 'alias:' || a.department || ':' || a.kind || ':' || a.number
WHERE p.reason IN ('early', 'held') AND p.case_id LIKE 'alias:%' GROUP BY p.case_id ORDER BY 1 LIMIT 1000"""


class WaitingReader(Protocol):
    """Raises StoreTrouble."""

    async def database_time(self) -> datetime: ...
    async def waiting_before(self, limit: datetime) -> list[tuple[str, datetime]]: ...
    async def known_aliases(self) -> list[tuple[str, str, datetime]]: ...


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
        """Cases where early or held messages wait since before the limit, with the latest such moment: at most 1,000."""
        async with self._pool.connection() as connection:
            return [(row[0], row[1]) for row in await connection.fetch(_WAITING, limit)]

    async def known_aliases(self) -> list[tuple[str, str, datetime]]:
        """Numbers under which messages wait and that name a case by now: one such case, since when the last waits."""
        async with self._pool.connection() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.fetch(_KNOWN)]
