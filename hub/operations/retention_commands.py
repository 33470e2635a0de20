"""`fengqiao retention …`: what need not be kept any more, and its erasure. Thin."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.command_group import group
from hub.command_home import HomeOption, settings_of
from hub.domain.decision import CHINA
from hub.domain.retention import KeptClass, Retention
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME
from hub.operations.erasing import Erasing
from hub.operations.erasure_commands import By, Key, operator_secrets
from hub.operations.ordering import OrderRefused, ordering_of, signing_of
from hub.operations.server_logs import LOGS, past_logs
from hub.rules.loader import load_rules, rule_roots
from hub.rules.retention_files import load_retention
from hub.settings import Settings
from hub.store.case_key import CaseKey
from hub.store.erasures import ErasureList
from hub.store.read_ended import EndedCase, ended_before

app = group("Retention: what need not be kept any more.")
Upto = Annotated[str | None, typer.Option(help="As of this day, 2026-03-02. Unsaid: today.")]
_KEY = "SELECT wrapped FROM case_key WHERE case_id = $1"


@dataclass(frozen=True, slots=True)
class Due:
    """A case of which a class of fields is due. `articles`: of the terms that have run out."""

    case: EndedCase
    persons: list[int]
    text: bool
    articles: list[str]


@app.command("due")
def due_command(upto: Upto = None, home: HomeOption = DEFAULT_HOME) -> None:
    """Cases whose terms have run out, what of them is due and by which rule; a held one is shown with its hold."""
    settings = settings_of(home)

    async def run() -> list[Due]:
        async with ordering_of(settings) as ordering:
            erasing = Erasing(ordering, ErasureList(settings.erasure_list))
            return await due(erasing, _retention(settings), _moment(upto))

    table = Table("case", "ended", "due", "term", "hold")
    rows = asyncio.run(run())
    for one in rows:
        what = [f"{len(one.persons)} persons"] if one.persons else []
        what += ["free text"] if one.text else []
        held = ", ".join(one.case.holds)
        table.add_row(one.case.case, str(one.case.ended_on), ", ".join(what), "; ".join(one.articles), held)
    Console().print(table if rows else "nothing is due")


@app.command("apply")
def apply_command(
    operator: By,
    key: Key = None,
    upto: Annotated[str | None, typer.Option(help="Only what was due on this day already.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Erase what is due. A held case is left alone, by name. Then `fengqiao erase scrub`."""
    settings = settings_of(home)
    by = signing_of(operator, key, operator_secrets(settings))
    moment = _moment(upto)
    if moment > datetime.now(UTC):
        raise ConfigurationError(f"upto {upto!r}: lies ahead; nothing is erased before it is due")

    async def run() -> tuple[int, int]:
        done = left = 0
        async with ordering_of(settings) as ordering:
            erasing = Erasing(ordering, ErasureList(settings.erasure_list))
            for one in await due(erasing, _retention(settings), moment):
                case, article = one.case.case, "；".join(one.articles)[:300]
                reason = f"保管期限届满，{one.case.ended_on} 办结"
                try:
                    await erasing.erase(by, case, article, reason, one.persons, one.text)
                except OrderRefused as refused:
                    typer.echo(f"left: {case}: {refused}")
                    left += 1
                    continue
                done += 1
            await erasing.follow_up()
        return done, left

    done, left = asyncio.run(run())
    typer.echo(f"erased: {done} cases; left: {left}" + ("; next: fengqiao erase scrub" if done else ""))


@app.command("logs")
def logs_command(
    delete: Annotated[bool, typer.Option("--delete", help="Delete them. Unsaid: only shown.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Logs of this home's own Kafka and PostgreSQL that are older than `kept` of logs says; with --delete they go."""
    months = _retention(settings_of(home)).months(LOGS)
    past = past_logs(home / "log", datetime.now(UTC), months)
    table = Table("file", "last written", "bytes", title=f"kept {months} months")
    for one in past:
        table.add_row(one.path.name, f"{one.ended:%Y-%m-%d}", f"{one.size:,}")
        if delete:
            one.path.unlink()
    Console().print(table if past else f"no log is older than {months} months")
    if past:
        typer.echo(f"{'deleted' if delete else 'to delete: --delete'}: {len(past)} files")


async def due(erasing: Erasing, retention: Retention, at: datetime) -> list[Due]:
    """What is due at a moment and has not been erased yet."""
    today, found = at.astimezone(CHINA).date(), []
    async with erasing.ordering.store.snapshot() as view:
        async for case in ended_before(view, at):
            persons = retention.due(KeptClass.PERSONS, case.flows, case.ended_on, today)
            text = retention.due(KeptClass.TEXT, case.flows, case.ended_on, today)
            if not persons and not text:
                continue
            ring = await _ring(erasing, case.case)
            numbers = sorted(ring.persons) if ring is not None and persons else []
            words = ring is not None and ring.has_text and bool(text)
            if numbers or words:
                terms = {t.id: f"{t.title.zh} {t.article}" for t in [*persons, *text]}
                found.append(Due(case, numbers, words, list(terms.values())))
    return found


async def _ring(erasing: Erasing, case: str) -> CaseKey | None:
    async with erasing.ordering.pool.connection() as connection:
        wrapped = await connection.fetchval(_KEY, case)
    return None if wrapped is None else erasing.ordering.sealer.unwrap(case, wrapped)


def _retention(settings: Settings) -> Retention:
    rules = load_rules(settings.city, overlay=settings.rules)
    return load_retention(rules.flows.keys(), rule_roots(overlay=settings.rules))


def _moment(upto: str | None) -> datetime:
    if upto is None:
        return datetime.now(UTC)
    try:
        return datetime.strptime(upto, "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        raise ConfigurationError(f"upto {upto!r}: must be a day, 2026-03-02") from None
