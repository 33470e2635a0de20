"""What every measurement stands on: servers of its own, a home with keys, topics and databases. Leaves nothing."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupCoordinatorNotAvailableError as CoordinatorNotAvailableError

from hub.bus.admin import apply_topics
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.topics import TopicNames
from hub.embedded.servers import Addresses, Servers
from hub.home import Home
from hub.rules.loader import load_rules
from hub.store.upgrade import upgrade
from tests.bench.referrals import SENDER, Referrals

CITY = Path("deploy/sandbox/city/departments.yaml")
SHARDS = 6
JOIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """Topics under a prefix, and a database."""

    names: TopicNames
    database: str

    @property
    def topic(self) -> str:
        """Where the referrals are put."""
        return self.names.out_of(SENDER)


@dataclass
class Ground:
    """The servers with their process ids, the home, who publishes. Shards are partitions."""

    addresses: Addresses
    home: Home
    servers: dict[str, int]
    publisher: KafkaPublisher
    referrals: Referrals
    shards: int = SHARDS
    _places: dict[str, Place] = field(default_factory=dict)

    async def place(self, name: str, *, of_hub: bool, topics: TopicNames | None = None) -> Place:
        """Topics and a database under a name, made when first asked for. `topics`: those of another place."""
        if name not in self._places:
            names = topics or TopicNames(f"{name}.")
            departments = load_rules(CITY).departments
            await apply_topics(self.addresses.kafka, names.declared(departments, self.shards))
            async with connected(self.addresses.database) as connection:
                await connection.execute(f'CREATE DATABASE "bench_{name}"')
            database = f"{self.addresses.database.rpartition('/')[0]}/bench_{name}"
            if of_hub:
                await upgrade(database, self.shards)
            self._places[name] = Place(names, database)
        return self._places[name]

    async def publish(self, number: int, topic: str) -> None:
        """So many new referrals, a few thousand at a time."""
        for begin in range(0, number, 5_000):
            await self.publisher.publish(self.referrals.make(min(5_000, number - begin), topic))

    async def settled(self, group: str, members: int) -> None:
        """Wait until a consumer group has so many members, and each its share of a topic's partitions."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.addresses.kafka)
        await admin.start()
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                while not await self._shared(admin, group, members):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise RuntimeError(
                f"group {group}: not {members} members with equal shares after {JOIN_SECONDS:.0f} s"
            ) from None
        finally:
            await admin.close()

    async def _shared(self, admin: AIOKafkaAdminClient, group: str, members: int) -> bool:
        try:
            said = (await admin.describe_consumer_groups([group]))[0].groups[0]
        except CoordinatorNotAvailableError:
            return False  # the first group of these servers: its topic is being made
        if said[2] != "Stable" or len(said[5]) != members:
            return False
        assignments = [ConsumerProtocolMemberAssignment.decode(member[4]) for member in said[5] if member[4]]
        shares = [len({place.partition for place in one.partitions()}) for one in assignments]
        return len(shares) == members and sum(shares) == self.shards and max(shares) - min(shares) <= 1


@contextlib.asynccontextmanager
async def ground(shards: int = SHARDS) -> AsyncIterator[Ground]:
    """Servers and home in a directory that is deleted afterwards."""
    root = Path(tempfile.mkdtemp(prefix="fengqiao-bench-"))
    root.chmod(0o755)
    try:
        servers = Servers(root)
        async with servers as addresses:
            home = Home(root)
            home.prepare(CITY, shards)
            pids = {"PostgreSQL": servers.postgres.pid, "Kafka": servers.kafka.pid}
            publisher = KafkaPublisher(addresses.kafka, "fengqiao-bench")
            referrals = Referrals(home.private_key(SENDER), f"{SENDER}-1", shards)
            own = {name: pid for name, pid in pids.items() if pid is not None}
            try:
                yield Ground(addresses, home, own, publisher, referrals, shards)
            finally:
                await publisher.stop()
    finally:
        shutil.rmtree(root)


@contextlib.asynccontextmanager
async def connected(database: str) -> AsyncIterator["asyncpg.Connection"]:
    """A connection of the owner's."""
    connection = await asyncpg.connect(database)
    try:
        yield connection
    finally:
        await connection.close()
