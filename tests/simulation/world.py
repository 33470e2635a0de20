"""One run: a city of departments and a hub under the faults of a plan, until all is at rest."""

import asyncio
import hashlib
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from connectors.sdk.kafka import group
from connectors.sdk.writing import Writer
from hub.bus.memory import MemoryRecord
from hub.bus.ports import TopicPartition
from hub.bus.topics import TopicNames
from hub.domain.rules import Rules
from hub.intake.reading import record_digest
from hub.intake.verifying import KeyRegistry
from hub.relay.signing import HubSigner
from hub.store.ports import Changes, Position
from hub.store.sealing import Sealer
from tests.simulation import faults
from tests.simulation.bus import Cluster
from tests.simulation.connector import ConnectorProcess
from tests.simulation.coverage import Coverage, Place
from tests.simulation.group import Group
from tests.simulation.hub import Ground, HubProcess, TimekeeperProcess
from tests.simulation.loop import Process, SimLoop
from tests.simulation.nature import Clocks, virtual
from tests.simulation.office import NumberingWriter, Office, keyed
from tests.simulation.officers import Officers
from tests.simulation.plan import HUBS, TIMEKEEPERS, Plan
from tests.simulation.store import Server
from tests.simulation.weather import Weather
from tests.support.core import entry, secret_key

EARLY_LIMIT = timedelta(seconds=15)
# Seconds after the last fault has healed within which all must be at rest.
REST_SECONDS = 400.0
MessageKey = tuple[str, str]


@dataclass(slots=True)
class Run:
    """What a run leaves. `violations`: promises that were broken; empty is well."""

    plan: Plan
    violations: list[str]
    trace: str
    messages: int
    steps: int
    seconds: float
    hits: Counter[Place]
    outcomes: Counter[str]


class World:
    """Everything of one run. Faults and oracle look into it; its parts know each other only by their ports."""

    def __init__(self, plan: Plan, rules: Rules) -> None:
        self.plan, self.rules, self.names = plan, rules, TopicNames()
        self.loop = SimLoop(Random(f"{plan.seed}/schedule"))
        self.coverage = Coverage()
        self.weather = Weather(Random(f"{plan.seed}/weather"), self.coverage)
        self.clocks = Clocks(self.loop)
        self.violations: list[str] = []
        self.acknowledged: defaultdict[MessageKey, list[float]] = defaultdict(list)
        self.went_back: dict[TopicPartition, int] = {}
        self.needs_remedy: dict[TopicPartition, Position] = {}
        self.remedies: Counter[TopicPartition] = Counter()
        self._trace = hashlib.sha256()
        self.cluster = Cluster(self.loop, self.weather, self.clocks.broker_ms)
        self.cluster.on_append = self._appended
        self.server = Server(plan.shards, lambda: self.clocks.now(self.clocks.database), self._commits)
        self.group = Group(self.loop, plan.shards)
        secrets = {who: secret_key(who) for who in (*rules.departments, "hub")}
        registry = KeyRegistry({(w, f"{w}-1"): (entry(w), key.public_key()) for w, key in secrets.items()})
        public = {key.public_key().public_bytes_raw(): key.public_key() for key in secrets.values()}
        self.ground = Ground(
            self.loop,
            self.weather,
            self.clocks,
            self.cluster,
            self.server,
            self.group,
            rules,
            self.names,
            Sealer(bytes(range(32))),
            registry,
            public,
            HubSigner("hub-1", secrets["hub"]),
            plan.shards,
            plan.batch,
            EARLY_LIMIT,
            self.violations.append,
        )
        self.offices: dict[str, Office] = {}
        self.officers: dict[str, Officers] = {}
        self.connectors: dict[str, ConnectorProcess] = {}
        for department in plan.departments:
            self._settle(department, secrets[department])
        self.processes: dict[str, Any] = {name: HubProcess(self.ground, name) for name in HUBS}
        self.processes |= {name: TimekeeperProcess(self.ground, name) for name in TIMEKEEPERS}
        self.processes |= {connector.name: connector for connector in self.connectors.values()}

    def process(self, name: str) -> Process:
        """The process that runs under a name now."""
        found: Process = self.processes[name].process
        return found

    def start(self, name: str) -> None:
        """Start a process unless it runs."""
        one = self.processes[name]
        if not one.process.alive or (not one.process.steps and not one.process.tasks):
            one.start()

    def stand(self, process: Process) -> None:
        """A process stands still: note where."""
        for task in process.waiting():
            self.coverage.stood(task.get_coro())

    def lose_end(self, place: TopicPartition, length: int) -> None:
        """A source partition goes back; whoever had read further must not go on without a person."""
        self.went_back[place] = min(length, self.went_back.get(place, length))
        if self.server.position(*place) > length:
            stored = self.server.stored(*place)
            assert stored is not None
            self.needs_remedy[place] = stored
        self.cluster.lose_end(place, length)

    def lose_inbound(self, place: TopicPartition, length: int) -> None:
        """A department's partition goes back; what it had not read is asked for from the hub by its officers."""
        department = place[0].split(".")[1]
        cases = {(r.key or b"").decode() for r in self.cluster.logs.get(place, [])[length:]}
        self.cluster.lose_end(place, length)
        self.loop.outside.call_later(faults.ASKED_AFTER, lambda: self._ask_again(department, sorted(cases)))

    async def live(self) -> None:
        """Start, let the faults strike, heal, wait for rest."""
        for name in (*HUBS, TIMEKEEPERS[0], *(c.name for c in self.connectors.values())):
            self.processes[name].start()
        for matter in self.plan.matters:
            self.officers[matter.sender].begin(matter)
        for fault in self.plan.faults:
            self.loop.outside.call_later(fault.at, lambda f=fault: faults.strike(self, f))
        self.loop.outside.spawn(self._operate())
        healed = max([faults.healed_at(fault) for fault in self.plan.faults], default=0.0)
        await asyncio.sleep(healed + 1.0)
        self._heal()
        for _ in range(int(REST_SECONDS / 2)):
            if not (restless := self._restless()):
                return
            await asyncio.sleep(2.0)
        self.violations.append(f"not at rest {REST_SECONDS:.0f} s after all healed: {'; '.join(restless)}")

    def trace(self) -> str:
        """One value for everything that happened and when."""
        self._trace.update(
            f"{self.loop.steps}/{self.loop.time():.6f}/{self.weather.random.random()}".encode()
        )
        return self._trace.hexdigest()

    def _settle(self, department: str, key: Any) -> None:
        own_ids = department in self.plan.own_ids
        office = Office(department, self.weather, self.clocks.now, own_ids, self.violations.append)
        writer = (NumberingWriter if own_ids else Writer)(department, f"{department}-1", key)
        self.offices[department] = office
        self.officers[department] = Officers(
            self.plan.seed, office, self.rules, self.loop, lambda to, work: self._whisper(to, work)
        )
        self.connectors[department] = ConnectorProcess(
            self.loop,
            self.weather,
            self.cluster,
            self.plan.shards,
            writer,
            office,
            lambda record: self._acknowledged(department, record),
            self.violations.append,
        )

    def _whisper(self, to: str, work: Any) -> None:
        if to in self.officers:
            self.officers[to].learn(work)

    def _acknowledged(self, department: str, record: MemoryRecord) -> None:
        message = next(text.decode() for name, text in record.headers if name == "ce_id")
        self.acknowledged[department, message].append(time.time())

    def _appended(self, record: MemoryRecord) -> None:
        self._trace.update(
            b"%s/%d/%d/%d/" % (record.topic.encode(), record.partition, record.offset, record.timestamp)
        )
        self._trace.update(record.value or b"")

    def _commits(self, written: Sequence[Changes]) -> None:
        for changes in written:
            for row in changes.journal:
                self._trace.update(row.leaf)
            for place, position in changes.positions.items():
                if place not in self.needs_remedy or not self._is_there(place, position):
                    continue
                if self._is_there(place, self.needs_remedy[place]):
                    # The same record came to lie there again: nothing tells the log from the one before.
                    del self.needs_remedy[place]
                    continue
                self.violations.append(f"{place[0]}/{place[1]} lost its end and was read on without a person")

    def _is_there(self, place: TopicPartition, position: Position) -> bool:
        """Whether the record before a position is the log's own; else it was fetched before it was lost."""
        at = position.next_offset - 1 - self.cluster.starts.get(place, 0)
        log = self.cluster.logs.get(place, [])
        mac = self.ground.sealer.position_mac
        return at < len(log) and mac(record_digest(log[at])) == position.last_mac

    def _fits(self, place: TopicPartition, position: Position) -> bool:
        """Whether intake could go on from a position."""
        if position.next_offset > self.cluster.end(place):
            return False
        return not position.last_mac or self._is_there(place, position)

    def _ask_again(self, department: str, cases: Sequence[str]) -> None:
        """Officers know from the operator that records were lost: the rest of these cases is asked for."""
        held = self.offices[department].held
        for case in cases:
            last = max((h.delivery.sequence or 0 for h in held if h.delivery.case == case), default=0)
            if not case.startswith("receipts"):
                data = {"from_sequence": last + 1}
                self.offices[department].write("redelivery.requested", case, data, marked=False)

    async def _operate(self) -> None:
        """The operator: finds stopped topics, follows the remedy."""
        while True:
            await asyncio.sleep(4.0)
            for name in HUBS:
                for place, stop in sorted(self.processes[name].stopped().items()):
                    if "positions set" not in stop.remedy or place not in self.went_back:
                        self.violations.append(f"{place}: stopped without cause or remedy: {stop}")
                        return
                    stored = self.server.stored(*place)
                    if stored is not None and self._fits(place, stored):
                        # Who is stopped there has not noticed yet that it was mended, or that it is another's by now.
                        continue
                    self.needs_remedy.pop(place, None)
                    back = self.went_back.pop(place)
                    to = back if keyed(self.plan.seed, "remedy", place).random() < 0.5 else 0
                    await self.server.set_position(*place, to)
                    self.remedies[place] += 1
                    self.went_back[place] = to

    def _heal(self) -> None:
        self.weather.away.clear()
        self.weather.cut.clear()
        self.weather.flaky = dict.fromkeys(self.weather.flaky, 0.0)
        self.weather.failing_commits = self.weather.lost_answers = self.weather.lost_acks = 0
        self.weather.late = self.weather.doubled = self.weather.checker_gone = 0
        self.clocks.hub = self.clocks.database = self.clocks.broker

    def _restless(self) -> list[str]:
        """What is still under way."""
        found = [f"{who} has {o.busy} things to do" for who, o in self.officers.items() if o.busy]
        for name, connector in self.connectors.items():
            counts = connector.store.counts()
            if int(connector.store.cursor or 0) < len(self.offices[name].changes):
                found.append(f"{name} has changes that were not taken")
            for what, number in (*counts["outbox"].items(), ("pending", counts["inbox"]["pending"])):
                if number:
                    found.append(f"{name} has {number} messages {what}")
        for topic, shard in sorted(self.cluster.logs):
            if self.names.owner(topic) is not None and self.server.position(topic, shard) != self.cluster.end(
                (topic, shard)
            ):
                found.append(f"{topic}/{shard} is not read to its end")
        for place in sorted(self.cluster.logs):
            department = place[0].removeprefix("dept.").removesuffix(".in")
            reader = (group("", department), place)
            if department in self.connectors and self.cluster.committed.get(reader, 0) != self.cluster.end(
                place
            ):
                found.append(f"{place[0]}/{place[1]} is not read to its end")
        for shard in range(self.plan.shards):
            head = len(self.server.journal(shard))
            for follower in ("relay", "projector"):
                if self.server.following(follower, shard) != head:
                    found.append(f"the {follower} of shard {shard} is behind")
        waiting = [row for row, _ in self.server.parked() if row.reason in ("early", "held")]
        if waiting:
            found.append(f"{len(waiting)} messages wait: {waiting[0].detail}")
        return found


def run(plan: Plan, rules: Rules) -> Run:
    """Live through a plan and judge it."""
    from tests.simulation.oracle import judge

    logging.disable(logging.CRITICAL)
    world = World(plan, rules)
    try:
        with virtual(world.loop, Random(f"{plan.seed}/nonces")):
            world.loop.run(world.live())
            trace = world.trace()
            violations = [*world.violations, *world.loop.problems]
            world.loop.bury()
    finally:
        logging.disable(logging.NOTSET)
    outcomes: Counter[str] = Counter()
    judge(world, violations, outcomes)
    return Run(
        plan,
        violations,
        trace,
        len(world.acknowledged),
        world.loop.steps,
        world.loop.time(),
        world.coverage.hits,
        outcomes,
    )
