"""Parts to put in the place of others: stores that lose answers or wait, rules and stores with a defect."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from hub.errors import StoreTrouble
from hub.store.ports import Changes, IntakeStore, IntakeUnit, Position, SourcePartition


class Passing:
    """A store that passes everything on; the base of the others."""

    def __init__(self, inner: IntakeStore) -> None:
        self.inner = inner

    @asynccontextmanager
    async def unit(self, shard: int) -> AsyncIterator[IntakeUnit]:
        async with self.inner.unit(shard) as unit:
            yield unit

    async def positions(self, shard: int) -> dict[SourcePartition, Position]:
        return await self.inner.positions(shard)


class LosesAnswers(Passing):
    """Commits, then says that it doesn't know: as when the connection breaks while the answer is awaited."""

    def __init__(self, inner: IntakeStore, times: int) -> None:
        super().__init__(inner)
        self.times = times

    @asynccontextmanager
    async def unit(self, shard: int) -> AsyncIterator[IntakeUnit]:
        async with self.inner.unit(shard) as unit:
            yield unit
        if self.times:
            self.times -= 1
            raise StoreTrouble("the answer to the commit was lost")


class Fails(Passing):
    """So many units fail before their commit, which leaves nothing."""

    def __init__(self, inner: IntakeStore, times: int) -> None:
        super().__init__(inner)
        self.times = times

    @asynccontextmanager
    async def unit(self, shard: int) -> AsyncIterator[IntakeUnit]:
        async with self.inner.unit(shard) as unit:
            yield unit
            if self.times:
                self.times -= 1
                raise StoreTrouble("the connection broke before the commit")


class WaitsAtTheDoor(Passing):
    """The first unit opens only when `go_on` is set; `waits` says that somebody stands there with a batch."""

    def __init__(self, inner: IntakeStore) -> None:
        super().__init__(inner)
        self.waits, self.go_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def unit(self, shard: int) -> AsyncIterator[IntakeUnit]:
        self.waits.set()
        await self.go_on.wait()
        async with self.inner.unit(shard) as unit:
            yield unit


class CannotStore(Passing):
    """Fails, as a defect does, on changes of which `bad` says so. Counts the tries."""

    def __init__(self, inner: IntakeStore, bad: Callable[[Changes], bool]) -> None:
        super().__init__(inner)
        self.bad, self.tries = bad, 0

    @asynccontextmanager
    async def unit(self, shard: int) -> AsyncIterator[IntakeUnit]:
        async with self.inner.unit(shard) as unit:
            yield _Watched(unit, self)


class _Watched:
    def __init__(self, unit: IntakeUnit, store: CannotStore) -> None:
        self.head, self.positions = unit.head, unit.positions
        self.seen, self.load, self.entries = unit.seen, unit.load, unit.entries
        self._write: Callable[[Changes], Awaitable[None]] = unit.write
        self._store = store

    async def write(self, changes: Changes) -> None:
        self._store.tries += 1
        if self._store.bad(changes):
            raise ValueError("cannot be stored")
        await self._write(changes)


class Broken(dict[str, Any]):
    """Flows of which some fail when they are looked up: a defect inside `decide`."""

    def __init__(self, flows: dict[str, Any], *broken: str) -> None:
        super().__init__(flows)
        self.broken = set(broken)

    def get(self, name: str, default: Any = None) -> Any:
        if name in self.broken:
            raise RuntimeError(f"defect in flow {name}")
        return super().get(name, default)
