"""`fengqiao parked …`: what could not be handled, and what a person does about it. Thin."""

import asyncio
import re
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.bus.topics import TopicNames
from hub.command_group import group
from hub.command_home import HomeOption, settings_of
from hub.domain.decision import CHINA
from hub.errors import ConfigurationError, ParkingName
from hub.home import DEFAULT_HOME
from hub.opened import opened
from hub.operations.mending import mending_of
from hub.settings import Settings
from hub.store.read_parked import StoredParked, listed
from hub.store.reading import ReadStore

app = group("Parked records: what could not be handled.")
Which = Annotated[list[str], typer.Argument(help="SHARD/SEQ as `parked list` shows them.")]
Reason = Annotated[str, typer.Option(help="Why; is kept in the history, sealed.")]
_PLACE = re.compile(r"([0-9]{1,4})/([0-9]{1,18})")


@app.command("list")
def list_command(
    name: Annotated[str | None, typer.Option(help="Only those with this name, like hub.defect.")] = None,
    department: Annotated[str | None, typer.Option(help="Only those that this department wrote.")] = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Also what waits for what it builds on (early, held).")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """What is parked now, the oldest first."""
    if name is not None and name not in list(ParkingName):
        raise ConfigurationError(f"name {name!r}: allowed are {', '.join(ParkingName)}")
    settings = settings_of(home)
    topic = None if department is None else TopicNames(settings.topic_prefix).out_of(department)
    waits = waiting or name in (ParkingName.EARLY, ParkingName.HELD)
    rows = asyncio.run(_listed(settings, name, topic, waits, limit))
    table = Table("which", "since", "name", "record", "message", "detail")
    for row in rows:
        since = row.since.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        record = f"{row.topic}/{row.partition}/{row.offset}"
        table.add_row(row.name, since, row.reason, record, row.message or "", row.detail[:200])
    Console().print(table if rows else "nothing is parked")


@app.command("retry")
def retry_command(which: Which, reason: Reason, home: HomeOption = DEFAULT_HOME) -> None:
    """Take parked records up again, now that their cause is mended: a defect, a missing key, an unknown type.

    Nothing is done when one of them would be parked again. Each counts once, however often this is said.
    """
    done = asyncio.run(_retry(settings_of(home), _places(which), _said(reason)))
    typer.echo("taken up again" if done else "handed to intake, which has not read it yet")


@app.command("dismiss")
def dismiss_command(which: Which, reason: Reason, home: HomeOption = DEFAULT_HOME) -> None:
    """Give parked records up: they are listed no longer; the history keeps that they came, and why they were given up."""
    done = asyncio.run(_dismiss(settings_of(home), _places(which), _said(reason)))
    typer.echo("dismissed" if done else "handed to intake, which has not read it yet")


async def _listed(
    settings: Settings, name: str | None, topic: str | None, waiting: bool, limit: int
) -> list[StoredParked]:
    async with opened(ReadStore(settings.database)) as store, store.snapshot() as view:
        return await listed(view, name, topic, waiting, limit)


async def _retry(settings: Settings, places: list[tuple[int, int]], reason: str) -> bool:
    async with mending_of(settings) as mending:
        return await mending.retry(places, reason)


async def _dismiss(settings: Settings, places: list[tuple[int, int]], reason: str) -> bool:
    async with mending_of(settings) as mending:
        return await mending.dismiss(places, reason)


def _places(which: list[str]) -> list[tuple[int, int]]:
    found = [_PLACE.fullmatch(one) for one in which]
    for one, match in zip(which, found, strict=True):
        if match is None:
            raise ConfigurationError(f"{one!r}: must be SHARD/SEQ, as `fengqiao parked list` shows it")
    return [(int(match[1]), int(match[2])) for match in dict.fromkeys(found) if match is not None]


def _said(reason: str) -> str:
    if not reason.strip():
        raise ConfigurationError(f"reason {reason!r}: say why, it is recorded")
    return reason
