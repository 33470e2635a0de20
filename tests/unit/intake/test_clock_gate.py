"""A clock message for T is admitted when everything before T was read, and only then (5a.6)."""

from datetime import UTC, datetime

import pytest
from pydantic_core import to_json

from hub.bus.memory import MemoryBus, MemoryRecord, MemorySource
from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.intake.clock_gate import ClockGate

NAMES = TopicNames()
TOPICS = NAMES.sources(["court", "justice"])
CLOCK, COURT, JUSTICE = NAMES.hub("hub.clock.out"), NAMES.out_of("court"), NAMES.out_of("justice")
T = 1_000_000


class Stage:
    """A bus with a hand on its clock, a source on it, a gate."""

    def __init__(self) -> None:
        self.now = T
        self.bus = MemoryBus(lambda: self.now)
        self.source = MemorySource(self.bus, 1)
        self.gate = ClockGate(0, NAMES, TOPICS)

    async def start(self) -> None:
        async def nothing(shards: set[int]) -> None:
            return

        await self.source.start(nothing, nothing)

    def write(self, topic: str, at: int, value: bytes = b"{}") -> MemoryRecord:
        self.now = at
        return self.bus.append(OutRecord(topic, 0, b"k", value, []))

    def clock(self, moment: int, at: int) -> MemoryRecord:
        text = datetime.fromtimestamp(moment / 1000, UTC).isoformat()
        return self.write(CLOCK, at, to_json({"moment": text}))

    async def step(
        self, *topics: str, most: int = 100, stopped: tuple[str, ...] = ()
    ) -> list[tuple[str, int]]:
        taken = await self.source.take(0, topics or TOPICS, most, 0)
        return [(r.topic, r.offset) for r in await self.gate.admit(list(taken), self.source, stopped)]


@pytest.fixture
async def stage() -> Stage:
    made = Stage()
    await made.start()
    return made


async def test_admitted_when_nothing_else_is_there(stage: Stage) -> None:
    stage.clock(T, T + 5)
    assert await stage.step() == [(CLOCK, 0)]


async def test_others_pass_whatever_the_clock_does(stage: Stage) -> None:
    stage.write(COURT, T)
    assert await stage.step() == [(COURT, 0)]


async def test_what_was_there_before_goes_first(stage: Stage) -> None:
    stage.write(COURT, T - 5)
    stage.write(JUSTICE, T - 3)
    stage.clock(T, T)
    assert await stage.step(CLOCK) == []
    assert await stage.step(COURT, CLOCK) == [(COURT, 0)]
    assert await stage.step() == [(JUSTICE, 0), (CLOCK, 0)]


async def test_in_one_batch_the_others_are_decided_before_the_clock(stage: Stage) -> None:
    stage.clock(T, T)
    stage.write(COURT, T + 1)
    assert await stage.step() == [(COURT, 0), (CLOCK, 0)]


async def test_read_past_the_moment_is_enough(stage: Stage) -> None:
    """Nobody who writes on and on can keep the clock waiting."""
    for at in (T - 2, T, T + 2, T + 4):
        stage.write(COURT, at)
    stage.clock(T, T + 5)
    assert await stage.step(COURT, most=1) == [(COURT, 0)]
    assert await stage.step(CLOCK) == []
    assert await stage.step(COURT, most=1) == [(COURT, 1)]
    assert await stage.step(CLOCK) == [(CLOCK, 0)]


async def test_a_held_clock_message_comes_again(stage: Stage) -> None:
    stage.write(COURT, T - 5)
    stage.clock(T, T)
    stage.clock(T + 1, T)
    for _ in range(3):
        assert await stage.step(CLOCK) == []
    assert await stage.step(COURT) == [(COURT, 0)]
    assert await stage.step(CLOCK) == [(CLOCK, 0), (CLOCK, 1)]


async def test_what_was_read_but_not_committed_counts_no_more(stage: Stage) -> None:
    stage.write(COURT, T + 5)
    stage.clock(T, T + 6)
    assert await stage.step(COURT) == [(COURT, 0)]
    stage.source.seek((COURT, 0), 0)
    stage.gate.forget()
    assert await stage.step(CLOCK) == []
    assert await stage.step(COURT) == [(COURT, 0)]
    assert await stage.step(CLOCK) == [(CLOCK, 0)]


async def test_a_stopped_topic_stops_the_clock_only(stage: Stage) -> None:
    stage.clock(T, T)
    stage.write(COURT, T + 5)
    assert await stage.step(stopped=(JUSTICE,)) == [(COURT, 0)]
    assert await stage.step(CLOCK, stopped=(JUSTICE,)) == []
    assert await stage.step(CLOCK) == [(CLOCK, 0)]


@pytest.mark.parametrize(
    "value", [b"", b"junk", b"[]", b"{}", b'{"moment": 5}', b'{"moment": "never"}', b'{"moment": null}']
)
async def test_an_unreadable_clock_message_waits_for_nothing(stage: Stage, value: bytes) -> None:
    stage.write(CLOCK, T, value)
    assert await stage.step(CLOCK) == [(CLOCK, 0)]
