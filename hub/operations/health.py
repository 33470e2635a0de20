"""Whether this process still does its work: its own watchdog, for consumers that go quiet without raising.

aiokafka may stop fetching after broker restarts without an error (its issues #1154, #847) and gives no sign.
So progress is judged by what is stored: positions and heads from PostgreSQL, ends from Kafka.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.bus.ports import TopicPartition
from hub.bus.topics import CLOCK
from hub.errors import Trouble
from hub.operations.backlog import WORTH_SAYING, Backlog, Pace
from hub.pulse import Pulse

if TYPE_CHECKING:
    from hub.app import Followers, IntakeRole
    from hub.intake.worker import Intake, ShardWorker
    from hub.store.reading import ReadStore

log = logging.getLogger(__name__)
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. Nothing that is legitimate stands still for longer than `still`.

    The longest waits in one step are a statement (60 s), a broker's answer (40 s), a backoff (10 s); an idle
    worker polls twice a second. `trouble`: how long a trouble that was met excuses standing still. `every`:
    between measurements. `pause`: a longer gap between two looks means that the whole process stood still.
    """

    still: float = 180.0
    trouble: float = 120.0
    every: float = 10.0
    answer: float = 30.0
    pause: float = 20.0


@dataclass(slots=True)
class Measured:
    """`lags`: records not committed yet by (topic, shard). `behind`: entries to do by (follower, shard)."""

    at: float = -math.inf
    lags: dict[TopicPartition, int] = field(default_factory=dict)
    behind: dict[Key, int] = field(default_factory=dict)


@dataclass(slots=True)
class Mark:
    """A position that did not move although there is something to do, and since when."""

    position: int
    since: float


class Health:
    """`stale` and `ready` look at what is in memory and never block; `measure` asks Kafka and PostgreSQL.

    Not stale: an idle hub; Kafka or PostgreSQL away (then the roles wait with backoff, or the measurement
    itself fails); a topic that is stopped or held by the brake; the clock topic while another topic of its
    shard is; a process that was itself suspended.
    """

    def __init__(
        self,
        intake: "IntakeRole | None",
        followers: "Followers",
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        pulses: Sequence[Pulse] = (),
    ) -> None:
        self.intake, self.followers, self.pulses = intake, followers, pulses
        self.limits = limits or Limits()
        self.measured = Measured()
        self.pace: Pace | None = None
        self._backlog = Backlog(clock)
        self._clock = clock
        self._started = self._looked = self._awake = clock()
        self._marks: dict[Key, Mark] = {}
        self._mute: float | None = None
        self._unmeasured: str | None = None
        self._kafka_at = -math.inf

    def stale(self) -> str | None:
        """What has stopped working without saying so, else None. Such a process should be started anew."""
        now = self._clock()
        if now - self._looked > self.limits.pause:
            self._awake = now
            self._marks.clear()
        self._looked = now
        return self._intake_stale(now) or self._pulse_stale(now) or self._standing(now)

    def live(self) -> tuple[bool, list[str]]:
        """False with the reason when the process is stale."""
        problem = self.stale()
        return problem is None, [] if problem is None else [problem]

    def ready(self) -> tuple[bool, list[str]]:
        """Whether every role of this process works now, and why not. Lines with `note:` do not count."""
        against: list[str] = []
        notes: list[str] = []
        if (problem := self.stale()) is not None:
            against.append(problem)
        if self._unmeasured is not None:
            against.append(self._unmeasured)
        if self.intake is not None:
            if not self.intake.assigned_once:
                against.append("intake: no shards assigned yet")
            for shard, (worker, _) in sorted(self.intake.workers.items()):
                if worker.troubled_at > worker.last_poll:
                    against.append(f"intake of shard {shard}: waits for Kafka or PostgreSQL")
                notes += [
                    f"note: shard {shard}: {topic} is stopped: {s}" for topic, s in worker.stopped.items()
                ]
            if (shared := shared_intake(self.intake)) is not None:
                notes += [f"note: {topic} is paused by the brake" for topic in shared.brake.held()]
        for pulse in self.pulses:
            if pulse.troubled_at > pulse.last_poll:
                against.append(f"{pulse.name}: waits for Kafka or PostgreSQL")
        for shard, running in sorted(self.followers.running.items()):
            for follower, _, _ in running:
                if follower.troubled_at > follower.moved_at and self._clock() - follower.troubled_at < 15.0:
                    against.append(f"{follower.work.name} of shard {shard}: waits for Kafka or PostgreSQL")
        return not against, [*against, *notes]

    async def watch(self, store: "ReadStore") -> None:
        """Measure every few seconds until cancelled. A failed measurement proves nothing: begin anew."""
        while True:
            try:
                async with asyncio.timeout(3 * self.limits.answer):
                    await self.measure(store)
            except (Trouble, TimeoutError) as trouble:
                log.info("health: could not measure: %r", trouble)
                self.forget(str(trouble) or "no answer in time")
            await asyncio.sleep(self.limits.every)

    def forget(self, why: str) -> None:
        """A measurement failed: nothing is known of the time since the last one, so what stands begins anew."""
        self._unmeasured = why
        self._marks.clear()
        self._backlog.forget()

    async def measure(self, store: "ReadStore") -> None:
        """Read positions and heads, ask for log ends, note what stands. Raises Trouble, TimeoutError."""
        standing = await store.standing()
        measured = Measured(self._clock())
        at: dict[Key, int] = {}
        for shard, running in self.followers.running.items():
            for follower, _, _ in running:
                key = (follower.work.name, shard)
                at[key] = standing.followers.get(key, 0)
                measured.behind[key] = standing.heads.get(shard, 0) - at[key]
        if self.intake is not None and (shared := shared_intake(self.intake)) is not None:
            for place, end in (await self._ends(shared)).items():
                at[place] = standing.positions.get(place, 0)
                measured.lags[place] = max(end - at[place], 0)
        self.measured, self._unmeasured = measured, None
        self._pace(at)
        self._note({**measured.lags, **measured.behind}, at)

    def _pace(self, at: Mapping[Key, int]) -> None:
        """How fast intake of this process reads; said in the log while much waits."""
        if not self.measured.lags:
            return
        pace = self._backlog.look(
            sum(at[place] for place in self.measured.lags), sum(self.measured.lags.values())
        )
        self.pace = pace
        if pace.left >= WORTH_SAYING:
            log.info("catching up: %s", pace)

    async def _ends(self, shared: "Intake") -> dict[TopicPartition, int]:
        """Ends of our source partitions. A consumer that gives none while Kafka answers others is mute."""
        assert self.intake is not None
        try:
            async with asyncio.timeout(self.limits.answer):
                await shared.source.cluster_id()
        except (Trouble, TimeoutError):
            self._mute = None
            raise
        self._kafka_at = self._clock()
        places = [(topic, shard) for topic in shared.topics for shard in self.intake.workers]
        if not places:
            return {}
        try:
            async with asyncio.timeout(self.limits.answer):
                bounds = await shared.source.bounds(places)
        except (Trouble, TimeoutError):
            if self._mute is None:
                self._mute = self._clock()
            raise
        self._mute = None
        return {place: found.end for place, found in bounds.items()}

    def _note(self, lags: Mapping[Key, int], at: Mapping[Key, int]) -> None:
        now = self._clock()
        for key in self._marks.keys() - lags.keys():
            del self._marks[key]
        for key, lag in lags.items():
            mark = self._marks.get(key)
            if lag <= 0:
                self._marks.pop(key, None)
            elif mark is None or mark.position != at[key]:
                self._marks[key] = Mark(at[key], now)

    def _intake_stale(self, now: float) -> str | None:
        if self.intake is None:
            return None
        if not self.intake.assigned_once:
            age = now - max(self._started, self._awake)
            kafka_answers = now - self._kafka_at < 2 * self.limits.every + self.limits.answer
            return (
                f"intake: no assignment for {age:.0f} s"
                if kafka_answers and age > self.limits.still
                else None
            )
        if self._mute is not None and now - max(self._mute, self._awake) > self.limits.still:
            return f"intake: the consumer has not answered for {now - self._mute:.0f} s while Kafka does"
        for shard, (worker, _) in self.intake.workers.items():
            age = now - max(worker.last_poll, self._awake)
            if age > self.limits.still and not self._excused(worker.troubled_at, now):
                return f"intake of shard {shard}: no poll for {age:.0f} s"
        return None

    def _pulse_stale(self, now: float) -> str | None:
        for pulse in self.pulses:
            age = now - max(pulse.last_poll, self._awake)
            if age > self.limits.still and not self._excused(pulse.troubled_at, now):
                return f"{pulse.name}: did not come round for {age:.0f} s"
        return None

    def _standing(self, now: float) -> str | None:
        for (name, shard), mark in self._marks.items():
            age = now - mark.since
            if age > self.limits.still and not self._may_stand(name, shard, now):
                left = self.measured.lags.get((name, shard)) or self.measured.behind.get((name, shard))
                return f"{name} of shard {shard}: stands at {mark.position} for {age:.0f} s with {left} to do"
        return None

    def _may_stand(self, name: str, shard: int, now: float) -> bool:
        for follower, _, _ in self.followers.running.get(shard, []):
            if follower.work.name == name:
                return self._excused(follower.troubled_at, now)
        if self.intake is None or shard not in self.intake.workers:
            return True
        worker: ShardWorker = self.intake.workers[shard][0]
        shared = shared_intake(self.intake)
        waits = set(worker.stopped) | set(shared.brake.held() if shared is not None else ())
        clock_waits = bool(waits) and shared is not None and name == shared.names.hub(CLOCK)
        return name in waits or clock_waits or self._excused(worker.troubled_at, now)

    def _excused(self, troubled_at: float, now: float) -> bool:
        return now - troubled_at < self.limits.trouble


def shared_intake(role: "IntakeRole") -> "Intake | None":
    """What the role's workers share; None until the role has joined."""
    return role.intake
