"""What is measured, running: a yardstick loop or processes of the hub. One at a time: what idles would cost the others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import asyncpg

from tests.bench.ground import Ground, Place, connected
from tests.bench.hub import HubProcess
from tests.bench.processes import Child
from tests.bench.variants import Hub, Loop, Variant

_PROGRESS = """
SELECT sum(seq)::bigint, (SELECT min(done) FROM (SELECT sum(seq)::bigint AS done FROM follower GROUP BY name) AS f)
FROM shard"""
_WRITTEN = "SELECT sum(seq)::bigint FROM shard"
_LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 600.0


class Subject(Protocol):
    """Reads referrals from its place; `through` returns when so many more than at its last return are done."""

    place: Place
    children: Sequence[Child]

    async def through(self, number: int) -> None: ...


@dataclass
class RunningLoop:
    """See `tests.bench.floor`, `floor_outbox` and `libraries`: each prints how many referrals it has done."""

    place: Place
    children: Sequence[Child]
    _done: int = 0
    _said: int = 0

    async def through(self, number: int) -> None:
        """Published everything that they lead to."""
        self._done += number
        while self._said < self._done:
            self._said = int(await self.children[0].line())


@dataclass
class RunningHub:
    """See `tests.bench.hub`."""

    place: Place
    children: Sequence[Child]
    _connection: "asyncpg.Connection"
    _done: int

    async def progress(self) -> tuple[int, int]:
        """Entries written, and passed by every follower, over all shards. Raises RuntimeError when a process ended."""
        written, passed = await self._connection.fetchrow(_PROGRESS)
        for child in self.children:
            child.pid  # raises
        return written, passed or 0

    async def through(self, number: int) -> None:
        """So many entries more are written, and relay (and projector, where it runs) have passed the last of them."""
        self._done += number
        async with asyncio.timeout(PATIENCE_SECONDS):
            while min(await self.progress()) < self._done:
                await asyncio.sleep(_LOOK_SECONDS)


@contextlib.asynccontextmanager
async def running(ground: Ground, variant: Variant, batch: int) -> AsyncIterator[Subject]:
    """The variant, its processes members of their group, nothing done yet."""
    if isinstance(variant.what, Loop):
        place = await ground.place(variant.what.module, of_hub=False)
        async with _loop(ground, place, variant.what, batch) as subject:
            yield subject
    else:
        # Variants with the same roles follow each other on one store: its followers are those roles.
        place = await ground.place("-".join(variant.what.roles), of_hub=True)
        async with running_hub(ground, place, variant.what, batch) as subject:
            yield subject


@contextlib.asynccontextmanager
async def _loop(ground: Ground, place: Place, loop: Loop, batch: int) -> AsyncIterator[Subject]:
    log = ground.home.logs / f"{loop.module}.log"
    args = (ground.addresses.kafka, place.database, place.names.prefix, str(batch))
    async with Child(f"tests.bench.{loop.module}", *args, log=log) as child:
        await ground.settled(f"{place.names.prefix}{loop.module}", 1)
        yield RunningLoop(place, (child,))


@contextlib.asynccontextmanager
async def running_hub(
    ground: Ground, place: Place, hub: Hub, batch: int = 500, *, follow: bool = True
) -> AsyncIterator[RunningHub]:
    """Processes of the hub on a store. `follow`: wait until each has its share of the shards."""
    group = f"{place.names.prefix}{hub.processes}-{place.database.rpartition('_')[2]}"
    async with contextlib.AsyncExitStack() as stack:
        connection = await stack.enter_async_context(connected(place.database))
        children = []
        for number in range(hub.processes):
            process = HubProcess(
                home=str(ground.home.root),
                kafka=ground.addresses.kafka,
                database=place.database,
                prefix=place.names.prefix,
                group=group,
                member=f"bench-{number}",
                roles=hub.roles,
                verified=hub.verified,
                batch=batch,
            )
            log = ground.home.logs / f"hub-{number}.log"
            child = Child("tests.bench.hub", process.to_json(), log=log)
            children.append(await stack.enter_async_context(child))
        if follow:
            await ground.settled(group, hub.processes)
        yield RunningHub(place, children, connection, await connection.fetchval(_WRITTEN))
