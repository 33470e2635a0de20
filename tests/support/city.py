"""A city to test with: departments with keys, a bus in memory, the real store, all that reads and follows.

`async with City(dsn) as city`, then `city.raise_referral(...)`, `city.work(...)`, `await city.drain()`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.app import Parts
from hub.bus.memory import MemoryBus, MemoryPublisher, MemorySource
from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.domain.entry import Committed
from hub.following.follower import Follower, Work
from hub.following.hand_over import HandOver
from hub.indexer.indexer import Indexer
from hub.intake.verifying import KeyRegistry, RegisteredKey
from hub.intake.worker import Intake, IntakeSettings, ShardWorker, cancel
from hub.operators import Operators
from hub.projector.projector import Projector
from hub.relay.contents import Contents
from hub.relay.relay import Relay
from hub.relay.signing import HubSigner
from hub.rules.loader import load_rules
from hub.settings import Settings
from hub.store.indexes import PostgresIndexes
from hub.store.intake import PostgresIntakeStore
from hub.store.journal import PostgresJournal
from hub.store.pool import Pool
from hub.store.projections import PostgresProjections
from hub.store.reading import ReadStore
from hub.store.sealing import Sealer
from hub.store.upgrade import upgrade
from schemas.envelope import Envelope, Secrecy
from schemas.identifiers import derived_id, mint_case_id
from schemas.partitioner import partition_of
from schemas.signature import sign

DIRECTORY = Path(__file__).with_name("city.yaml")
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PATIENCE = 1500
# Per flow: who raises it, the lead, its kind, the papers it requires, its replies in order, an outcome.
FLOWS: dict[str, tuple[str, str, str, tuple[str, ...], tuple[str, ...], str]] = {
    "F1": (
        "public_security",
        "procuratorate",
        "request",
        ("arrest_request", "case_file"),
        ("decision",),
        "approved",
    ),
    "F4": (
        "public_security",
        "procuratorate",
        "transfer",
        ("prosecution_opinion", "litigation_file"),
        ("rights_notice", "decision"),
        "prosecute",
    ),
    "F20": (
        "petition",
        "justice",
        "entrust",
        ("entrust_letter", "consent"),
        ("mediation_result",),
        "agreement",
    ),
    "LSC": ("mediation", "court", "request", ("application", "agreement"), ("ruling",), "confirmed"),
}


@dataclass(frozen=True, slots=True)
class Raised:
    """A referral as its sender can compute it before the hub has seen it. `task` is the lead's."""

    message: str
    case: str
    referral: str
    task: str
    flow: str
    sender: str
    lead: str


class City:
    """The broker's clock stands unless it is moved: `at` is the time that the next record gets."""

    def __init__(self, dsn: str, shards: int = 3, prefix: str = "") -> None:
        self.dsn, self.shards = dsn, shards
        self.at = START
        self.rules = load_rules(DIRECTORY)
        self.sealer = Sealer(bytes(range(32)))
        self.names = TopicNames(prefix)
        self.topics = self.names.sources(self.rules.departments)
        self._keys = {who: _key(who) for who in (*self.rules.departments, "hub")}
        self.keys = KeyRegistry(
            {(who, f"{who}-1"): (_entry(who), k.public_key()) for who, k in self._keys.items()}
        )
        self.signer = HubSigner("hub-1", self._keys["hub"])
        self.operators = Operators()
        self.bus = MemoryBus(lambda: int(self.at.timestamp() * 1000))
        self.pool = Pool(dsn, size=3 * shards + 2)
        self.store = ReadStore(dsn)
        self.journal = PostgresJournal(self.pool)
        self._said = 0

    async def __aenter__(self) -> Self:
        await upgrade(self.dsn, self.shards)
        await self.pool.start()
        await self.store.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.store.stop()
        await self.pool.stop()

    def say(
        self,
        source: str,
        type_: str,
        case: str,
        data: Mapping[str, Any],
        message: str | None = None,
        signed: bool = True,
    ) -> str:
        """A department writes one signed message (`type_` without its version). Returns the message id."""
        self._said += 1
        message = message or str(uuid5(NAMESPACE_URL, f"{source}/{self._said}"))
        value = json.dumps(dict(data), ensure_ascii=False).encode()
        envelope = Envelope(
            id=message,
            source=source,
            type=f"{type_}.v1",
            subject=case,
            time=self.at,
            secrecy=Secrecy.INTERNAL,
        )
        if signed:
            envelope = sign(envelope, value, f"{source}-1", self._keys[source])
        topic = self.names.out_of(source)
        self.bus.append(
            OutRecord(topic, partition_of(case, self.shards), case.encode(), value, envelope.headers())
        )
        return message

    def junk(self, source: str, partition: int = 0, value: bytes = b"junk") -> None:
        """A record that is no message at all."""
        assert partition < self.shards, f"partition {partition}: nobody would read it"
        self.bus.append(OutRecord(self.names.out_of(source), partition, b"k", value, []))

    def raise_referral(
        self,
        number: str,
        flow: str = "F1",
        *,
        case: str | None = None,
        lead: str | None = None,
        message: str | None = None,
        **more: Any,
    ) -> Raised:
        """`referral.raised` under one of `FLOWS`; `more` overrides fields of its data."""
        sender, usual_lead, kind, papers, _, _ = FLOWS[flow]
        subject = case or mint_case_id(sender, number)
        data = {
            "legal_at": stamp(self.at),
            "flow": flow,
            "kind": kind,
            "local_number": number,
            "title": "测试事项",
            "lead": lead or usual_lead,
            "papers": [_paper(code) for code in papers],
            "parties": [{"role": "party", "name": "测试人甲"}],
            **more,
        }
        message = self.say(sender, "referral.raised", subject, data, message)
        referral = derived_id(sender, message, "referral")
        task = derived_id(sender, message, "task")
        return Raised(message, subject, referral, task, flow, sender, data["lead"])

    def step(self, raised: Raised, type_: str, by: str | None = None, **data: Any) -> str:
        """A step on the lead's task, by the lead unless `by` says otherwise."""
        fields: dict[str, Any] = {"referral": raised.referral, "task": raised.task}
        fields["received_at" if type_ == "task.received" else "legal_at"] = stamp(self.at)
        return self.say(by or raised.lead, type_, raised.case, fields | data)

    def work(
        self, raised: Raised, until: str = "task.replied", pause: timedelta = timedelta(hours=1)
    ) -> None:
        """The lead's usual steps, up to and with `until`; the clock moves on by `pause` before each."""
        _, _, _, _, replies, outcome = FLOWS[raised.flow]
        steps: list[tuple[str, dict[str, Any]]] = [
            ("task.received", {"local_number": f"收{raised.referral[:8]}"}),
            ("task.signed", {}),
            ("task.accepted", {}),
            *(("task.replied", {"reply": reply}) for reply in replies[:-1]),
            ("task.replied", {"reply": replies[-1], "outcome": outcome}),
        ]
        last = max(n for n, (type_, _) in enumerate(steps) if type_ == until)
        for type_, data in steps[: last + 1]:
            self.at += pause
            self.step(raised, type_, **data)

    def confirm(self, raised: Raised) -> str:
        """The sender confirms the reply, with the paper that the flow wants."""
        wanted = self.rules.flows[raised.flow][0].confirm.papers
        return self.step(raised, "reply.confirmed", raised.sender, papers=[_paper(p.code) for p in wanted])

    def parts(self, **settings: Any) -> Parts:
        """What a role of this city is wired from. The files that the settings name are not there."""
        nowhere = {name: Path("nowhere") for name in ("city", "keys", "kek", "hub_key")}
        found = Settings(
            kafka="127.0.0.1:1",
            database=self.dsn,
            shards=self.shards,
            **(nowhere | {"metrics_port": 0} | settings),
        )
        return Parts(
            found, self.rules, self.names, self.pool, self.sealer, self.keys, self.signer, self.journal
        )

    async def drain(self, projector: bool = True, relay: bool = False) -> None:
        """Run intake until every record is committed, then the followers until they have passed it all."""
        await self.read()
        works: list[Work] = []
        if projector:
            works.append(Projector(PostgresProjections(self.pool)))
        if relay:
            contents = Contents(self.journal, self.sealer)
            works.append(
                Relay(
                    MemoryPublisher(self.bus),
                    self.journal,
                    contents,
                    self.names,
                    self.rules,
                    self.signer,
                    self.shards,
                )
            )
        await self.follow(works)

    async def index(self) -> None:
        """Run the indexer until it has passed it all."""
        contents = Contents(self.journal, self.sealer)
        await self.follow([Indexer(PostgresIndexes(self.pool), contents, self.sealer)])

    async def read(self) -> None:
        """Run the shard workers until the positions are at the ends of the logs. Nothing is handed over."""
        source = MemorySource(self.bus, self.shards)
        intake = Intake(
            source,
            PostgresIntakeStore(self.pool),
            self.rules,
            self.sealer,
            self.keys,
            self.names,
            self.topics,
            self.shards,
            _nowhere,
            IntakeSettings(wait_ms=10),
            operators=self.operators,
        )
        await source.start(_assigned, _assigned)
        tasks = [asyncio.create_task(ShardWorker(shard, intake).run()) for shard in range(self.shards)]
        try:
            await self._until(tasks, self._all_read)
        finally:
            await cancel(tasks)
            await source.stop()

    async def follow(self, works: Sequence[Work]) -> None:
        """Run these followers on every shard until they are at the heads."""
        followers = [
            Follower(work, shard, self.journal, HandOver(), 0.01)
            for work in works
            for shard in range(self.shards)
        ]
        tasks = [asyncio.create_task(follower.run()) for follower in followers]
        names = [work.name for work in works]

        async def done() -> bool:
            standing = await self.store.standing()
            heads = standing.heads.items()
            return all(standing.followers.get((n, s), 0) == seq for n in names for s, seq in heads)

        try:
            await self._until(tasks, done)
        finally:
            await cancel(tasks)

    async def _all_read(self) -> bool:
        standing = await self.store.standing()
        return all(
            standing.positions.get(place, 0) == len(log)
            for place, log in self.bus.logs.items()
            if place[0] in self.topics
        )

    async def _until(self, tasks: Sequence["asyncio.Task[None]"], done: Any) -> None:
        for _ in range(PATIENCE):
            if await done():
                return
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)
        raise AssertionError(f"the city did not come to rest: {await self.store.standing()}")


def stamp(at: datetime) -> str:
    """A moment as departments write it."""
    return at.isoformat(timespec="seconds")


def _key(who: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(uuid5(NAMESPACE_URL, who).bytes * 2)


def _entry(who: str) -> RegisteredKey:
    return RegisteredKey(
        department=who, keyid=f"{who}-1", valid_from=datetime(2020, 1, 1, tzinfo=UTC), public_key="in memory"
    )


def _paper(code: str) -> dict[str, Any]:
    return {"code": code, "title": code, "sha256": "a" * 64, "size": 1, "media_type": "application/pdf"}


async def _assigned(shards: set[int]) -> None:
    return


def _nowhere(shard: int, committed: list[Committed]) -> None:
    return
