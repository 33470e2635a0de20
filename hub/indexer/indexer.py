"""The indexer: follows the journal and keeps the indexes that auditors search. Any of it can be dropped and rebuilt."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from hub.domain.case import MessageRef
from hub.domain.entry import Committed, Entry
from hub.indexer.rows import IndexRows, needed, rows_of
from hub.relay.contents import Contents
from hub.store.sealing import Sealer

# Nobody waits for an index: in a process with the hot path the indexer takes a twentieth of its time at most.
REST_BESIDE_INTAKE = 19.0
_TOGETHER = 50

Make = Callable[[Mapping[MessageRef, Entry], Mapping[str, bytes]], IndexRows]


class Indexes(Protocol):
    """Writes what `make` gives and moves the position in one transaction; raises LostShard, StoreTrouble.

    `make` gets the entries of the messages in `refs` and the wrapped keys of `cases`, as they are after the lock that an
    erasure waits for.
    """

    async def apply(
        self,
        name: str,
        shard: int,
        position: int,
        upto: int,
        refs: set[MessageRef],
        cases: set[str],
        make: Make,
    ) -> None: ...


class Indexer:
    """See `hub.following.follower.Work`. `rest`: so many times as long as it worked it leaves the process to others."""

    name = "indexer"
    handed = False

    def __init__(self, indexes: Indexes, contents: Contents, sealer: Sealer, rest: float = 0.0) -> None:
        self._indexes, self._contents, self._sealer, self._rest = indexes, contents, sealer, rest

    async def apply(self, shard: int, position: int, entries: Sequence[Committed]) -> None:
        """A transaction for each few entries: a long one would make an erasure wait."""
        for first in range(0, len(entries), _TOGETHER):
            began = time.monotonic()
            some = [each.entry for each in entries[first : first + _TOGETHER]]
            await self._few(shard, position, some)
            position = some[-1].seq
            await asyncio.sleep(self._rest * (time.monotonic() - began))

    async def _few(self, shard: int, position: int, entries: Sequence[Entry]) -> None:
        own = {
            MessageRef(entry.source or "", entry.message or ""): entry
            for entry in entries
            if entry.open is not None
        }
        refs = needed(entries) - own.keys()

        def make(others: Mapping[MessageRef, Entry], keys: Mapping[str, bytes]) -> IndexRows:
            holders = {**others, **own}
            opened = {
                ref: self._contents.open_entry(entry, keys.get(entry.case or ""))
                for ref, entry in holders.items()
            }
            return rows_of(entries, opened, self._sealer.person_token)

        cases = {entry.case for entry in own.values() if entry.case is not None}
        await self._indexes.apply(self.name, shard, position, entries[-1].seq, refs, cases, make)
