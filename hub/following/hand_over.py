"""Handing committed entries to the followers in memory. Reading the journal is the recovery path (5a.4)."""

import asyncio
from collections import deque
from collections.abc import Sequence

from hub.domain.entry import Committed

# A handed entry with its message takes some 10 KB, and each shard has two followers.
LIMIT = 2_000


class HandOver:
    """Committed entries of one shard for one follower. Drops what the follower is too far behind for.

    `hole`: the last `take` found only entries beyond the position; they stay, what is between is in the journal.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._entries: deque[Committed] = deque()
        self._arrived = asyncio.Event()
        self._limit = limit
        self.hole = False

    def put(self, committed: Sequence[Committed]) -> None:
        """Add entries in order and wake the follower. Never blocks; beyond the limit the older ones go."""
        if len(self._entries) + len(committed) > self._limit:
            self._entries.clear()
        self._entries.extend(committed)
        self._arrived.set()

    def take(self, position: int, limit: int) -> list[Committed]:
        """Entries that follow `position` without a gap; those passed already are dropped. Empty when there is a `hole`."""
        while self._entries and self._entries[0].entry.seq <= position:
            self._entries.popleft()
        taken: list[Committed] = []
        while (
            self._entries and len(taken) < limit and self._entries[0].entry.seq == position + 1 + len(taken)
        ):
            taken.append(self._entries.popleft())
        self.hole = not taken and bool(self._entries)
        return taken

    async def wait(self, seconds: float) -> bool:
        """Wait for something to be put; False when the time is over.

        Not by `asyncio.wait_for`: in Python 3.11 it may swallow a cancellation that comes just when the time is over.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return False
        finally:
            self._arrived.clear()
        return True
