"""From this process's memory and the store to the values of one scrape."""

import asyncio
import importlib.metadata
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.domain.case import ENDED
from hub.errors import StoreTrouble
from hub.operations import metrics as m
from hub.operations.health import Health, shared_intake
from hub.operations.samples import Samples
from hub.store.read_metrics import Counts, counts
from hub.store.reading import ReadStore

if TYPE_CHECKING:
    from hub.app import Parts


class Collecting:
    """Counters come from the tables, so they go on across restarts and are the same in every process.

    What the store says is kept for `keep` seconds: in that time the projections are scanned once at most.
    """

    def __init__(
        self,
        parts: "Parts",
        health: Health,
        store: ReadStore,
        keep: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts, self._health, self._store, self._keep, self._clock = parts, health, store, keep, clock
        self._kept: tuple[float, Counts] | None = None
        self._reading = asyncio.Lock()

    async def collect(self) -> Samples:
        """The values now. Reads the database when what is kept is too old; without it the rest is given."""
        samples = Samples()
        self._of_process(samples)
        try:
            found = await self._counts()
        except StoreTrouble:
            samples.add(m.STORE_UP, 0)
        else:
            samples.add(m.STORE_UP, 1)
            self._of_store(samples, found)
        return samples

    async def _counts(self) -> Counts:
        async with self._reading:
            if self._kept is None or self._clock() - self._kept[0] >= self._keep:
                async with self._store.snapshot() as view:
                    found = await counts(view, m.STEP_BOUNDS, m.AGE_BOUNDS, sorted(ENDED))
                self._kept = (self._clock(), found)
            return self._kept[1]

    def _of_process(self, samples: Samples) -> None:
        now = self._clock()
        samples.add(m.BUILD, 1, importlib.metadata.version("fengqiao-hub"), self._parts.rules.digest)
        samples.add(m.READY, int(self._health.ready()[0]))
        measured = self._health.measured
        if measured.at > 0:
            samples.add(m.MEASURED_AGE, now - measured.at)
        for (topic, shard), lag in measured.lags.items():
            samples.add(m.SOURCE_LAG, lag, topic, shard)
        if (pace := self._health.pace) is not None:
            samples.add(m.READ_RATE, pace.per_second)
            if pace.seconds is not None:
                samples.add(m.CATCH_UP, pace.seconds)
        role = self._health.intake
        samples.add(m.ASSIGNED, len(role.workers) if role is not None else 0)
        if role is None:
            return
        for shard, (worker, _) in role.workers.items():
            samples.add(m.POLL_AGE, now - worker.last_poll, shard)
            samples.add(m.COMMIT_AGE, now - worker.last_commit, shard)
            for topic in worker.stopped:
                samples.add(m.STOPPED, 1, topic, shard)
        if (shared := shared_intake(role)) is not None:
            held = set(shared.brake.held())
            for topic in shared.topics:
                samples.add(m.BRAKE, int(topic in held), topic)

    def _of_store(self, samples: Samples, found: Counts) -> None:
        for shard, seq in found.heads.items():
            samples.add(m.ENTRIES, seq, shard)
        for key, lag in found.follower_lag.items():
            samples.add(m.FOLLOWER_LAG, lag, *key)
            samples.add(m.FOLLOWER_AGE, found.follower_age[key], *key)
        for (department, outcome, reason), count in found.messages.items():
            samples.add(m.MESSAGES, count, department, outcome, reason)
        for (topic, reason), count in found.parked.items():
            department = self._parts.names.owner(topic) or topic
            samples.add(m.PARKED, count, department, reason)
            samples.add(m.PARKED_AGE, found.parked_age[topic, reason], department, reason)
        raised: dict[tuple[str, str], int] = {}
        for (department, flow, state), count in found.referrals.items():
            samples.add(m.REFERRALS, count, department, flow, state)
            raised[department, flow] = raised.get((department, flow), 0) + count
        for (department, flow), count in raised.items():
            samples.add(m.RAISED, count, department, flow)
        for (department, flow, step), count in found.steps.items():
            samples.add(m.STEPS, count, department, flow, step)
        for labels, times in found.times.items():
            samples.spread(m.STEP_TIME, m.STEP_BOUNDS, times.counts, times.total, *labels)
        for (department, flow, band), count in found.open.items():
            samples.add(m.OPEN, count, department, flow, m.AGES[band])
