"""The hub under measurement: all roles in one process, as `fengqiao run all`, on topics and a database of its own."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from hub.app import Parts, parts_of
from hub.home import Home
from hub.intake.reading import Read
from hub.intake.verifying import KeyRegistry
from hub.run import ROLES, run_roles
from hub.settings import Settings


class EverybodysKeys(KeyRegistry):
    """Takes every signature for good: shows what verifying costs."""

    def check(self, message: Read, at: datetime) -> None:
        """No check."""


@contextlib.asynccontextmanager
async def trusting_parts_of(settings: Settings) -> AsyncIterator[Parts]:
    """As `parts_of`, but nobody's signature is looked at."""
    async with parts_of(settings) as parts:
        parts.keys = EverybodysKeys({})
        yield parts


def main(home: Path, kafka: str, database: str, prefix: str, signatures: str) -> int:
    """Run until SIGTERM. `signatures`: `verified` or `trusted`."""
    settings = Home(home).settings(
        kafka, database, topic_prefix=prefix, group=f"{prefix}intake", metrics_port=0
    )
    parts = {"verified": parts_of, "trusted": trusting_parts_of}[signatures]
    return asyncio.run(run_roles(settings, ROLES, parts))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
