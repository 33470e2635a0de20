"""The loop of one follower of one shard."""

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from typing import Protocol

from hub.domain.entry import Committed, Entry
from hub.errors import LostShard, Trouble
from hub.following.hand_over import HandOver
from hub.store.ports import FollowerStore

log = logging.getLogger(__name__)


class Work(Protocol):
    """What a follower does with entries. `name` is its row in the table of positions.

    `apply` handles the entries and moves the position from `position` to the last of them by compare-and-set; it
    raises LostShard when another follower has moved it. Doing the same entries twice must be harmless. `handed`:
    whether it takes entries from memory; else it reads the journal alone.
    """

    name: str
    handed: bool

    async def apply(self, shard: int, position: int, entries: Sequence[Committed]) -> None: ...


class Follower:
    """Takes entries from memory, else from the journal, and applies them. `run` ends when cancelled."""

    def __init__(
        self,
        work: Work,
        shard: int,
        store: FollowerStore,
        hand_over: HandOver,
        poll_seconds: float = 1.0,
        batch: int = 500,
    ) -> None:
        self.work, self.shard, self.position = work, shard, 0
        self.moved_at, self.troubled_at = time.monotonic(), -math.inf
        self._store, self._hand_over, self._poll, self._batch = store, hand_over, poll_seconds, batch
        self._behind = True

    async def run(self) -> None:
        """Follow until cancelled; troubles are waited out with backoff, then the position is read again."""
        delay, placed = 0.2, False
        while True:
            try:
                if not placed:
                    self.position = await self._store.follower(self.work.name, self.shard)
                    self._behind = placed = True
                await self._follow()
                delay = 0.2
            except LostShard as lost:
                log.warning("%s of shard %d: %s", self.work.name, self.shard, lost)
                placed = False
                await asyncio.sleep(delay)
            except Trouble as trouble:
                self.troubled_at = time.monotonic()
                log.warning("%s of shard %d: %s; again in %.1f s", self.work.name, self.shard, trouble, delay)
                placed = False
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10.0)

    async def _follow(self) -> None:
        """One batch: from memory where it follows the position, else from the journal."""
        entries = self._hand_over.take(self.position, self._batch)
        if not entries and (
            self._behind or self._hand_over.hole or not await self._hand_over.wait(self._poll)
        ):
            rows = await self._store.read(self.shard, self.position, self._batch)
            entries = [Committed(Entry.from_bytes(raw)) for _, raw in rows]
            self._behind = len(rows) == self._batch
        if entries:
            await self._apply(entries)

    async def _apply(self, entries: Sequence[Committed]) -> None:
        await self.work.apply(self.shard, self.position, entries)
        self.position = entries[-1].entry.seq
        self.moved_at = time.monotonic()
