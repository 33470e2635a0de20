"""How the network and the servers behave just now. Faults change it for a while; every call of a port asks it."""

import asyncio
from random import Random

from hub.errors import BusTrouble, StoreTrouble
from tests.simulation.coverage import Coverage
from tests.simulation.loop import PROCESS


class Weather:
    """`away`: servers that do not answer. `cut`: (process, server) between which nothing passes.

    The counters are how many of the next commits fail, or take effect with their answer lost, how many of the
    next sendings reach the broker late, twice, or with their acknowledgement lost, how many checks find no checker.
    `flaky`: which share of the calls of a server fails.
    """

    def __init__(self, random: Random, coverage: Coverage) -> None:
        self.random, self.coverage = random, coverage
        self.away: set[str] = set()
        self.cut: set[tuple[str, str]] = set()
        self.failing_commits = self.lost_answers = 0
        self.lost_acks = self.late = self.doubled = 0
        self.checker_gone = 0
        self.slow, self.flaky = 0.01, {"store": 0.0, "bus": 0.0}

    def latency(self) -> float:
        """Seconds of one way through the network: mostly around a millisecond, at times much more."""
        if self.random.random() < self.slow:
            return self.random.uniform(0.02, 0.6)
        return self.random.uniform(0.0002, 0.002)

    def reaches(self, server: str) -> bool:
        """Whether a call of the running process gets through to the server."""
        if server in self.away or (PROCESS.get().name, server) in self.cut:
            return False
        share = self.flaky[server]
        return not share or self.random.random() >= share

    async def to_store(self) -> None:
        """One way to the database or back. Raises StoreTrouble."""
        await asyncio.sleep(self.latency())
        if not self.reaches("store"):
            self.coverage.struck()
            raise StoreTrouble("the database does not answer")

    async def to_bus(self) -> None:
        """One way to the broker or back. Raises BusTrouble."""
        await asyncio.sleep(self.latency())
        if not self.reaches("bus"):
            self.coverage.struck()
            raise BusTrouble("the broker does not answer")

    def takes(self, counter: str) -> bool:
        """Whether a counted fault strikes now."""
        left = getattr(self, counter)
        if left:
            setattr(self, counter, left - 1)
            self.coverage.struck()
        return bool(left)
