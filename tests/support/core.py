"""The core of a hub to test with, over any store: departments with keys, signed messages, workers, relay.

`core = Core(stores)`, then `core.say(...)`, `await core.read()`, `await core.relay()`, `core.log(topic)`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_core import from_json, to_json

from hub.bus.memory import MemoryBus, MemoryPublisher, MemoryRecord, MemorySource
from hub.bus.ports import OutRecord, Publisher, Source
from hub.bus.topics import TopicNames
from hub.domain.entry import Committed, Entry
from hub.following.follower import Follower, Work
from hub.following.hand_over import HandOver
from hub.intake.verifying import KeyRegistry, RegisteredKey
from hub.intake.worker import Intake, IntakeSettings, ShardWorker, cancel
from hub.projector.projector import Projections, Projector
from hub.relay.contents import Contents
from hub.relay.relay import Relay
from hub.relay.signing import HubSigner
from hub.rules.loader import load_rules
from hub.store.due import DueReader, PostgresDue
from hub.store.intake import PostgresIntakeStore
from hub.store.journal import PostgresJournal
from hub.store.memory import MemoryStore
from hub.store.pool import Pool
from hub.store.ports import FollowerStore, IntakeStore
from hub.store.projections import PostgresProjections
from hub.store.sealing import Sealer
from hub.store.waiting import PostgresWaiting, WaitingReader
from hub.timekeeper.due import DueMoments
from schemas.envelope import Envelope, Secrecy
from schemas.identifiers import derived_id, mint_case_id
from schemas.partitioner import partition_of
from schemas.signature import sign

DIRECTORY = Path(__file__).with_name("city.yaml")
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
QUICK = IntakeSettings(wait_ms=10, backoff_first=0.01, backoff_most=0.05)
PATIENCE = 6000


@dataclass(frozen=True, slots=True)
class Stores:
    """The ports of one store. `shards`: for how many it was made."""

    shards: int
    intake: IntakeStore
    journal: FollowerStore
    projections: Projections
    waiting: WaitingReader
    due: DueReader


def memory_stores(store: MemoryStore, shards: int) -> Stores:
    """All ports on memory."""
    return Stores(shards, store, store, store, store, store)


def postgres_stores(pool: Pool, shards: int) -> Stores:
    """All ports on PostgreSQL."""
    ports = PostgresIntakeStore(pool), PostgresJournal(pool), PostgresProjections(pool), PostgresWaiting(pool)
    return Stores(shards, *ports, PostgresDue(pool))


class Core:
    """Two lists of a hub's insides are open to tests: what was handed over in memory, by shard, and the bus.

    The broker's clock moves by 1 ms with each record: `at` is the time of the last one.
    """

    def __init__(
        self,
        stores: Stores,
        bus: MemoryBus | None = None,
        prefix: str = "",
        directory: Path = DIRECTORY,
        overlay: Path | None = None,
    ) -> None:
        self.stores, self.shards = stores, stores.shards
        self.at = START
        self.rules = load_rules(directory, overlay=overlay)
        self.sealer = Sealer(bytes(range(32)))
        self.names = TopicNames(prefix)
        self.topics = self.names.sources(self.rules.departments)
        self.secrets = {who: secret_key(who) for who in (*self.rules.departments, "hub")}
        self.keys = KeyRegistry(
            {(who, f"{who}-1"): (entry(who), key.public_key()) for who, key in self.secrets.items()}
        )
        self.signer = HubSigner("hub-1", self.secrets["hub"])
        self.bus = bus or MemoryBus(self._tick)
        self.running: list[asyncio.Task[None]] = []
        self.handed: dict[int, list[Committed]] = {shard: [] for shard in range(self.shards)}
        self.settings = QUICK
        self._said = 0

    def _tick(self) -> int:
        self.at += timedelta(milliseconds=1)
        return round(self.at.timestamp() * 1000)

    def message(
        self,
        source: str,
        type_: str,
        case: str,
        data: Mapping[str, Any] | bytes,
        message: str | None = None,
        secrecy: Secrecy = Secrecy.INTERNAL,
        signed: bool = True,
    ) -> OutRecord:
        """A signed message as a record of the department's topic (`type_` without its version)."""
        self._said += 1
        value = data if isinstance(data, bytes) else to_json(dict(data))
        envelope = Envelope(
            id=message or str(uuid5(NAMESPACE_URL, f"{source}/{self._said}")),
            source=source,
            type=f"{type_}.v1",
            subject=case,
            time=self.at,
            secrecy=secrecy,
        )
        if signed:
            envelope = sign(envelope, value, f"{source}-1", self.secrets[source])
        partition = partition_of(case, self.shards)
        return OutRecord(self.names.out_of(source), partition, case.encode(), value, envelope.headers())

    def say(
        self, source: str, type_: str, case: str, data: Mapping[str, Any] | bytes, **more: Any
    ) -> MemoryRecord:
        """A department writes one message."""
        return self.bus.append(self.message(source, type_, case, data, **more))

    def raised(self, number: str, **more: Any) -> tuple[OutRecord, "Ids"]:
        """A referral F20 of the petition office to the justice bureau, not written yet; `more` is data."""
        case = mint_case_id("petition", number)
        data = {
            "legal_at": "2026-03-02T09:00:00+08:00",
            "flow": "F20",
            "kind": "entrust",
            "local_number": number,
            "title": "邻里纠纷",
            "parties": [{"role": "petitioner", "name": "测试员甲"}],
            "papers": papers("entrust_letter", "consent"),
            "lead": "justice",
        }
        record = self.message("petition", "referral.raised", case, data | more, message=f"raise-{number}")
        referral = derived_id("petition", f"raise-{number}", "referral")
        return record, Ids(case, referral, derived_id("petition", f"raise-{number}", "task"))

    def raise_(self, number: str, **more: Any) -> "Ids":
        """The same, written."""
        record, ids = self.raised(number, **more)
        self.bus.append(record)
        return ids

    def step(
        self, ids: "Ids", source: str, type_: str, message: str | None = None, **data: Any
    ) -> MemoryRecord:
        """A step on a task."""
        stated = "received_at" if type_ == "task.received" else "legal_at"
        fields = {"referral": ids.referral, "task": ids.task, stated: "2026-03-02T10:00:00+08:00"}
        return self.say(source, type_, ids.case, fields | data, message=message)

    def intake(self, source: Source | None = None, **changes: Any) -> Intake:
        """Intake on this core; `changes` substitute its parts."""
        parts = Intake(
            source or MemorySource(self.bus, self.shards),
            self.stores.intake,
            self.rules,
            self.sealer,
            self.keys,
            self.names,
            self.topics,
            self.shards,
            lambda shard, committed: self.handed[shard].extend(committed),
            self.settings,
        )
        return replace(parts, **changes)

    @contextlib.asynccontextmanager
    async def workers(self, intake: Intake | None = None) -> AsyncIterator[list[ShardWorker]]:
        """One worker for each shard, running."""
        intake = intake or self.intake()
        await intake.source.start(_ignore, _ignore)
        workers = [ShardWorker(shard, intake) for shard in range(self.shards)]
        tasks = [asyncio.create_task(worker.run()) for worker in workers]
        self.running = tasks
        try:
            yield workers
        finally:
            await cancel([task for task in tasks if not task.done()])
            await intake.source.stop()
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def read(self, intake: Intake | None = None) -> list[ShardWorker]:
        """Run workers until all that is in the source topics has been committed, but for stopped topics."""
        async with self.workers(intake) as workers:
            await self.until(lambda: self._all_read(workers))
        return workers

    async def until(self, done: Callable[[], Awaitable[bool]]) -> None:
        """Wait for something to be so; a worker that dies meanwhile fails the test."""
        for _ in range(PATIENCE):
            if await done():
                return
            for task in self.running:
                if task.done():
                    task.result()
            await asyncio.sleep(0.005)
        raise AssertionError("the core did not come to rest")

    async def _all_read(self, workers: Sequence[ShardWorker]) -> bool:
        for worker in workers:
            positions = await self.stores.intake.positions(worker.shard)
            for topic in self.topics:
                place = (topic, worker.shard)
                end = self.bus.starts.get(place, 0) + len(self.bus.logs.get(place, []))
                at = positions[place].next_offset if place in positions else 0
                if at < end and topic not in worker.stopped:
                    return False
        return True

    def relay_work(self, publisher: Publisher | None = None) -> Relay:
        """A relay on this core."""
        journal = self.stores.journal
        return Relay(
            publisher or MemoryPublisher(self.bus),
            journal,
            Contents(journal, self.sealer),
            self.names,
            self.rules,
            self.signer,
            self.shards,
        )

    async def relay(self) -> None:
        """Relay everything from the journal."""
        await self.follow(self.relay_work())

    async def project(self) -> None:
        """Project everything from the journal."""
        await self.follow(Projector(self.stores.projections))

    def due_moments(self) -> DueMoments:
        """What a timekeeper remembers of due moments, new."""
        return DueMoments(self.stores.due, self.signer, self.names, self.shards)

    async def strike(self, due: DueMoments | None = None) -> int:
        """Project, and publish what is due at the broker's time; how many messages that made. They are not read yet."""
        await self.project()
        return await (due or self.due_moments()).publish(self.at, MemoryPublisher(self.bus))

    async def follow(self, work: Work, handed: bool = False) -> None:
        """Run a follower on every shard until it is at the head; `handed`: with what was handed over."""
        tasks = []
        for shard in range(self.shards):
            hand_over = HandOver()
            if handed:
                hand_over.put(self.handed[shard])
            tasks.append(Follower(work, shard, self.stores.journal, hand_over, 0.01))
        self.running = [asyncio.create_task(follower.run()) for follower in tasks]
        heads = [len(await self.entries(shard)) for shard in range(self.shards)]

        async def done() -> bool:
            return all(follower.position == head for follower, head in zip(tasks, heads, strict=True))

        try:
            await self.until(done)
        finally:
            await cancel(self.running)

    async def entries(self, shard: int | None = None) -> list[Entry]:
        """The journal: of one shard, or of all, one after the other."""
        shards = range(self.shards) if shard is None else [shard]
        return [
            Entry.from_bytes(raw) for s in shards for _, raw in await self.stores.journal.read(s, 0, 100_000)
        ]

    def log(self, topic: str) -> list[MemoryRecord]:
        """All records of a topic, partition by partition."""
        return [record for (name, _), log in sorted(self.bus.logs.items()) if name == topic for record in log]

    def told(self, department: str, type_: str | None = None) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """What was written to a department: attributes and data."""
        found = []
        for record in self.log(self.names.into(department)):
            attributes = {name.removeprefix("ce_"): value.decode() for name, value in record.headers}
            if type_ is None or attributes["type"] == f"{type_}.v1":
                found.append((attributes, from_json(record.value or b"")))
        return found

    def later(self, **by: float) -> None:
        """Move the broker's clock on."""
        self.at += timedelta(**by)


@dataclass(frozen=True, slots=True)
class Ids:
    """A referral as its sender can compute it: the case, the referral, the lead's task."""

    case: str
    referral: str
    task: str


def papers(*codes: str) -> list[dict[str, Any]]:
    """Papers with these codes."""
    return [
        {"code": c, "title": c, "sha256": "a" * 64, "size": 1, "media_type": "application/pdf"} for c in codes
    ]


def secret_key(who: str) -> Ed25519PrivateKey:
    """The same key for a department at each run."""
    return Ed25519PrivateKey.from_private_bytes(uuid5(NAMESPACE_URL, who).bytes * 2)


def entry(who: str, **more: Any) -> RegisteredKey:
    """A department's key in the registry."""
    given = {"department": who, "keyid": f"{who}-1", "valid_from": datetime(2020, 1, 1, tzinfo=UTC)}
    return RegisteredKey.model_validate({**given, "public_key": "in memory", **more})


async def _ignore(shards: set[int]) -> None:
    return
