"""Which of the hub's own messages intake has read, for those parts of the timekeeper that say a thing until it was read."""

from collections.abc import Collection
from typing import Protocol

from hub.store.pool import Pool

_TAKEN = "SELECT message_id FROM inbox WHERE source = 'hub' AND message_id = ANY($1::text[])"


class TakenReader(Protocol):
    """Raises StoreTrouble."""

    async def taken(self, messages: Collection[str]) -> set[str]: ...


class PostgresTaken:
    """See `TakenReader`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def taken(self, messages: Collection[str]) -> set[str]:
        """Which of these messages of the hub intake has read."""
        async with self._pool.connection() as connection:
            return {row[0] for row in await connection.fetch(_TAKEN, sorted(messages))}
