"""The one place where things are wired: settings in, running roles out."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field

from hub.bus.kafka_feed import KafkaFeed
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.kafka_source import KafkaSource
from hub.bus.topics import COSIGNATURES, TopicNames
from hub.checkpointer.checkpointer import Checkpointer
from hub.checkpointer.cosignatures import Cosignatures
from hub.domain.entry import Committed
from hub.domain.rules import Rules
from hub.ending import Ending
from hub.errors import Trouble
from hub.following.follower import Follower, Work
from hub.following.hand_over import HandOver
from hub.indexer.indexer import REST_BESIDE_INTAKE, Indexer
from hub.intake.verifying import KeyRegistry
from hub.intake.worker import Intake, IntakeSettings, ShardWorker, cancel
from hub.opened import opened
from hub.operators import Operators
from hub.projector.projector import Projector
from hub.relay.contents import Contents
from hub.relay.relay import Relay
from hub.relay.signing import HubSigner
from hub.rules.loader import load_rules
from hub.settings import Settings
from hub.store.checkpoints import PostgresCheckpoints
from hub.store.cluster import settle_cluster
from hub.store.counted import PostgresCounted
from hub.store.due import PostgresDue
from hub.store.duplicates import PostgresDuplicates
from hub.store.erasures import ErasureList
from hub.store.indexes import PostgresIndexes
from hub.store.intake import PostgresIntakeStore
from hub.store.journal import PostgresJournal
from hub.store.pool import Pool
from hub.store.ports import ErasedKey
from hub.store.projections import PostgresProjections
from hub.store.running import PostgresRunning
from hub.store.sealing import Sealer
from hub.store.taken import PostgresTaken
from hub.store.waiting import PostgresWaiting
from hub.timekeeper.counted import Counts
from hub.timekeeper.due import DueMoments
from hub.timekeeper.duplicates import Finder
from hub.timekeeper.recomputing import Recomputing
from hub.timekeeper.reports import Reports
from hub.timekeeper.timekeeper import Timekeeper

log = logging.getLogger(__name__)
# A follower in a process of its own has nothing handed over: it looks this often (seconds).
POLL_ALONE = 0.05


@dataclass
class Parts:
    """What the roles of one process share."""

    settings: Settings
    rules: Rules
    names: TopicNames
    pool: Pool
    sealer: Sealer
    keys: KeyRegistry
    signer: HubSigner
    journal: PostgresJournal
    operators: Operators = field(default_factory=Operators)
    ending: Ending = field(default_factory=Ending)


@contextlib.asynccontextmanager
async def parts_of(settings: Settings) -> AsyncIterator[Parts]:
    """Load rules and keys, open the pool; close it at the end. Raises ConfigurationError, StoreTrouble."""
    pool = Pool(settings.database, size=4 * settings.shards + 4)
    parts = Parts(
        settings,
        load_rules(settings.city, overlay=settings.rules),
        TopicNames(settings.topic_prefix),
        pool,
        Sealer.from_file(settings.kek),
        KeyRegistry.from_directory(settings.keys),
        HubSigner.from_file(settings.hub_keyid, settings.hub_key),
        PostgresJournal(pool),
        Operators(settings.operators_directory),
    )
    async with opened(pool):
        yield parts


@dataclass
class Followers:
    """Relay, projector and indexer of the shards of this process, with their hand-overs."""

    parts: Parts
    works: Sequence[Work]
    poll_seconds: float
    running: dict[int, list[tuple[Follower, HandOver, "asyncio.Task[None]"]]] = field(default_factory=dict)

    def start(self, shard: int) -> None:
        """Follow a shard."""
        followers = []
        for work in self.works:
            hand_over = HandOver()
            follower = Follower(work, shard, self.parts.journal, hand_over, self.poll_seconds)
            task = asyncio.create_task(follower.run(), name=f"{work.name}-{shard}")
            self.parts.ending.watch(task)
            followers.append((follower, hand_over, task))
        self.running[shard] = followers

    async def stop(self, shard: int) -> None:
        """Leave a shard."""
        await cancel([task for _, _, task in self.running.pop(shard, [])])

    def put(self, shard: int, committed: list[Committed]) -> None:
        """Hand committed entries over."""
        for follower, hand_over, _ in self.running.get(shard, []):
            if follower.work.handed:
                hand_over.put(committed)


@dataclass
class IntakeRole:
    """Intake of the shards that the group gives to this process, with their followers beside it."""

    parts: Parts
    followers: Followers
    workers: dict[int, tuple[ShardWorker, "asyncio.Task[None]"]] = field(default_factory=dict)
    intake: Intake | None = None
    assigned_once: bool = False

    async def run(self) -> None:
        """Join the group and work until cancelled."""
        settings, rules = self.parts.settings, self.parts.rules
        topics = self.parts.names.sources(rules.departments)
        source = KafkaSource(settings.kafka_address, settings.group, topics, settings.member)
        self.intake = Intake(
            source,
            PostgresIntakeStore(self.parts.pool),
            rules,
            self.parts.sealer,
            self.parts.keys,
            self.parts.names,
            topics,
            settings.shards,
            self.followers.put,
            IntakeSettings(max_records=settings.batch),
            operators=self.parts.operators,
            erased=self._erased,
        )
        try:
            await self._join(source)
            await asyncio.Event().wait()
        finally:
            await self._revoked(set(self.workers))
            await self.intake.checker.stop()
            await source.stop()

    def _erased(self, keys: list[ErasedKey]) -> None:
        """At once on the list beside the database; what a crash keeps from it, the next start adds."""
        ErasureList(self.parts.settings.erasure_list).add((key.id, key.case) for key in keys)

    async def _join(self, source: KafkaSource) -> None:
        """Join the group; while Kafka or the database is away, try again with backoff.

        Raises TopicWentBack when this is another cluster than the one that the positions are of.
        """
        delay = 0.5
        while True:
            try:
                await settle_cluster(self.parts.pool, await source.cluster_id())
                await source.start(self._assigned, self._revoked)
                return
            except Trouble as trouble:
                log.warning("intake: %s; trying again in %.1f s", trouble, delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10.0)

    async def _assigned(self, shards: set[int]) -> None:
        assert self.intake is not None
        log.info("shards %s are ours", sorted(shards))
        self.assigned_once = True
        for shard in sorted(shards - set(self.workers)):
            worker = ShardWorker(shard, self.intake)
            self.followers.start(shard)
            task = asyncio.create_task(worker.run(), name=f"intake-{shard}")
            self.parts.ending.watch(task)
            self.workers[shard] = (worker, task)

    async def _revoked(self, shards: set[int]) -> None:
        for shard in sorted(shards & set(self.workers)):
            _, task = self.workers.pop(shard)
            await cancel([task])
            await self.followers.stop(shard)


def works_of(parts: Parts, roles: Collection[str]) -> tuple[list[Work], KafkaPublisher | None]:
    """The followers of this process, and the relay's publisher (to be stopped at the end)."""
    works: list[Work] = []
    publisher = None
    contents = Contents(parts.journal, parts.sealer)
    if "relay" in roles:
        publisher = KafkaPublisher(parts.settings.kafka_address)
        shards = parts.settings.shards
        works.append(
            Relay(publisher, parts.journal, contents, parts.names, parts.rules, parts.signer, shards)
        )
    if "projector" in roles:
        works.append(Projector(PostgresProjections(parts.pool)))
    if "indexer" in roles:
        rest = REST_BESIDE_INTAKE if "intake" in roles else 0.0
        works.append(Indexer(PostgresIndexes(parts.pool), contents, parts.sealer, rest))
    return works, publisher


def timekeeper_of(parts: Parts, publisher: KafkaPublisher) -> Timekeeper:
    """The timekeeper on the real database and bus."""
    settings = parts.settings
    return Timekeeper(
        PostgresWaiting(parts.pool),
        publisher,
        parts.signer,
        parts.names,
        settings.shards,
        settings.early_limit,
        coming=[
            Recomputing(PostgresRunning(parts.pool), parts.rules, parts.signer, parts.names, settings.shards),
            DueMoments(PostgresDue(parts.pool), parts.signer, parts.names, settings.shards),
            Counts(
                PostgresCounted(parts.pool),
                parts.signer,
                parts.names,
                settings.shards,
                parts.rules.supervision.at_breaches(),
            ),
            Reports(
                PostgresTaken(parts.pool),
                parts.rules,
                parts.keys.known_since(),
                parts.signer,
                parts.names,
                settings.shards,
            ),
            Finder(
                PostgresDuplicates(parts.pool),
                parts.signer,
                parts.names,
                settings.shards,
                parts.rules.duplicates,
            ),
        ],
        broker=publisher,
    )


def checkpointer_of(parts: Parts, publisher: KafkaPublisher) -> Checkpointer:
    """The checkpointer on the real database and bus."""
    return Checkpointer(PostgresCheckpoints(parts.pool), publisher, parts.signer, parts.names)


def cosignatures_of(parts: Parts, feed: KafkaFeed) -> Cosignatures:
    """What gathers the signatures of witnesses."""
    return Cosignatures(feed, PostgresCheckpoints(parts.pool), parts.keys, parts.rules.departments)


def cosignature_feed(parts: Parts) -> KafkaFeed:
    """The topic of cosignatures, in a group of its name."""
    topic = parts.names.hub(COSIGNATURES)
    return KafkaFeed(parts.settings.kafka_address, topic, topic)
