"""Waiting between attempts, and knowing whether a loop still lives."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]
"""Gives Unix seconds."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits in seconds that double from `first` up to `longest`."""

    first: float = 0.5
    longest: float = 30.0

    def after(self, failures: int) -> float:
        """The wait after this many failures in a row, from 1 on."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 30))


class Pulse:
    """When each loop last came round, and what trouble it met.

    A loop that came round and met trouble is alive: only one that does not come round at all is stale. So a
    system that is known to be away never ends the process, and a hanging call does.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beats: dict[str, float] = {}
        self._trouble: dict[str, str] = {}

    def beat(self, loop: str, trouble: str | None = None) -> None:
        """`loop` came round; `trouble` says what it met, if anything."""
        self._beats[loop] = self._clock()
        self.note(loop, trouble)

    def end(self, loop: str) -> None:
        """`loop` is over and need not beat any more."""
        self._beats.pop(loop, None)
        self._trouble.pop(loop, None)

    def stale(self, limit: float) -> list[str]:
        """Loops whose last beat is more than `limit` seconds ago."""
        now = self._clock()
        return sorted(loop for loop, at in self._beats.items() if now - at > limit)

    def note(self, part: str, trouble: str | None) -> None:
        """`part` met trouble, or with None is well again. For parts that have no regular beat."""
        if trouble is None:
            self._trouble.pop(part, None)
        else:
            self._trouble[part] = trouble

    def troubles(self) -> dict[str, str]:
        """The trouble that each part met last and has not overcome."""
        return dict(self._trouble)

    def ages(self) -> dict[str, float]:
        """Seconds since each loop's last beat."""
        now = self._clock()
        return {loop: now - at for loop, at in self._beats.items()}


class Bell:
    """Wakes one sleeping loop. A ring while nobody sleeps is heard at the next `wait`."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return at the next ring, at the latest after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
