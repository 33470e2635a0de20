"""The command `fengqiao`. Thin: each verb translates its arguments and calls one thing."""

import logging
import os
import sys
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from hub import loop
from hub.audit.commands import app as audit_app
from hub.audit.looking import CaseArgument, Ground, Operator, Place, Purpose, Reference
from hub.audit.notice_commands import notices_command
from hub.audit.room import looker
from hub.bus.admin import apply_topics
from hub.bus.topics import RETENTION_MS, TopicNames
from hub.command_group import OneLine, group
from hub.command_home import HomeOption, settings_of
from hub.embedded.servers import Servers
from hub.errors import ConfigurationError, HubError
from hub.home import DEFAULT_HOME, Home
from hub.keys import new_key
from hub.operations.backlog import backlogs
from hub.operations.calendar_commands import app as calendar_app
from hub.operations.case_view import case_table, case_view
from hub.operations.coverage_commands import coverage_command
from hub.operations.deadline_commands import app as deadline_app
from hub.operations.erasure_commands import app as erase_app
from hub.operations.flow_commands import app as flows_app
from hub.operations.lists_commands import app as lists_app
from hub.operations.order_commands import hold_app, kek_app, operator_app, seal_app
from hub.operations.parked_commands import app as parked_app
from hub.operations.reports_commands import app as reports_app
from hub.operations.retention_commands import app as retention_app
from hub.operations.routing_commands import app as routing_app
from hub.operations.rules_commands import app as rules_app
from hub.operations.stock_commands import stock_command
from hub.operations.supervision_commands import app as supervision_app
from hub.operations.topics_commands import app as topics_app
from hub.rules.loader import load_rules
from hub.run import ROLES, check_roles, run_roles
from hub.settings import Settings
from hub.store.upgrade import upgrade

T = TypeVar("T")


app = group("Fengqiao Hub 枫桥中枢", OneLine)
db_app = group("The store.")
case_app = group("Cases.")
keys_app = group("Signing keys.")
positions_app = group("Positions in the source topics.")
for name, sub in (
    ("topics", topics_app),
    ("rules", rules_app),
    ("flows", flows_app),
    ("routing", routing_app),
    ("calendar", calendar_app),
    ("deadline", deadline_app),
    ("supervision", supervision_app),
    ("lists", lists_app),
    ("reports", reports_app),
    ("db", db_app),
    ("case", case_app),
    ("keys", keys_app),
    ("parked", parked_app),
    ("positions", positions_app),
    ("audit", audit_app),
    ("erase", erase_app),
    ("hold", hold_app),
    ("seal", seal_app),
    ("operator", operator_app),
    ("kek", kek_app),
    ("retention", retention_app),
):
    app.add_typer(sub, name=name)

console = Console()
SANDBOX_CITY = Path(__file__).parent.parent / "deploy" / "sandbox" / "city" / "departments.yaml"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


app.command("coverage")(coverage_command)
app.command("stock")(stock_command)
case_app.command("notices")(notices_command)


@app.callback()
def quiet() -> None:
    # The client's own lines repeat what our errors say.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _wait(work: Coroutine[Any, Any, T]) -> T:
    return loop.run(work)


@app.command()
def up(
    home: HomeOption = DEFAULT_HOME,
    city: Annotated[
        Path | None,
        typer.Option(help="The city's directory of departments (YAML). First start: the sandbox city's."),
    ] = None,
    shards: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Fixed at the first start: 6 unless given.")
    ] = None,
) -> None:
    """Start Kafka and PostgreSQL (or use FENGQIAO_KAFKA and FENGQIAO_DATABASE), make schema, topics and keys.

    What runs or is there already stays as it is.
    """
    place = Home(home)
    new = not place.settings_file.exists()
    try:
        place.prepare(*place.founded(city, shards, SANDBOX_CITY))
        addresses = _wait(Servers(home, detached=True).start(keep=True))
        settings = place.settings(addresses.kafka, addresses.database)
        _wait(_prepare(settings))
    except HubError:
        # A start that failed decides nothing for the next one.
        if new and place.settings_file.exists():
            place.settings_file.unlink()
        raise
    shown = f"{addresses.kafka} and {addresses.database.rpartition('@')[2]}"
    typer.echo(f"Kafka and PostgreSQL serve on {shown}; next: fengqiao run all")


async def _prepare(settings: Settings) -> None:
    await upgrade(settings.database, settings.shards)
    departments = load_rules(settings.city, overlay=settings.rules).departments
    declared = TopicNames(settings.topic_prefix).declared(departments, settings.shards)
    await apply_topics(settings.kafka_address, declared, settings.replication)


@app.command()
def down(
    home: HomeOption = DEFAULT_HOME,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove all data, keys and logs too, for good.")
    ] = False,
) -> None:
    """Stop the servers that `up` started. With --purge nothing is left."""
    servers = Servers(home, detached=True)
    running = [one.name for one in _wait(servers.status()) if one.state in ("running", "failing")]
    _wait(servers.stop())
    typer.echo(f"stopped {', '.join(running)}" if running else f"nothing of {servers.home} was running")
    if purge:
        typer.echo(
            f"removed {servers.home}" if Home(home).purge() else f"{servers.home} holds nothing of ours"
        )


@app.command()
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """What runs, whether it answers, what waits and how long that will take. Exits 1 when a server does not answer."""
    table = Table("server", "state", "address")
    all_well = True
    for one in _wait(Servers(home, detached=True).status()):
        all_well &= one.state in ("running", "external")
        table.add_row(one.name, one.state, one.address or "")
    console.print(table)
    if all_well and Home(home).settings_file.exists():
        waits = Table("role", "backlog")
        for role, pace in _wait(backlogs(settings_of(home))).items():
            waits.add_row(role, str(pace))
        console.print(waits)
    raise typer.Exit(0 if all_well else 1)


@db_app.command("upgrade")
def db_upgrade(home: HomeOption = DEFAULT_HOME) -> None:
    """Bring the store to the present schema. Idempotent."""
    settings = settings_of(home)
    _wait(upgrade(settings.database, settings.shards))
    typer.echo("schema is up to date")


@app.command(context_settings={"allow_interspersed_args": True})
def run(
    what: Annotated[list[str], typer.Argument(help=f"all, {', '.join(ROLES)}, or: connector ID")],
    home: HomeOption = DEFAULT_HOME,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port of /metrics, /livez, /readyz; 0: any.")
    ] = None,
    member: Annotated[str | None, typer.Option(help="Name of this process in the intake group.")] = None,
) -> None:
    """Run roles of the hub in this process, or a connector."""
    level = os.environ.get("FENGQIAO_LOG", "INFO")
    if level not in LEVELS:
        raise ConfigurationError(f"FENGQIAO_LOG={level!r}: allowed are {', '.join(LEVELS)}")
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if what[0] == "connector":
        _run_connector(home, what[1:])
    roles = ROLES if what == ["all"] else what
    check_roles(roles)
    settings = settings_of(home, metrics_port=metrics_port, member=member)
    raise typer.Exit(_wait(run_roles(settings, roles)))


def _run_connector(home: Path, names: list[str]) -> None:
    """Becomes the connector's process: connectors know nothing of the hub, so they are not imported here."""
    if len(names) != 1:
        raise ConfigurationError(
            f"connector {' '.join(names)!r}: give one department: fengqiao run connector ID"
        )
    config = Home(home).connector_config(names[0])
    if not config.is_file():
        there = ", ".join(sorted(file.stem for file in config.parent.glob("*.yaml"))) or "none"
        raise ConfigurationError(
            f"connector {names[0]!r}: {config} is not there (configured: {there}); "
            "see docs/how-to/connect-a-system.md"
        )
    os.execv(sys.executable, [sys.executable, "-m", "connectors.run", "--config", str(config)])


@case_app.command("show")
def case_show(
    case: CaseArgument,
    ground: Ground = None,
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Who has what of a case, in which state, since when. The look is recorded."""

    async def show() -> None:
        async with Place(home, None).open(looker(operator, purpose, reference)) as reading:
            view = await case_view(reading.store, case)
            await reading.look_at("case show", view.case, ground, {"named": case})
        console.print(case_table(view))

    _wait(show())


@keys_app.command("new")
def keys_new(
    source: Annotated[str, typer.Argument(help="hub, or a department's id.")],
    keyid: Annotated[str, typer.Argument(help="A new name, like court-2.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a signing key: the public half is registered, the private one is for the department."""
    place = Home(home)
    place.require_source(source)
    typer.echo(f"private key: {new_key(source, keyid, place.secrets, place.registry)}")


@positions_app.command("set")
def positions_set(
    topic: str,
    partition: Annotated[int, typer.Argument(min=0)],
    offset: Annotated[int, typer.Argument(min=0, help="The next record to read.")],
    reason: Annotated[str, typer.Option(help="Why; is recorded.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """The remedy for a stopped topic: read on from this offset. Recorded with the reason."""
    from hub.store.intake import set_position

    settings = settings_of(home)
    sources = TopicNames(settings.topic_prefix).sources(
        load_rules(settings.city, overlay=settings.rules).departments
    )
    if topic not in sources:
        raise ConfigurationError(f"topic {topic!r}: allowed are {', '.join(sources)}")
    if partition >= settings.shards:
        raise ConfigurationError(f"partition {partition}: allowed are 0 to {settings.shards - 1}")
    if not reason.strip():
        raise ConfigurationError(f"reason {reason!r}: say why, it is recorded")
    old = _wait(set_position(settings.database, topic, partition, offset, reason))
    typer.echo(f"{topic}/{partition}: {'none' if old is None else old} → {offset}")


@positions_app.command("adopt-cluster")
def positions_adopt_cluster(
    reason: Annotated[str, typer.Option(help="Why; is recorded.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Go on with another Kafka cluster, from the start of its topics. Stop all processes of the hub first.

    What departments may not have fetched from the lost one is delivered to them again.
    """
    from hub.bus.kafka_source import cluster_id
    from hub.store.cluster import Adopted, adopt_cluster

    settings = settings_of(home)
    if not reason.strip():
        raise ConfigurationError(f"reason {reason!r}: say why, it is recorded")

    async def adopt() -> tuple[Adopted, str]:
        found = await cluster_id(settings.kafka_address)
        return await adopt_cluster(
            settings.database, found, reason, timedelta(milliseconds=RETENTION_MS)
        ), found

    adopted, new = _wait(adopt())
    typer.echo(f"cluster: {adopted.before or 'none'} → {new}; {adopted.again} entries are relayed again")


@app.command(
    add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
)
def demo(context: typer.Context) -> None:
    """Play a day in the sandbox city on a real Kafka and a real PostgreSQL. `fengqiao demo --help` lists options."""
    os.execv(sys.executable, [sys.executable, "-m", "deploy.demo", *context.args])


@app.command(
    add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
)
def drill(context: typer.Context) -> None:
    """Kill, stop and cut everything under load, then count every department's books. `fengqiao drill --help` lists options."""
    os.execv(sys.executable, [sys.executable, "-m", "deploy.drill", *context.args])


if __name__ == "__main__":
    app()
