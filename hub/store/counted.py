"""Breaches of departments counted over all cases, for the timekeeper."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.store.taken import PostgresTaken, TakenReader

# By the index on breached_at: only what was found in the period is read.
_NTH = """
SELECT owner, case_id, number, task, breached_at FROM (
    SELECT owner, case_id, number, task, breached_at,
        row_number() OVER (PARTITION BY owner ORDER BY breached_at, id) AS nth
    FROM deadline WHERE breached_at >= $1 AND breached_at < $2 AND clock <> ALL($3::text[])) AS counted
WHERE nth = $4 ORDER BY owner"""


class Nth(NamedTuple):
    """The n-th breach of a department in a period."""

    owner: str
    case: str
    number: int
    task: str
    at: datetime


class CountedReader(TakenReader, Protocol):
    """Raises StoreTrouble."""

    async def nth_breaches(
        self, first: datetime, before: datetime, without: Collection[str], nth: int
    ) -> list[Nth]: ...


class PostgresCounted(PostgresTaken):
    """See `CountedReader`."""

    async def nth_breaches(
        self, first: datetime, before: datetime, without: Collection[str], nth: int
    ) -> list[Nth]:
        """Of every department that has so many from `first` up to `before`, the n-th; clocks `without` do not count."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_NTH, first, before, sorted(without), nth)
        return [Nth(*row) for row in rows]
