"""Handing committed entries to the followers in memory. Reading the journal is the recovery path (5a.4)."""

import asyncio
from collections import deque
from collections.abc import Sequence

from hub.intake.batch import Committed

LIMIT = 20_000


class HandOver:
    """Committed entries of one shard for one follower. Drops all when the follower is too far behind: it then reads.

    `hole`: the last `take` found entries that do not follow the position; what is between is in the journal.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._entries: deque[Committed] = deque()
        self._arrived = asyncio.Event()
        self._limit = limit
        self.hole = False

    def put(self, committed: Sequence[Committed]) -> None:
        """Add entries in order and wake the follower. Never blocks."""
        if len(self._entries) + len(committed) > self._limit:
            self._entries.clear()
        else:
            self._entries.extend(committed)
        self._arrived.set()

    def take(self, position: int, limit: int) -> list[Committed]:
        """Entries that follow `position` without a gap; those passed already are dropped. Empty when there is a `hole`."""
        while self._entries and self._entries[0].entry.seq <= position:
            self._entries.popleft()
        self.hole = bool(self._entries) and self._entries[0].entry.seq != position + 1
        if self.hole:
            self._entries.clear()
        return [self._entries.popleft() for _ in range(min(limit, len(self._entries)))]

    async def wait(self, seconds: float) -> bool:
        """Wait for something to be put; False when the time is over."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            self._arrived.clear()
        return True
