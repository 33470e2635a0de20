"""Time limits whose moment has come, for the timekeeper."""

from datetime import datetime
from typing import NamedTuple, Protocol

from hub.store.pool import Pool

# By the index on (next, id) of those that have a next moment: what waits or is over is never read.
FIRST_PAGE = """
SELECT next, id, case_id, number, clock, moved FROM deadline WHERE next <= $1 AND next IS NOT NULL
ORDER BY next, id LIMIT $2"""
NEXT_PAGE = """
SELECT next, id, case_id, number, clock, moved FROM deadline
WHERE next <= $1 AND next IS NOT NULL AND (next, id) > ($3, $4) ORDER BY next, id LIMIT $2"""


class DueRow(NamedTuple):
    """A time limit and the moment for which it waits. `moved`: sequence of the entry that last moved it; None: none did."""

    next: datetime
    id: str
    case: str
    number: int
    clock: str
    moved: int | None


class DueReader(Protocol):
    """Raises StoreTrouble."""

    async def due_deadlines(
        self, upto: datetime, after: tuple[datetime, str] | None, limit: int
    ) -> list[DueRow]: ...


class PostgresDue:
    """See `DueReader`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def due_deadlines(
        self, upto: datetime, after: tuple[datetime, str] | None, limit: int
    ) -> list[DueRow]:
        """Those whose moment is not later than `upto`, in the order of moment and id, beyond `after`: at most `limit`."""
        async with self._pool.connection() as connection:
            if after is None:
                rows = await connection.fetch(FIRST_PAGE, upto, limit)
            else:
                rows = await connection.fetch(NEXT_PAGE, upto, limit, *after)
        return [DueRow(*row) for row in rows]
