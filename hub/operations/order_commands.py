"""`fengqiao hold …`, `seal …`, `operator …`, `kek …`: orders of operators, who they are, and the keys that wrap keys. Thin."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from hub.command_group import group
from hub.command_home import HomeOption, settings_of
from hub.domain.decision import CHINA
from hub.domain.entry import Entry
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME
from hub.opened import opened
from hub.operations.case_view import named_case
from hub.operations.erasure_commands import Article, By, Case, Key, Reason, operator_secrets
from hub.operations.ordering import Ordering, Signing, ordering_of, said, signing_of
from hub.operators import May, Operators, new_operator
from hub.rules.loader import load_rules
from hub.settings import Settings
from hub.store import kek
from hub.store.kek import FileKeys, ids_of
from hub.store.pool import Pool
from hub.store.read_holds import held_cases
from hub.store.rewrapping import rewrap, under

T = TypeVar("T")
hold_app = group("Legal hold: nothing of a held case is erased.")
seal_app = group("Sealing of records: shown on the grounds that the law names, found by no search.")
operator_app = group("Authorised operators.")
kek_app = group("Key-encryption keys: what wraps the keys of cases.")
HoldId = Annotated[str, typer.Argument(help="A name for the hold, like inquiry_2026_7.")]
May_ = Annotated[list[May], typer.Option("--may", help="What the operator may order; give it once for each.")]


@hold_app.command("set")
def hold_set(
    case: Case,
    hold: HoldId,
    reason: Reason,
    article: Article,
    operator: By,
    key: Key = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Hold a case: erasure and the end of retention leave it alone until the hold is released."""
    _order(home, case, "hub.hold_set.v1", (reason, article, operator), key, hold=hold)


@hold_app.command("release")
def hold_release(
    case: Case,
    hold: HoldId,
    reason: Reason,
    article: Article,
    operator: By,
    key: Key = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """End a hold; others on the case stay."""
    _order(home, case, "hub.hold_released.v1", (reason, article, operator), key, hold=hold)


@hold_app.command("list")
def hold_list(home: HomeOption = DEFAULT_HOME) -> None:
    """Every hold that is on a case now."""

    async def run(ordering: Ordering) -> list[tuple[str, str, str]]:
        return await held_cases(ordering.store)

    rows = _with(home, run)
    table = Table("case", "hold", "article")
    for row in rows:
        table.add_row(*row)
    Console().print(table if rows else "no case is held")


@seal_app.command("set")
def seal_set(
    case: Case,
    seal: Annotated[str, typer.Argument(help="Kind of sealing, as `fengqiao seal kinds` lists them.")],
    reason: Reason,
    article: Article,
    operator: By,
    key: Key = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Seal the record of a case."""
    _order(home, case, "hub.record_sealed.v1", (reason, article, operator), key, seal=seal)


@seal_app.command("lift")
def seal_lift(
    case: Case,
    reason: Reason,
    article: Article,
    operator: By,
    key: Key = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Lift the sealing: the record can be shown again."""
    _order(home, case, "hub.record_unsealed.v1", (reason, article, operator), key)


@seal_app.command("kinds")
def seal_kinds(home: HomeOption = DEFAULT_HOME) -> None:
    """What may be sealed, and on which grounds it is shown all the same."""
    settings = settings_of(home)
    sealing = load_rules(settings.city, overlay=settings.rules).record_sealing
    table = Table("kind", "article", "shown on ground", "article of the ground")
    for kind in sealing.kinds:
        for place, ground in enumerate(sealing.grounds_of(kind.code)):
            first = (f"{kind.code} {kind.title}", kind.article) if place == 0 else ("", "")
            table.add_row(*first, f"{ground.code} {ground.title}", ground.article)
    Console().print(table)


@operator_app.command("new")
def operator_new(
    operator: Annotated[str, typer.Argument(help="A new id, like wang_1.")],
    may: May_,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Register an operator and make a key: the public half is registered, the private one is the operator's."""
    settings = settings_of(home)
    made = new_operator(operator, may, settings.operators_directory, operator_secrets(settings))
    typer.echo(f"private key: {made}; hand it over and remove it here")


@operator_app.command("list")
def operator_list(home: HomeOption = DEFAULT_HOME) -> None:
    """Who is registered, for what, since when."""
    table = Table("operator", "may", "valid from", "valid to")
    for one in Operators(settings_of(home).operators_directory).all():
        table.add_row(one.operator, ", ".join(one.may), _time(one.valid_from), _time(one.valid_to))
    Console().print(table)


@kek_app.command("list")
def kek_list(home: HomeOption = DEFAULT_HOME) -> None:
    """The key-encryption keys, and how many cases' keys each of them wraps. The last one is in use."""
    settings = settings_of(home)
    counts = asyncio.run(_counts(settings))
    table = Table("id", "made", "wraps")
    for one in FileKeys.from_file(settings.kek).data.keys:
        table.add_row(one.id, _time(one.made), str(counts.get(one.id, 0)))
    Console().print(table)


@kek_app.command("new")
def kek_new(home: HomeOption = DEFAULT_HOME) -> None:
    """Put a new key-encryption key into use. Running processes take it up within ten seconds; copy the file to all machines."""
    made = kek.add(settings_of(home).kek)
    typer.echo(f"in use: {made}; next: fengqiao kek rewrap")


@kek_app.command("rewrap")
def kek_rewrap(home: HomeOption = DEFAULT_HOME) -> None:
    """Wrap the keys of all cases under the key-encryption key in use. The hub may run meanwhile."""
    settings = settings_of(home)

    async def run() -> tuple[int, dict[str, int]]:
        async with opened(Pool(settings.database, 1)) as pool:
            return await rewrap(pool, FileKeys.from_file(settings.kek)), await under(pool)

    done, counts = asyncio.run(run())
    typer.echo(f"wrapped anew: {done}; now " + ", ".join(f"{n} under {name}" for name, n in counts.items()))


@kek_app.command("destroy")
def kek_destroy(
    name: Annotated[str, typer.Argument(help="Its id.")], home: HomeOption = DEFAULT_HOME
) -> None:
    """Take a key-encryption key out of the file for good: backups and logs from its time open no key any more.

    Refused while it wraps a key in the database.
    """
    settings = settings_of(home)
    left = asyncio.run(_counts(settings)).get(name, 0)
    if left:
        raise ConfigurationError(f"{name} wraps the keys of {left} cases: `fengqiao kek rewrap` first")
    kek.destroy(settings.kek, name)
    there = ids_of(FileKeys.from_file(settings.kek).data.keys)
    typer.echo(f"destroyed: {name}; there are {there}. Destroy its copies too")


async def _counts(settings: Settings) -> dict[str, int]:
    async with opened(Pool(settings.database, 1)) as pool:
        return await under(pool)


def ordered(
    home: Path, case: str, type_: str, words: tuple[str, str, str], key: Path | None, **more: Any
) -> Entry:
    """Give an order about a case; the entry that says what became of it. `words`: reason, article, operator.

    Raises as `Ordering.order`.
    """
    reason, article, operator = words
    said(reason=reason, article=article)
    by: Signing = signing_of(operator, key, operator_secrets(settings_of(home)))

    async def run(ordering: Ordering) -> Entry:
        named = await named_case(ordering.store, case)
        return await ordering.order(by, type_, named, article, reason, **more)

    return _with(home, run)


def _order(
    home: Path, case: str, type_: str, words: tuple[str, str, str], key: Path | None, **more: str
) -> None:
    entry = ordered(home, case, type_, words, key, **more)
    typer.echo(f"done: entry {entry.shard}/{entry.seq} of case {entry.case}")


def _with(home: Path, work: Callable[[Ordering], Awaitable[T]]) -> T:
    async def run() -> T:
        async with ordering_of(settings_of(home)) as ordering:
            return await work(ordering)

    return asyncio.run(run())


def _time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
