"""`fengqiao rules try`: what other rules would have made of what was received. Thin."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hub import loop
from hub.audit.try_report import case_table, finding_json, not_decided_line, summary_json, summary_lines
from hub.audit.try_rules import OneCase, RuleTrial, Summary
from hub.domain.deadline_facts import SHANGHAI
from hub.embedded.servers import Addresses
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME, Home
from hub.opened import opened
from hub.rules.loader import load_rules
from hub.store.reading import ReadStore

DIFFERENT, MISSING = 1, 3
_AMONG = 200


def try_command(
    since: Annotated[
        str,
        typer.Option(
            metavar="DATE|DATETIME",
            help="Messages received from then on (Shanghai time unless it has a zone).",
        ),
    ],
    rules: Annotated[
        Path | None,
        typer.Option(help="The rules to try, in place of the home's own: flows, deadlines, calendar, codes."),
    ] = None,
    city: Annotated[
        Path | None, typer.Option(help="A directory of departments to try, in place of the home's.")
    ] = None,
    lang: Annotated[str, typer.Option(metavar="zh|en", help="Language of derivations.")] = "zh",
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object a line: cases as they are found, the summary last."),
    ] = False,
    home: Annotated[Path, typer.Option("--home", help="Directory of data, keys and logs.")] = DEFAULT_HOME,
    database: Annotated[
        str | None, typer.Option(help="postgresql://… to read instead of the home's database.")
    ] = None,
) -> None:
    """Decide recorded messages again under other rules and report every difference by case. Nothing is changed.

    Exits 0 when nothing differs, 1 when anything does, 3 when nothing does but an entry is missing or can't be read.
    """
    if lang not in ("zh", "en"):
        raise ConfigurationError(f"lang {lang!r}: allowed are zh, en")
    place = Home(home)
    own = place.rules_of_city()
    now = load_rules(place.city(), overlay=own)
    tried = load_rules(city or place.city(), overlay=rules or own)
    trial = RuleTrial(tried, now, read_since(since), "en" if lang == "en" else "zh")
    summary = loop.run(_try(trial, database or Addresses.find(home).database, as_json))
    raise typer.Exit(DIFFERENT if summary.differences else MISSING if summary.missing else 0)


async def _try(trial: RuleTrial, database: str, as_json: bool) -> Summary:
    async with opened(ReadStore(database)) as store:
        with Console(stderr=True).status("reading") as status:

            def tell(what: str, done: int, shard: int) -> None:
                if done % _AMONG == 1:
                    status.update(f"{what}: {done} (shard {shard})")

            async with store.snapshot() as view:
                async for finding in trial.run(view, tell):
                    if as_json:
                        typer.echo(finding_json(finding))
                    elif isinstance(finding, OneCase):
                        Console().print(case_table(finding))
                    else:
                        typer.echo(not_decided_line(finding))
    if as_json:
        typer.echo(summary_json(trial.summary))
    else:
        for line in summary_lines(trial.summary):
            typer.echo(line)
    return trial.summary


def read_since(text: str) -> datetime:
    """A day (from its beginning in Shanghai) or a moment. Raises ConfigurationError."""
    try:
        if len(text) == len("2026-03-02"):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), SHANGHAI)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"since {text!r}: give a day 2026-03-02 or a moment 2026-03-02T10:15"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
