"""`fengqiao audit verify`. Thin."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hub import loop
from hub.audit.report import Report
from hub.audit.resuming import Resuming
from hub.audit.shard_state import Scope
from hub.audit.signatures import Signatures
from hub.audit.telling import Pace
from hub.audit.trust import trust_of
from hub.audit.verify import verify
from hub.audit.verify_outward import Topics
from hub.audit.verify_shard import scope_of
from hub.bus.kafka_log import KafkaLog
from hub.bus.topics import TopicNames
from hub.command_home import settings_of
from hub.embedded.servers import Addresses
from hub.errors import BusTrouble, ConfigurationError, HubError
from hub.home import DEFAULT_HOME, Home
from hub.opened import opened
from hub.rules.loader import load_rules
from hub.settings import read_mapping
from hub.store.reading import ReadStore


def verify_command(
    part: Annotated[
        str | None,
        typer.Argument(
            metavar="[RANGE]", help="SHARD or SHARD/FIRST-LAST; unsaid: all, with what belongs to no shard."
        ),
    ] = None,
    home: Annotated[Path, typer.Option("--home", help="Directory of data, keys and logs.")] = DEFAULT_HOME,
    database: Annotated[
        str | None, typer.Option(help="postgresql://… to read instead of the home's database.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many differences to show.")] = 20,
    keys: Annotated[
        Path | None,
        typer.Option(help="Directory of public keys, for signatures of checkpoints. Unsaid: the home's."),
    ] = None,
    witness: Annotated[
        list[Path] | None,
        typer.Option(help="File of checkpoints that a department kept (may be given several times)."),
    ] = None,
    signatures: Annotated[
        bool,
        typer.Option(
            "--signatures",
            help="Check the signature of every message too: opens sealed fields, needs the home.",
        ),
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(help="Keep in this file how far it has come; killed, it goes on from there."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes. Unsaid: one for each core.")] = None,
    topics: Annotated[
        bool | None,
        typer.Option(
            "--topics/--no-topics",
            help="Compare with what lies in the topics of the home's Kafka. Unsaid: yes, but for a RANGE or --database.",
        ),
    ] = None,
    tables: Annotated[
        bool,
        typer.Option("--tables/--no-tables", help="Make the projector's tables anew too, and compare them."),
    ] = True,
) -> None:
    """Check the journal, its checkpoints, the topics and all that follows from it. Exits 1 when anything differs."""
    if part is not None and topics:
        raise typer.BadParameter("topics are compared with the whole journal only: leave out RANGE")
    reads = topics if topics is not None else part is None and database is None
    try:
        report = loop.run(
            _verify(part, home, database, limit, keys, witness or [], signatures, resume, jobs, reads, tables)
        )
    except BusTrouble as problem:
        typer.echo(f"fengqiao: {problem}; --no-topics leaves them out", err=True)
        raise typer.Exit(2) from None
    except HubError as problem:
        typer.echo(f"fengqiao: {problem}", err=True)
        raise typer.Exit(2) from None
    _print(report, part)
    if not report.good:
        raise typer.Exit(1)


async def _verify(
    part: str | None,
    home: Path,
    database: str | None,
    limit: int,
    keys: Path | None,
    witnesses: list[Path],
    signatures: bool,
    resume: Path | None,
    jobs: int | None,
    topics: bool,
    tables: bool,
) -> Report:
    registry = keys or Home(home).registry
    trust = trust_of(registry, witnesses)
    place = _keys_of(Home(home), registry) if signatures else None
    async with AsyncExitStack() as stack:
        address = database or Addresses.find(home).database
        store = await stack.enter_async_context(opened(ReadStore(address)))
        beside = await stack.enter_async_context(_topics(home)) if topics else None
        scope = None if part is None else await _scope(store, part)
        whole = (2 if beside is None else 3) * await _entries(store, scope)
        with Pace(Console(stderr=True), whole) as pace:
            return await verify(
                store,
                pace.tell,
                limit,
                trust,
                scope=scope,
                jobs=jobs or len(os.sched_getaffinity(0)),
                signatures=place,
                resuming=None if resume is None else Resuming(resume),
                topics=beside,
                tables=tables,
            )


@asynccontextmanager
async def _topics(home: Path) -> AsyncIterator[Topics]:
    """Those of the hub of a home. Raises BusTrouble, NotRunning, ConfigurationError."""
    settings = settings_of(home)
    departments = load_rules(settings.city, overlay=settings.rules).departments
    async with KafkaLog(settings.kafka_address) as log:
        yield Topics(log, TopicNames(settings.topic_prefix), sorted(departments))


def _keys_of(home: Home, registry: Path) -> Signatures:
    if not home.settings_file.exists():
        raise ConfigurationError(
            f"--signatures: {home.settings_file} is not there: it names the key that seals"
        )
    return Signatures(str(read_mapping(home.settings_file).get("kek")), str(registry))


async def _scope(store: ReadStore, part: str) -> Scope:
    try:
        return scope_of(part, len((await store.standing()).heads))
    except ValueError as problem:
        raise ConfigurationError(str(problem)) from None


async def _entries(store: ReadStore, scope: Scope | None) -> int:
    heads = (await store.standing()).heads
    if scope is None:
        return sum(heads.values())
    return max(0, min(scope.last or heads[scope.shard], heads[scope.shard]) - scope.first + 1)


def _print(report: Report, part: str | None) -> None:
    for difference in report.differences:
        typer.echo(str(difference))
    if report.more:
        typer.echo(f"… and {report.more} more")
    typer.echo(
        f"{report.entries} entries, {report.inbox} inbox rows, {report.cases} cases, {report.referrals} referrals, "
        f"{report.tasks} tasks, {report.rows.get('deadline', 0)} time limits, {report.aliases} numbers, "
        f"{report.parked} parked in {report.seconds:.1f} s ({report.rate:.0f} entries/s)"
    )
    typer.echo(f"{report.receipts} receipts of departments for {report.deliveries} deliveries of tasks")
    checked = "signatures checked" if report.signed else "signatures not checked: no keys were given"
    typer.echo(
        f"{report.checkpoints} checkpoints, {report.cosignatures} cosignatures of witnesses ({checked}), "
        f"{report.reads} looks of persons"
    )
    if not report.tables:
        typer.echo("the projector's tables were not compared")
    if report.topics:
        exact = f", {report.topic_exact} of them to the byte" if report.topic_exact else ""
        typer.echo(
            f"topics: {report.topic_records} records and receipts as the journal says{exact}, {report.topic_repeated} of them "
            f"once more; {report.topic_sources} records that were read; {report.topic_past} past their retention"
        )
    else:
        typer.echo("topics were not compared")
    if report.signatures or report.unopened:
        typer.echo(
            f"{report.signatures} signatures of messages hold; {report.unopened} can't be checked any more"
        )
    for shard, root in sorted(report.roots.items()):
        typer.echo(f"shard {shard}: root {root}")
    if part is not None:
        typer.echo(
            f"only {part}: counters, parked records, positions, numbers too many and rows of unknown cases were not looked at"
        )
    typer.echo("the history holds" if report.good else "THE HISTORY DOES NOT HOLD")
