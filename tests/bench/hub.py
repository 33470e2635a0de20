"""The hub under measurement: one process of `fengqiao run ROLES`, on topics and a database of its own."""

import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from hub import loop
from hub.app import Parts, parts_of
from hub.home import Home
from hub.intake.reading import Read
from hub.intake.verifying import KeyRegistry
from hub.run import run_roles
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class HubProcess:
    """One process. `group`, `member`, `batch`: see `hub.settings.Settings`. `verified`: signatures are checked."""

    home: str
    kafka: str
    database: str
    prefix: str
    group: str
    member: str | None
    roles: tuple[str, ...]
    verified: bool
    batch: int

    def to_json(self) -> str:
        """As the argument of this module."""
        return json.dumps(asdict(self))


class EverybodysKeys(KeyRegistry):
    """Takes every signature for good: shows what verifying costs."""

    def check(self, message: Read, at: datetime) -> None:
        """No check."""

    async def look_ahead(self, *_: object) -> None:
        """No look."""


@contextlib.asynccontextmanager
async def trusting_parts_of(settings: Settings) -> AsyncIterator[Parts]:
    """As `parts_of`, but nobody's signature is looked at."""
    async with parts_of(settings) as parts:
        parts.keys = EverybodysKeys({})
        yield parts


def main(process: HubProcess) -> int:
    """Run until SIGTERM."""
    settings = Home(Path(process.home)).settings(
        process.kafka,
        process.database,
        topic_prefix=process.prefix,
        group=process.group,
        member=process.member,
        batch=process.batch,
        metrics_port=0,
    )
    parts = parts_of if process.verified else trusting_parts_of
    return loop.run(run_roles(settings, process.roles, parts))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sys.exit(main(HubProcess(**json.loads(sys.argv[1]))))
