"""What the commands that show cases share: who looks and what for, where to read, and how moments are given."""

import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hub import loop
from hub.audit.room import Room, room
from hub.domain.calendar_year import ONE_DAY
from hub.domain.decision import CHINA
from hub.domain.look import Looker
from hub.domain.rules import Rules
from hub.embedded.servers import Addresses
from hub.errors import ConfigurationError, HubError
from hub.home import Home
from hub.opened import opened
from hub.rules.loader import load_record_sealing, load_rules, rule_roots
from hub.store.reading import ReadStore
from hub.store.sealing import Sealer

Database = Annotated[str | None, typer.Option(help="postgresql://… to read instead of the home's database.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Operator = Annotated[
    str | None,
    typer.Option(envvar="FENGQIAO_OPERATOR", help="Who looks: your name and department; is recorded."),
]
Purpose = Annotated[str | None, typer.Option(help="What for; is recorded. Name no party in it.")]
Reference = Annotated[
    str | None, typer.Option(help="Number of the matter or order under which you look; is recorded.")
]
Ground = Annotated[
    str | None, typer.Option(help="On which ground of the law you look at a sealed record 封存; is recorded.")
]
CaseArgument = Annotated[str, typer.Argument(help="Case id, a department's number, a referral or a task.")]
Moment = Annotated[str | None, typer.Option(metavar="DATE|DATETIME")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where to read."""

    home: Path
    database: str | None

    def open(self, by: Looker) -> contextlib.AbstractAsyncContextManager[Room]:
        """The reading room of a person."""
        overlay = Home(self.home).rules_of_city()
        sealing = load_record_sealing(rule_roots(overlay=overlay))
        return room(self.database or Addresses.find(self.home).database, by, sealing)

    def store(self) -> contextlib.AbstractAsyncContextManager[ReadStore]:
        """The read store alone, for what shows no case: an auditor needs no key and no Kafka."""
        return opened(ReadStore(self.database or Addresses.find(self.home).database))

    def rules(self) -> Rules | None:
        """The rules of the home, for names and derivations; None where there is no home. Raises RuleFileError."""
        place = Home(self.home)
        if not place.settings_file.exists():
            return None
        return load_rules(place.city(), overlay=place.rules_of_city())

    def sealer(self) -> Sealer:
        """The key under which persons are indexed and case keys wrapped. Raises ConfigurationError naming the file."""
        return Sealer.from_file(Home(self.home).secrets / "kek")


def moment_of(field: str, text: str, end: bool = False) -> datetime:
    """A moment, or the beginning of a day in China (with `end`, of the next day). Raises ConfigurationError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{field} {text!r}: allowed are a day 2026-03-02 or a moment 2026-03-02T09:30"
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=CHINA)
    return found + ONE_DAY if end and len(text) == 10 else found


def no_token(field: str, value: str) -> bytes:
    """Where no person is asked for, no key is needed."""
    raise AssertionError(f"{field}: no key was opened")


def run_now(work: Coroutine[Any, Any, None]) -> None:
    """Run a command; an error of ours is one line, and exit code 2."""
    try:
        loop.run(work)
    except HubError as problem:
        typer.echo(f"fengqiao: {problem}", err=True)
        raise typer.Exit(2) from None
