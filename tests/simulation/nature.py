"""What a run takes from outside and must not: the time and randomness. Within `virtual` both come from the seed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

from tests.simulation.loop import SimLoop

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class Clocks:
    """The clocks of broker, database and hub: virtual time, each with its own error in seconds."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self.broker = self.database = self.hub = 0.0

    def now(self, error: float = 0.0) -> datetime:
        """The moment that a clock with this error shows, to the millisecond."""
        return START + timedelta(milliseconds=round((self._loop.time() + error) * 1000))

    def broker_ms(self) -> int:
        """What the broker stamps."""
        return round(self.now(self.broker).timestamp() * 1000)


@contextmanager
def virtual(loop: SimLoop, random: Random) -> Iterator[None]:
    """Modules that ask `time` and `os.urandom` themselves get the simulation's."""
    kept = time.time, time.monotonic, os.urandom
    began = START.timestamp()
    time.time = lambda: began + loop.time()
    time.monotonic = loop.time
    os.urandom = random.randbytes
    try:
        yield
    finally:
        time.time, time.monotonic, os.urandom = kept
