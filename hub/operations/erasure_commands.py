"""`fengqiao erase …`: a person's or a case's data can be read no more; the proofs stay. Thin."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.audit.looking import Ground, Place, Purpose, Reference
from hub.audit.looking import Operator as Looks
from hub.audit.room import looker
from hub.command_group import group
from hub.command_home import HomeOption, settings_of
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME
from hub.operations.case_view import named_case
from hub.operations.erasing import Erasable, Erasing, PersonInCase, TextNamesPerson
from hub.operations.ordering import numbers_of, ordering_of, said, signing_of
from hub.settings import Settings
from hub.store.erasures import ErasureList
from hub.store.scrub import Scrubbed, scrub

app = group("Erasure: destroy the keys of a person's or a case's data; proofs stay.")
Case = Annotated[str, typer.Argument(help="Case id, a department's number, a referral or a task.")]
Reason = Annotated[str, typer.Option(help="Why; stays readable, so it names no person.")]
Article = Annotated[str, typer.Option(help="Law and article, e.g. 个人信息保护法第47条.")]
By = Annotated[str, typer.Option("--operator", help="Id of the operator who orders it.")]
Key = Annotated[
    Path | None, typer.Option(help="The operator's private key. Unsaid: the one under the home's secrets.")
]
Scrub = Annotated[
    bool,
    typer.Option(
        "--scrub/--no-scrub", help="Clean the server's files at once, or later with `fengqiao erase scrub`."
    ),
]


@app.command("show")
def show_command(
    case: Case,
    operator: Looks = None,
    purpose: Purpose = None,
    reference: Reference = None,
    ground: Ground = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """The persons of a case by number, names and numbers covered, and whether its free text names them. Recorded."""
    settings = settings_of(home)

    async def run() -> Erasable:
        async with (
            Place(home, None).open(looker(operator, purpose, reference)) as reading,
            ordering_of(settings) as ordering,
        ):
            named = await named_case(reading.store, case)
            await reading.look_at("erase show", named, ground, {"named": case}, opened=True)
            return await Erasing(ordering, ErasureList(settings.erasure_list)).erasable(named)

    found = asyncio.run(run())
    table = Table("person", "name", "number", "role", "free text that names the person")
    for number, person in sorted(found.persons.items()):
        naming = len(found.naming([number]))
        table.add_row(str(number), *_covered(person), ", ".join(sorted(person.roles)), f"{naming} messages")
    console = Console()
    console.print(table if found.persons else "no person of this case has a key")
    console.print(f"case {found.case}: free text {'is there' if found.has_text else 'has no key'}")


@app.command("person")
def person_command(
    case: Case,
    persons: Annotated[list[str], typer.Argument(help="Numbers, as `fengqiao erase show` gives them.")],
    reason: Reason,
    article: Article,
    operator: By,
    key: Key = None,
    text: Annotated[
        bool | None,
        typer.Option(
            "--with-text/--keep-text",
            help="The case's free text too, or not. Must be said when it names the person.",
            show_default=False,
        ),
    ] = None,
    scrub_now: Scrub = True,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Erase persons of a case: whatever names them in it, and the free text if so said."""
    _erase(home, case, numbers_of(persons), text, False, (reason, article, operator), key, scrub_now)


@app.command("case")
def case_command(
    case: Case,
    reason: Reason,
    article: Article,
    operator: By,
    key: Key = None,
    scrub_now: Scrub = True,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Erase all sealed data of a case: its persons and its free text."""
    _erase(home, case, [], None, True, (reason, article, operator), key, scrub_now)


@app.command("scrub")
def scrub_command(home: HomeOption = DEFAULT_HOME) -> None:
    """Clean the server's files of keys that were destroyed: tables are written anew, the write-ahead log over.

    Writers of the tables of keys wait meanwhile. Exits 1 when something is left that this user of the database may not do.
    """
    settings = settings_of(home)

    async def run() -> Scrubbed:
        async with ordering_of(settings) as ordering:
            await Erasing(ordering, ErasureList(settings.erasure_list)).follow_up()
        return await scrub(settings.database)

    done = asyncio.run(run())
    _tell(done)
    raise typer.Exit(0 if done.wal is not None else 1)


def _erase(
    home: Path,
    case: str,
    persons: list[int],
    text: bool | None,
    everything: bool,
    words: tuple[str, str, str],
    key: Path | None,
    scrub_now: bool,
) -> None:
    reason, article, operator = words
    said(reason=reason, article=article)
    settings = settings_of(home)
    by = signing_of(operator, key, operator_secrets(settings))

    async def run() -> Scrubbed | None:
        async with ordering_of(settings) as ordering:
            erasing = Erasing(ordering, ErasureList(settings.erasure_list))
            named = await named_case(ordering.store, case)
            found = await erasing.erasable(named)
            check(found, persons or sorted(found.persons), text, everything, reason)
            entries = await erasing.erase(by, named, article, reason, persons, bool(text), everything)
            for entry in entries:
                typer.echo(f"erased: entry {entry.shard}/{entry.seq}")
            await erasing.follow_up()
        return await scrub(settings.database) if scrub_now else None

    done = asyncio.run(run())
    if done is None:
        typer.echo("next: fengqiao erase scrub")
        return
    _tell(done)
    raise typer.Exit(0 if done.wal is not None else 1)


def check(found: Erasable, persons: list[int], text: bool | None, everything: bool, reason: str) -> None:
    """Raises TextNamesPerson when free text names somebody and nobody decided about it; ConfigurationError when the
    reason does, for it stays readable.
    """
    known = [number for number in persons if number in found.persons]
    for number in known:
        if any(value in reason for value in found.persons[number].texts()):
            raise ConfigurationError(f"reason: names person {number}; it stays readable, so say it without")
    naming = found.naming(known)
    if naming and text is None and not everything:
        shown = "; ".join(naming[:5]) + (f" and {len(naming) - 5} more" if len(naming) > 5 else "")
        raise TextNamesPerson(
            f"free text of {len(naming)} messages names whom you erase ({shown}): give --with-text to erase the free "
            "text of the case too, or --keep-text to leave it"
        )


def _covered(person: PersonInCase) -> tuple[str, str]:
    names = sorted(person.values.get("name", ()))
    numbers = sorted(person.values.get("id_number", ()))
    return (
        " / ".join(name[:1] + "＊" * (len(name) - 1) for name in names),
        " / ".join("＊" * max(len(number) - 4, 0) + number[-4:] for number in numbers),
    )


def _tell(done: Scrubbed) -> None:
    typer.echo(
        f"written anew: {', '.join(done.tables)}; {done.keys} destroyed keys are out of the server's files"
    )
    if done.wal is not None:
        typer.echo(f"write-ahead log: nothing from before segment {done.wal} is left")
    for place in done.elsewhere:
        typer.echo(f"may still hold wrapped keys: {place}")
    typer.echo(
        "these open no more once the key-encryption key of their time is destroyed: fengqiao kek --help"
    )


def operator_secrets(settings: Settings) -> Path:
    """Where `fengqiao operator new` puts private keys."""
    return settings.kek.parent / "operators"
