"""A hub process of which one part hangs: `python -m tests.acceptance.cli.stuck HOME PART`, the watchdog with short limits.

PART: `commit`, intake's connection to the store never answers; `relay`, reading the journal never ends; `timekeeper`, it
never learns what waits; `loop`, the event loop itself stands from SIGUSR1 on; `nothing`.
"""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from hub import loop
from hub.app import Parts, parts_of
from hub.embedded.servers import Addresses
from hub.home import Home
from hub.operations.health import Limits
from hub.run import ROLES, run_roles
from hub.settings import Settings
from hub.store.journal import PostgresJournal
from hub.store.waiting import PostgresWaiting

# In each the real ones are some twenty times as long.
LIMITS = Limits(still=8.0, trouble=8.0, every=0.5, answer=4.0, pause=4.0)


class StuckJournal(PostgresJournal):
    """Never says that a follower moved on."""

    async def advance(self, *_: Any) -> bool:
        """Hangs."""
        await asyncio.Event().wait()
        return False


def main(home: Path, part: str) -> int:
    """Run all roles until SIGTERM, or until the watchdog ends it."""
    addresses = Addresses.find(home)

    @contextlib.asynccontextmanager
    async def stuck_parts_of(settings: Settings) -> AsyncIterator[Parts]:
        async with parts_of(settings) as parts:
            if part == "relay":
                parts.journal = StuckJournal(parts.pool)
            if part == "commit":
                parts.pool.transaction = _never  # type: ignore[method-assign]
            if part == "timekeeper":
                PostgresWaiting.known_aliases = _nothing  # type: ignore[assignment,method-assign]
            if part == "loop":
                asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, time.sleep, 3_600)
            yield parts

    settings = Home(home).settings(addresses.kafka, addresses.database, metrics_port=0)
    return loop.run(run_roles(settings, ROLES, stuck_parts_of, LIMITS))


@contextlib.asynccontextmanager
async def _never() -> AsyncIterator[Any]:
    await asyncio.Event().wait()
    yield None


async def _nothing(*_: Any) -> list[Any]:
    await asyncio.Event().wait()
    return []


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
