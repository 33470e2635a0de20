"""The watchdog: what counts as standing still, and what is legitimate. Time is the test's own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.app import Followers, IntakeRole
from hub.bus.ports import Bounds, TopicPartition
from hub.bus.topics import CLOCK, TopicNames
from hub.errors import BusTrouble, LogStartPassed
from hub.intake.brake import Brake
from hub.operations.health import Health, Limits
from hub.pulse import Pulse
from hub.store.reading import Standing

NAMES = TopicNames()
OUT, CLOCK_TOPIC = NAMES.out_of("court"), NAMES.hub(CLOCK)
LIMITS = Limits()


@dataclass
class Worker:
    last_poll: float = 0.0
    troubled_at: float = -math.inf
    stopped: dict[str, Any] = field(default_factory=dict)


@dataclass
class Named:
    name: str


@dataclass
class FollowerOf:
    work: Named
    moved_at: float = 0.0
    troubled_at: float = -math.inf


@dataclass
class World:
    """Kafka, PostgreSQL and the process's own parts, as far as health looks at them."""

    now: float = 1000.0
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    standing_now: Standing = field(default_factory=lambda: Standing({0: 0}, {}, {}))
    kafka_away: bool = False
    mute: bool = False
    worker: Worker = field(default_factory=Worker)
    follower: FollowerOf = field(default_factory=lambda: FollowerOf(Named("relay")))
    topics: Sequence[str] = (OUT, CLOCK_TOPIC)
    names: TopicNames = NAMES

    def __post_init__(self) -> None:
        self.brake = Brake(window=2, pause=10_000, clock=lambda: self.now)
        parts: Any = None
        self.followers = Followers(parts, [], 1.0)
        running: Any = (self.follower, None, None)
        self.followers.running[0] = [running]
        self.role = IntakeRole(parts, self.followers, assigned_once=True)
        worker: Any = (self.worker, None)
        self.role.workers[0] = worker
        shared: Any = self
        self.role.intake = shared
        self.health = Health(self.role, self.followers, LIMITS, lambda: self.now)

    @property
    def source(self) -> "World":
        return self

    async def cluster_id(self) -> str:
        if self.kafka_away:
            raise BusTrouble("away")
        return "one"

    async def bounds(self, at: Sequence[TopicPartition]) -> dict[TopicPartition, Bounds]:
        if self.kafka_away or self.mute:
            raise BusTrouble("no answer")
        return {place: Bounds(0, self.ends.get(place, 0)) for place in at}

    async def standing(self) -> Standing:
        return self.standing_now

    async def live(self, seconds: float, polling: bool = True) -> str | None:
        """Let time pass as the process does: a look each second, a measurement each ten."""
        store: Any = self
        for _ in range(int(seconds / LIMITS.every)):
            try:
                await self.health.measure(store)
            except BusTrouble as trouble:
                self.health.forget(str(trouble))
            for _ in range(int(LIMITS.every)):
                self.now += 1
                if polling:
                    self.worker.last_poll = self.now
                if (problem := self.health.stale()) is not None:
                    return problem
        return None


async def test_an_idle_hub_is_not_stale() -> None:
    world = World()
    assert await world.live(3600) is None
    assert world.health.ready() == (True, [])


async def test_a_consumer_that_went_quiet_is_found() -> None:
    world = World(ends={(OUT, 0): 5})
    assert await world.live(LIMITS.still - 20) is None
    problem = await world.live(60)
    assert problem == f"{OUT} of shard 0: stands at 0 for 181 s with 5 to do"
    assert world.health.live() == (False, [f"{OUT} of shard 0: stands at 0 for 181 s with 5 to do"])


async def test_a_slow_one_is_not_stale() -> None:
    world = World(ends={(OUT, 0): 5000})
    for offset in range(1, 10):
        world.standing_now = Standing({0: 0}, {(OUT, 0): offset}, {})
        assert await world.live(120) is None


async def test_a_worker_that_no_longer_polls_is_found() -> None:
    world = World()
    world.worker.last_poll = world.now
    problem = await world.live(600, polling=False)
    assert problem == "intake of shard 0: no poll for 181 s"


async def test_trouble_excuses_while_it_is_met_again_and_again() -> None:
    world = World(ends={(OUT, 0): 5})
    for _ in range(30):
        world.worker.troubled_at = world.now
        assert await world.live(60, polling=False) is None
    assert await world.live(600, polling=False) is not None


async def test_while_kafka_is_away_nothing_is_stale() -> None:
    world = World(ends={(OUT, 0): 5}, kafka_away=True)
    assert await world.live(3600) is None
    assert world.health.ready() == (False, ["away"])
    world.kafka_away = False
    assert await world.live(LIMITS.still - 20) is None
    assert world.health.ready() == (True, [])


async def test_a_mute_consumer_is_found_while_kafka_answers() -> None:
    world = World(mute=True)
    problem = await world.live(600)
    assert problem is not None
    assert problem.startswith("intake: the consumer has not answered for 18")


async def test_a_stopped_topic_and_the_clock_behind_it_may_stand() -> None:
    world = World(ends={(OUT, 0): 5, (CLOCK_TOPIC, 0): 5})
    world.worker.stopped = {OUT: LogStartPassed("deleted unread", "send again")}
    assert await world.live(3600) is None
    good, lines = world.health.ready()
    assert good
    assert lines == [f"note: shard 0: {OUT} is stopped: deleted unread. Remedy: send again"]
    world.worker.stopped = {}
    assert await world.live(600) is not None


async def test_a_follower_that_stands_is_found() -> None:
    world = World(standing_now=Standing({0: 9}, {}, {("relay", 0): 4}))
    problem = await world.live(600)
    assert problem == "relay of shard 0: stands at 4 for 181 s with 5 to do"


async def test_a_follower_in_trouble_may_stand() -> None:
    world = World(standing_now=Standing({0: 9}, {}, {("relay", 0): 4}))
    for _ in range(30):
        world.follower.troubled_at = world.now
        assert await world.live(60) is None
        world.follower.troubled_at = world.now
        assert world.health.ready() == (False, ["relay of shard 0: waits for Kafka or PostgreSQL"])


async def test_no_assignment_is_found_only_while_kafka_answers() -> None:
    world = World()
    world.role.assigned_once = False
    world.role.workers.clear()
    assert world.health.ready() == (False, ["intake: no shards assigned yet"])
    world.kafka_away = True
    assert await world.live(3600) is None
    world.kafka_away = False
    problem = await world.live(600)
    assert problem is not None
    assert problem.startswith("intake: no assignment for")


@pytest.mark.parametrize("seconds", [30, 86_400])
async def test_a_process_that_was_suspended_begins_anew(seconds: float) -> None:
    world = World(ends={(OUT, 0): 5})
    assert await world.live(LIMITS.still - 20) is None
    world.now += seconds
    assert await world.live(LIMITS.still - 20) is None
    assert await world.live(60) is not None


async def test_a_loop_that_does_not_come_round_is_found() -> None:
    world = World()
    pulse = Pulse("timekeeper")
    world.health.pulses = [pulse]
    pulse.last_poll = world.now
    assert await world.live(LIMITS.still - 10) is None
    problem = await world.live(60)
    assert problem == "timekeeper: did not come round for 181 s"


async def test_a_loop_in_trouble_is_not_ready_and_may_stand() -> None:
    world = World()
    pulse = Pulse("checkpointer")
    world.health.pulses = [pulse]
    pulse.last_poll, pulse.troubled_at = world.now, world.now + 175
    assert await world.live(250) is None
    assert world.health.ready() == (False, ["checkpointer: waits for Kafka or PostgreSQL"])
    assert await world.live(120) == "checkpointer: did not come round for 295 s"
