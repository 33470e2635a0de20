"""The timekeeper is silent while its clock differs from the database's or the broker's by more than five seconds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.bus.memory import MemoryBus, MemoryPublisher
from hub.bus.topics import CLOCK, TIME, TopicNames
from hub.relay.signing import HubSigner
from hub.timekeeper.timekeeper import ASK_BROKER, Timekeeper

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class World:
    """One message that has waited too long, and three clocks."""

    def __init__(self) -> None:
        self.hub = self.database = self.broker = NOON
        self.bus = MemoryBus(lambda: round(self.broker.timestamp() * 1000))
        waiting: Any = self
        publisher = MemoryPublisher(self.bus)
        signer = HubSigner("hub-1", Ed25519PrivateKey.generate())
        self.keeper = Timekeeper(
            waiting,
            publisher,
            signer,
            TopicNames(),
            1,
            timedelta(days=1),
            clock=lambda: self.hub,
            broker=publisher,
        )

    async def database_time(self) -> datetime:
        return self.database

    async def waiting_before(self, limit: datetime) -> list[tuple[str, datetime]]:
        return [("case", limit)]

    async def known_aliases(self) -> list[tuple[str, str, datetime]]:
        return []

    def pass_time(self, span: timedelta) -> None:
        self.hub, self.database, self.broker = self.hub + span, self.database + span, self.broker + span

    def asked(self) -> int:
        return len(self.bus.logs.get((TIME, 0), []))


@pytest.mark.parametrize("seconds", [-6, 6, 3600])
@pytest.mark.parametrize("which", ["database", "broker"])
async def test_silent_while_clocks_differ_and_on_again_when_they_agree(which: str, seconds: int) -> None:
    world = World()
    setattr(world, which, NOON + seconds * SECOND)
    assert await world.keeper.look() == 0
    assert (CLOCK, 0) not in world.bus.logs
    setattr(world, which, NOON)
    world.pass_time(ASK_BROKER)
    assert await world.keeper.look() == 1


@pytest.mark.parametrize("seconds", [-5, 0, 5])
async def test_five_seconds_are_borne(seconds: int) -> None:
    world = World()
    world.broker = NOON + seconds * SECOND
    assert await world.keeper.look() == 1


async def test_the_broker_is_asked_seldom_and_anew_when_the_clock_goes_back() -> None:
    world = World()
    for _ in range(9):
        await world.keeper.look()
        world.pass_time(SECOND)
    assert world.asked() == 1
    world.pass_time(SECOND)
    await world.keeper.look()
    assert world.asked() == 2
    world.pass_time(-3 * SECOND)
    await world.keeper.look()
    assert world.asked() == 3


async def test_the_time_that_the_answer_takes_is_no_difference() -> None:
    world = World()
    ticks = iter([NOON, NOON + 20 * SECOND])
    world.broker = NOON + 12 * SECOND
    keeper: Any = world.keeper
    keeper._clock = lambda: next(ticks)
    assert await keeper.look() == 1
