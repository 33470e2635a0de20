"""Fair turns between the source topics of a shard: one department's flood fills no batch that others wait for."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

P = TypeVar("P")
Found = dict[P, list[Any]]
# Who has written lately will write again, and should not find a whole batch of a flood before him.
LATELY = 60.0
_PARTS = 8


class Turns:
    """Of one shard. While only one topic has anything, it gets whole batches; otherwise each gets an eighth, in turn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shared_until = float("-inf")
        self._first = 0

    async def take(
        self,
        places: Sequence[P],
        most: int,
        first: Callable[[int], Awaitable[Found[P]]],
        more: Callable[[P, int], Awaitable[list[Any]]],
    ) -> Found[P]:
        """At most `most` records by place, which is a topic's partition. `first`: what there is in any, up to so many,
        waiting for it; `more`: what one has at hand now.
        """
        share = max(1, most // _PARTS)
        shared = self._clock() < self._shared_until
        limit = share if shared else max(1, most - share)
        found = await first(limit)
        left = most - sum(map(len, found.values()))
        if most - left < limit:
            return self._noted(found, share, flood=shared)
        self._first += 1
        turn = self._first % len(places)
        for place in [*places[turn:], *places[:turn]]:
            if place not in found and left and (some := await more(place, min(share, left))):
                found[place] = some
                left -= len(some)
        alone = len(found) == 1 and not shared
        if alone or (len(found) > 1 and all(len(some) >= share for some in found.values())):
            # Nobody would gain from a smaller batch.
            for place, some in found.items():
                some += await more(place, left // len(found))
        return self._noted(found, share, flood=True)

    def _noted(self, found: Found[P], share: int, flood: bool) -> Found[P]:
        if len([some for some in found.values() if some]) > 1 or (
            flood and any(0 < len(some) < share for some in found.values())
        ):
            self._shared_until = self._clock() + LATELY
        return found
