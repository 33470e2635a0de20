"""Using what has to be started and stopped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar


class Startable(Protocol):
    """A pool, a store, a publisher."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


S = TypeVar("S", bound=Startable)


@asynccontextmanager
async def opened(part: S) -> AsyncIterator[S]:
    """Start it, and stop it when the block ends, however it ends. Raises what its `start` raises."""
    await part.start()
    try:
        yield part
    finally:
        await part.stop()
