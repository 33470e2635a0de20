"""The store in memory as a server: a session for each process, calls that take time, fail, or lose their answer."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from hub.domain.entry import Entry
from hub.errors import StoreTrouble
from hub.store.memory import MemoryStore, MemoryUnit
from hub.store.ports import Changes, Position
from tests.simulation.loop import PROCESS, Process
from tests.simulation.weather import Weather


class RowLock:
    """A lock that the server takes back from a session whose process is gone."""

    def __init__(self) -> None:
        self._owner: Process | None = None
        self._waiting: deque[tuple[Process, asyncio.Future[None]]] = deque()

    async def __aenter__(self) -> None:
        mine = PROCESS.get()
        if self._owner is None:
            self._owner = mine
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((mine, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    async def __aexit__(self, *error: object) -> None:
        self._pass_on()

    def drop(self, gone: Process) -> None:
        """The process is no more."""
        self._waiting = deque(one for one in self._waiting if one[0] is not gone)
        if self._owner is gone:
            self._pass_on()

    def _pass_on(self) -> None:
        self._owner = None
        while self._waiting:
            process, turn = self._waiting.popleft()
            if not turn.done():
                self._owner = process
                turn.set_result(None)
                return


class Server(MemoryStore):
    """The database itself. `on_commit` sees what each unit has written, when it has taken effect."""

    def __init__(
        self, shards: int, clock: Callable[[], datetime], on_commit: Callable[[Sequence[Changes]], None]
    ) -> None:
        super().__init__(shards, clock)
        self._on_commit = on_commit
        self.locks = [RowLock() for _ in range(shards)]
        for shard, lock in enumerate(self.locks):
            self._shards[shard].lock = lock  # type: ignore[assignment]

    def drop(self, gone: Process) -> None:
        """End the sessions of a process that is no more."""
        for lock in self.locks:
            lock.drop(gone)

    async def set_position(self, topic: str, shard: int, offset: int) -> None:
        """A person's decision, as `hub.store.intake.set_position` makes it."""
        async with self.locks[shard]:
            self._shards[shard].positions[topic, shard] = Position(offset, b"")

    def position(self, topic: str, shard: int) -> int:
        """The next offset that intake will take."""
        known = self.stored(topic, shard)
        return known.next_offset if known is not None else 0

    def stored(self, topic: str, shard: int) -> Position | None:
        """The position as it is stored."""
        return self._shards[shard].positions.get((topic, shard))

    def frontier(self, shard: int) -> bytes:
        """The stored frontier."""
        return self._shards[shard].frontier

    def following(self, name: str, shard: int) -> int:
        """How far a follower is."""
        return self._followers.get((name, shard), 0)

    def _commit(self, held: Any, written: Sequence[Changes]) -> None:
        super()._commit(held, written)
        self._on_commit(written)


class Session:
    """All ports of the store for one process. Nothing of it has an effect once the process is gone."""

    def __init__(self, server: Server, weather: Weather) -> None:
        self._server, self._weather = server, weather

    @asynccontextmanager
    async def unit(self, shard: int) -> AsyncIterator["SessionUnit"]:
        await self._weather.to_store()
        async with self._server.unit(shard) as unit:
            yield SessionUnit(unit, self._weather)
            await self._weather.to_store()
            if unit.written and self._weather.takes("failing_commits"):
                raise StoreTrouble("the commit failed")
        await self._answered(bool(unit.written))

    async def apply(self, name: str, shard: int, position: int, entries: Sequence[Entry]) -> None:
        await self._weather.to_store()
        if self._weather.takes("failing_commits"):
            raise StoreTrouble("the commit failed")
        await self._server.apply(name, shard, position, entries)
        await self._answered(True)

    async def advance(self, name: str, shard: int, old: int, new: int) -> bool:
        await self._weather.to_store()
        moved = await self._server.advance(name, shard, old, new)
        await self._answered(moved)
        return moved

    async def _answered(self, committed: bool) -> None:
        if committed and self._weather.takes("lost_answers"):
            raise StoreTrouble("the connection broke while the answer was awaited")
        await self._weather.to_store()

    def __getattr__(self, name: str) -> Any:
        """Every other call: there and back."""
        call = getattr(self._server, name)

        async def asked(*arguments: Any) -> Any:
            await self._weather.to_store()
            answer = await call(*arguments)
            await self._weather.to_store()
            return answer

        setattr(self, name, asked)
        return asked


class SessionUnit:
    """See `hub.store.ports.IntakeUnit`."""

    def __init__(self, unit: MemoryUnit, weather: Weather) -> None:
        self.head, self.positions = unit.head, unit.positions
        self._unit, self._weather = unit, weather

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._unit, name)

        async def asked(*arguments: Any) -> Any:
            await self._weather.to_store()
            return await call(*arguments)

        return asked
