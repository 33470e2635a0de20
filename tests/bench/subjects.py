"""What is measured: the floor and the hub, each a process on topics and a database of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncpg

from hub.bus.admin import apply_topics
from hub.bus.topics import TopicNames
from hub.embedded.servers import Addresses
from hub.rules.loader import load_rules
from hub.store.upgrade import upgrade
from tests.bench.processes import Child
from tests.bench.referrals import SENDER

_PROGRESS = """
SELECT sum(seq)::bigint, (SELECT min(done) FROM (SELECT sum(seq)::bigint AS done FROM follower GROUP BY name) AS f)
FROM shard"""
_LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 300.0


class Subject(Protocol):
    """Reads referrals from `topic` and tells departments under `names`; `until` returns when so many are done."""

    title: str
    names: TopicNames
    child: Child

    @property
    def topic(self) -> str: ...
    async def until(self, done: int) -> None: ...


@dataclass
class Ground:
    """The servers, the home with keys and settings, and the number of shards."""

    addresses: Addresses
    home: Path
    city: Path
    shards: int

    async def prepare(self, name: str) -> tuple[TopicNames, str]:
        """Topics and a database under a name."""
        names = TopicNames(f"{name}.")
        departments = load_rules(self.city).departments
        await apply_topics(self.addresses.kafka, names.declared(departments, self.shards))
        connection = await asyncpg.connect(self.addresses.database)
        try:
            await connection.execute(f"CREATE DATABASE bench_{name}")
        finally:
            await connection.close()
        return names, f"{self.addresses.database.rpartition('/')[0]}/bench_{name}"


class Floor:
    """See `tests.bench.floor`."""

    title = "floor"

    def __init__(self, names: TopicNames, child: Child) -> None:
        self.names, self.child = names, child
        self._done = 0

    @property
    def topic(self) -> str:
        """Where its referrals come from."""
        return self.names.out_of(SENDER)

    async def until(self, done: int) -> None:
        """Published everything that the first `done` referrals lead to."""
        while self._done < done:
            self._done = int(await self.child.line())


class Hub:
    """See `tests.bench.hub`."""

    def __init__(self, title: str, names: TopicNames, child: Child, connection: "asyncpg.Connection") -> None:
        self.title, self.names, self.child = title, names, child
        self._connection = connection

    @property
    def topic(self) -> str:
        """Where its referrals come from."""
        return self.names.out_of(SENDER)

    async def until(self, done: int) -> None:
        """Relay and projector have passed entry number `done`, over all shards."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                written, passed = await self._connection.fetchrow(_PROGRESS)
                if written >= done and passed is not None and passed >= done:
                    return
                self.child.pid  # raises when it has ended
                await asyncio.sleep(_LOOK_SECONDS)


@contextlib.asynccontextmanager
async def floor(ground: Ground, batch: int) -> AsyncIterator[Floor]:
    """The plain loop, running."""
    names, database = await ground.prepare("floor")
    log = ground.home / "log" / "floor.log"
    args = (ground.addresses.kafka, database, names.prefix, str(batch))
    async with Child("tests.bench.floor", *args, log=log) as child:
        yield Floor(names, child)


@contextlib.asynccontextmanager
async def hub(ground: Ground, title: str, signatures: str) -> AsyncIterator[Hub]:
    """The hub, running. `signatures`: `verified` or `trusted`."""
    names, database = await ground.prepare(f"hub_{signatures}")
    await upgrade(database, ground.shards)
    log = ground.home / "log" / f"hub-{signatures}.log"
    args = (str(ground.home), ground.addresses.kafka, database, names.prefix, signatures)
    connection = await asyncpg.connect(database)
    try:
        async with Child("tests.bench.hub", *args, log=log) as child:
            yield Hub(title, names, child, connection)
    finally:
        await connection.close()
