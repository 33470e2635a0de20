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
    """Of one shard. Who has more than an eighth of a batch leaves it at that while anybody else has written lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Any, float] = {}
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
        found = await first(share)
        left = most - sum(map(len, found.values()))
        if most - left >= share:
            self._first += 1
            turn = self._first % len(places)
            for place in [*places[turn:], *places[:turn]]:
                if place not in found and left and (some := await more(place, min(share, left))):
                    found[place] = some
                    left -= len(some)
            if self._all_flood(found, share):
                for place, some in found.items():
                    some += await more(place, left // len(found))
        now = self._clock()
        self._seen |= {place: now for place, some in found.items() if 0 < len(some) < share}
        return found

    def _all_flood(self, found: Found[P], share: int) -> bool:
        """Nobody would gain from a smaller batch."""
        since = self._clock() - LATELY
        little = any(at > since and place not in found for place, at in self._seen.items())
        return not little and (len(found) == 1 or all(len(some) >= share for some in found.values()))
