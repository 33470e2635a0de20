"""A brake per source topic: where too large a share gets parked, that topic is paused; the others go on (5)."""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from hub.domain.entry import Committed, Outcome
from hub.errors import ParkingName

log = logging.getLogger(__name__)
_WAITING = (ParkingName.EARLY.value, ParkingName.HELD.value)


class Brake:
    """Pauses a topic for `pause` seconds when, of its last `window` records, at least `share` were parked as junk.

    Early and held messages are normal traffic and do not count. State is per process and is forgotten on restart.
    """

    def __init__(
        self,
        window: int = 200,
        share: float = 0.5,
        pause: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window, self._share, self._pause, self._clock = window, share, pause, clock
        self._recent: dict[str, deque[bool]] = {}
        self._until: dict[str, float] = {}

    def count(self, committed: Sequence[Committed]) -> None:
        """Look at what a batch became."""
        for each in committed:
            entry = each.entry
            if entry.origin is None or entry.refers is not None:
                continue
            junk = entry.outcome is Outcome.PARKED and entry.reason not in _WAITING
            recent = self._recent.setdefault(entry.origin.topic, deque(maxlen=self._window))
            recent.append(junk)
            if junk and len(recent) == self._window and sum(recent) >= self._share * self._window:
                self._until[entry.origin.topic] = self._clock() + self._pause
                recent.clear()
                log.error(
                    "brake: %s is paused for %.0f s: too much of it gets parked",
                    entry.origin.topic,
                    self._pause,
                )

    def holds(self, topic: str) -> bool:
        """Whether the topic is paused now."""
        return self._until.get(topic, 0.0) > self._clock()

    def held(self) -> list[str]:
        """The topics that are paused now."""
        return [topic for topic in self._until if self.holds(topic)]
