"""What waits to be read, relayed and projected, at which rate it gets less, and how long that will take."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hub.bus.kafka_source import log_ends
from hub.bus.topics import TopicNames
from hub.opened import opened
from hub.rules.loader import load_rules
from hub.settings import Settings
from hub.store.reading import ReadStore, Standing

# Over how long a pace is taken, and from how much on a backlog is worth a line in the log.
WINDOW_SECONDS, WORTH_SAYING = 60.0, 1_000
_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """`left`: what waits. `per_second`: how much was done. `seconds`: until nothing waits; None when it does not get less."""

    left: int
    per_second: float
    seconds: float | None

    def __str__(self) -> str:
        if not self.left:
            return "nothing waits"
        until = "it does not get less" if self.seconds is None else f"some {_span(self.seconds)} left"
        return f"{self.left:,} wait, {self.per_second:,.0f} a second, {until}"


class Backlog:
    """Looks at two counters now and then: what is done in all, what is left to do."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looks: deque[tuple[float, int, int]] = deque()

    def look(self, done: int, left: int) -> Pace:
        """The pace since the oldest look that is no older than the window. A counter that went back begins anew."""
        now = self._clock()
        if self._looks and done < self._looks[-1][1]:
            self._looks.clear()
        self._looks.append((now, done, left))
        while now - self._looks[0][0] > WINDOW_SECONDS:
            self._looks.popleft()
        since, done_then, left_then = self._looks[0]
        if (took := now - since) <= 0:
            return Pace(left, 0.0, None if left else 0.0)
        less = (left_then - left) / took
        seconds = 0.0 if not left else left / less if less > 0 else None
        return Pace(left, (done - done_then) / took, seconds)

    def forget(self) -> None:
        """Nothing is known of the time since the last look."""
        self._looks.clear()


async def backlogs(settings: Settings) -> dict[str, Pace]:
    """The pace of intake (records) and of each follower (journal entries), looked at twice when anything waits.

    Raises BusTrouble, StoreTrouble.
    """
    names = TopicNames(settings.topic_prefix)
    topics = names.sources(load_rules(settings.city, overlay=settings.rules).departments)
    places = [(topic, shard) for topic in topics for shard in range(settings.shards)]
    async with opened(ReadStore(settings.database)) as store:
        found: dict[str, Backlog] = {}
        paces: dict[str, Pace] = {}
        for look in range(2):
            ends = await log_ends(settings.kafka_address, places)
            for name, (done, left) in _counters(await store.standing(), ends).items():
                paces[name] = found.setdefault(name, Backlog()).look(done, left)
            if look or not any(pace.left for pace in paces.values()):
                break
            await asyncio.sleep(_PAUSE)
        return paces


def _counters(standing: Standing, ends: dict[tuple[str, int], int]) -> dict[str, tuple[int, int]]:
    read = sum(standing.positions.get(place, 0) for place in ends)
    to_read = sum(max(end - standing.positions.get(place, 0), 0) for place, end in ends.items())
    counters = {"intake": (read, to_read)}
    for name in sorted({name for name, _ in standing.followers}):
        passed = sum(seq for (who, _), seq in standing.followers.items() if who == name)
        counters[name] = passed, sum(standing.heads.values()) - passed
    return counters


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
