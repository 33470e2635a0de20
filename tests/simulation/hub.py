"""Processes of the hub: intake with its followers, and the timekeeper, wired from the product's own parts."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from hub.app import Followers, IntakeRole, Parts
from hub.bus.topics import TopicNames
from hub.domain.rules import Rules
from hub.errors import CheckerTrouble, Stopped, Trouble
from hub.intake.brake import Brake
from hub.intake.checker import Check, Checker
from hub.intake.verifying import KeyRegistry
from hub.intake.worker import Intake, IntakeSettings
from hub.projector.projector import Projector
from hub.relay.contents import Contents
from hub.relay.relay import Relay
from hub.relay.signing import HubSigner
from hub.store.sealing import Sealer
from hub.timekeeper.due import DueMoments
from hub.timekeeper.timekeeper import Timekeeper
from schemas.signature import verify
from tests.simulation.bus import Cluster, Publisher, Source
from tests.simulation.group import Group
from tests.simulation.loop import Process, SimLoop
from tests.simulation.nature import Clocks
from tests.simulation.store import Server, Session
from tests.simulation.weather import Weather


class InlineChecker(Checker):
    """Checks signatures in the same process; at times it is gone, as a child process may be."""

    def __init__(self, weather: Weather, keys: dict[bytes, Any]) -> None:
        super().__init__()
        self._weather, self._keys = weather, keys

    async def check(self, checks: Sequence[Check]) -> list[bool]:
        await asyncio.sleep(self._weather.latency())
        if self._weather.takes("checker_gone"):
            raise CheckerTrouble("the process that checks signatures is gone")
        return [verify(attributes, data, self._keys[raw]) for raw, attributes, data in checks]


@dataclass
class Ground:
    """What all processes of the hub stand on."""

    loop: SimLoop
    weather: Weather
    clocks: Clocks
    cluster: Cluster
    server: Server
    group: Group
    rules: Rules
    names: TopicNames
    sealer: Sealer
    registry: KeyRegistry
    public_keys: dict[bytes, Any]
    signer: HubSigner
    shards: int
    batch: int
    early_limit: timedelta
    on_defect: Callable[[str], None]


class HubProcess:
    """Intake of the shards that the group gives it, relay and projector beside; started anew after it ended."""

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground, self.name = ground, name
        self.incarnation = 0
        self.role: IntakeRole | None = None
        self.process = ground.loop.process(name)
        self._main: asyncio.Task[Any] | None = None

    def start(self) -> None:
        """A new process; the one before must be gone."""
        self.incarnation += 1
        self.process = self.ground.loop.process(self.name)
        self.process.on_kill.append(self._gone)
        self._main = self.process.spawn(self._run(), "main")

    async def stop(self) -> None:
        """End in an orderly way, as on SIGTERM."""
        if self._main is None or not self.process.alive:
            return
        self._main.cancel()
        await asyncio.wait([self._main], timeout=10)
        self.process.kill()

    def stopped(self) -> dict[tuple[str, int], Stopped]:
        """Source partitions that it leaves alone until a person decides."""
        if self.role is None or not self.process.alive:
            return {}
        workers = [worker for worker, _ in self.role.workers.values()]
        return {(topic, w.shard): stop for w in workers for topic, stop in w.stopped.items()}

    async def _run(self) -> None:
        ground = self.ground
        session = cast(Any, Session(ground.server, ground.weather))
        parts = Parts(
            cast(Any, None),
            ground.rules,
            ground.names,
            cast(Any, None),
            ground.sealer,
            ground.registry,
            ground.signer,
            session,
        )
        publisher = Publisher(ground.cluster, ground.weather)
        contents = Contents(session, ground.sealer)
        relay = Relay(publisher, session, contents, ground.names, ground.rules, ground.signer, ground.shards)
        followers = Followers(parts, [relay, Projector(session)], 2.0)
        self.role = role = IntakeRole(parts, followers)
        source = Source(ground.cluster, ground.shards, ground.weather, ground.group)
        role.intake = Intake(
            cast(Any, source),
            session,
            ground.rules,
            ground.sealer,
            ground.registry,
            ground.names,
            ground.names.sources(ground.rules.departments),
            ground.shards,
            followers.put,
            IntakeSettings(max_records=ground.batch, wait_ms=1_500),
            Brake(window=50),
            InlineChecker(ground.weather, ground.public_keys),
        )
        try:
            await self._join(source, role)
            await parts.ending.failed.wait()
            ground.on_defect(f"a task of {self.name} ended by itself")
        finally:
            await role._revoked(set(role.workers))
            await source.stop()

    async def _join(self, source: Source, role: IntakeRole) -> None:
        """As `IntakeRole._join` does, but for the cluster's id."""
        while True:
            try:
                return await source.start(role._assigned, role._revoked)
            except Trouble:
                await asyncio.sleep(0.5)

    def _gone(self, process: Process) -> None:
        coverage = self.ground.weather.coverage
        for task in process.waiting():
            coverage.stood(task.get_coro())
        self.ground.server.drop(process)
        after = self.ground.weather.random.uniform(0.0, 6.0)
        self.ground.loop.outside.call_later(after, lambda: self.ground.group.gone(process))


class TimekeeperProcess:
    """The timekeeper; several may run, as after a fail-over that was none."""

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground, self.name = ground, name
        self.process = ground.loop.process(name)

    def start(self) -> None:
        """A new process."""
        ground = self.ground
        self.process = ground.loop.process(self.name)
        self.process.on_kill.append(self._gone)
        session = cast(Any, Session(ground.server, ground.weather))
        publisher = Publisher(ground.cluster, ground.weather)
        keeper = Timekeeper(
            session,
            publisher,
            ground.signer,
            ground.names,
            ground.shards,
            ground.early_limit,
            3.0,
            lambda: ground.clocks.now(ground.clocks.hub),
            [DueMoments(session, ground.signer, ground.names, ground.shards)],
            publisher,
        )
        self.process.spawn(self._run(keeper), "timekeeper")

    async def stop(self) -> None:
        """A timekeeper has nothing to end in order."""
        self.process.kill()

    async def _run(self, keeper: Timekeeper) -> None:
        try:
            await keeper.run()
        except Exception as defect:
            self.ground.on_defect(f"{self.name} ended by itself: {defect!r}")

    def _gone(self, process: Process) -> None:
        for task in process.waiting():
            self.ground.weather.coverage.stood(task.get_coro())
        self.ground.server.drop(process)
