"""The projector: follows the journal and keeps the projected tables. Any of it can be dropped and rebuilt."""

from collections.abc import Sequence
from typing import Protocol

from hub.domain.entry import Committed, Entry


class Projections(Protocol):
    """Writes what entries change and moves the position in one transaction; raises LostShard, StoreTrouble."""

    async def apply(self, name: str, shard: int, position: int, entries: Sequence[Entry]) -> None: ...


class Projector:
    """See `hub.following.follower.Work`."""

    name = "projector"
    handed = True

    def __init__(self, projections: Projections) -> None:
        self._projections = projections

    async def apply(self, shard: int, position: int, entries: Sequence[Committed]) -> None:
        """One transaction for the entries and the position."""
        await self._projections.apply(self.name, shard, position, [each.entry for each in entries])
