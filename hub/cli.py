"""The command `fengqiao`. Thin: each verb translates its arguments and calls one thing."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from hub.audit.commands import app as audit_app
from hub.bus.admin import apply_topics
from hub.bus.topics import TopicNames
from hub.embedded.servers import Addresses, Servers
from hub.errors import HubError
from hub.home import DEFAULT_HOME, Home
from hub.keys import new_key
from hub.rules.loader import load_rules
from hub.run import ROLES, run_roles
from hub.store.upgrade import upgrade

P = ParamSpec("P")
T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Fengqiao Hub 枫桥中枢")
topics_app = typer.Typer(no_args_is_help=True, help="Kafka topics.")
db_app = typer.Typer(no_args_is_help=True, help="The store.")
case_app = typer.Typer(no_args_is_help=True, help="Cases.")
keys_app = typer.Typer(no_args_is_help=True, help="Signing keys.")
positions_app = typer.Typer(no_args_is_help=True, help="Positions in the source topics.")
for name, sub in (
    ("topics", topics_app),
    ("db", db_app),
    ("case", case_app),
    ("keys", keys_app),
    ("positions", positions_app),
    ("audit", audit_app),
):
    app.add_typer(sub, name=name)

console = Console()
HomeOption = Annotated[Path, typer.Option("--home", help="Directory of data, keys and logs.")]
CityOption = Annotated[Path, typer.Option(help="The city's directory of departments (YAML).")]
SANDBOX_CITY = Path(__file__).parent.parent / "deploy" / "sandbox" / "city" / "departments.yaml"


def handled(command: Callable[P, T]) -> Callable[P, T]:
    """Errors of ours become one line on stderr and exit code 2; anything else is a defect and shows its traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except HubError as error:
            print(f"fengqiao: {type(error).__name__}: {error}", file=sys.stderr)
            raise typer.Exit(2) from None

    return run


def _wait(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@app.command()
@handled
def up(home: HomeOption = DEFAULT_HOME, city: CityOption = SANDBOX_CITY, shards: int = 6) -> None:
    """Start Kafka and PostgreSQL (or use FENGQIAO_KAFKA and FENGQIAO_DATABASE), make schema, topics and keys."""
    place = Home(home)
    addresses = _wait(Servers(home, detached=True).start())
    place.prepare(city, shards)
    _wait(_prepare(place, addresses, shards))
    console.print(f"Kafka [bold]{addresses.kafka}[/], PostgreSQL ready; next: [bold]fengqiao run all[/]")


async def _prepare(place: Home, addresses: Addresses, shards: int) -> None:
    settings = place.settings(addresses.kafka, addresses.database)
    await upgrade(settings.database, shards)
    declared = TopicNames(settings.topic_prefix).declared(load_rules(settings.city).departments, shards)
    await apply_topics(settings.kafka, declared, settings.replication)


@app.command()
@handled
def down(
    home: HomeOption = DEFAULT_HOME,
    purge: Annotated[bool, typer.Option(help="Remove all data, keys and logs too.")] = False,
) -> None:
    """Stop the servers that `up` started. With --purge nothing is left."""
    servers = Servers(home, detached=True)
    _wait(servers.stop())
    if purge:
        servers.purge()
        Home(home).purge()
        if home.is_dir() and not any(home.iterdir()):
            home.rmdir()
    console.print("stopped" + (", everything removed" if purge else ""))


@app.command()
@handled
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """What runs, and whether it answers."""
    table = Table("server", "state", "address")
    all_well = True
    for one in _wait(Servers(home, detached=True).status()):
        all_well &= one.state in ("running", "external")
        table.add_row(one.name, one.state, one.address or "")
    console.print(table)
    raise typer.Exit(0 if all_well else 1)


@topics_app.command("apply")
@handled
def topics_apply(home: HomeOption = DEFAULT_HOME) -> None:
    """Make the topics that are missing, with their settings."""
    settings = _settings(home)
    declared = TopicNames(settings.topic_prefix).declared(
        load_rules(settings.city).departments, settings.shards
    )
    applied = _wait(apply_topics(settings.kafka, declared, settings.replication))
    for made in applied.made:
        console.print(f"made    {made}")
    for present in applied.present:
        console.print(f"present {present}")


@db_app.command("upgrade")
@handled
def db_upgrade(home: HomeOption = DEFAULT_HOME) -> None:
    """Bring the store to the present schema. Idempotent."""
    settings = _settings(home)
    _wait(upgrade(settings.database, settings.shards))
    console.print("schema is up to date")


@app.command(context_settings={"allow_interspersed_args": True})
@handled
def run(
    what: Annotated[list[str], typer.Argument(help=f"all, {', '.join(ROLES)}, or: connector ID")],
    home: HomeOption = DEFAULT_HOME,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port of /metrics, /livez, /readyz; 0: any.")
    ] = None,
    member: Annotated[str | None, typer.Option(help="Name of this process in the intake group.")] = None,
) -> None:
    """Run roles of the hub in this process, or a connector."""
    logging.basicConfig(
        level=os.environ.get("FENGQIAO_LOG", "INFO"), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if what[0] == "connector":
        _run_connector(home, what[1:])
    settings = _settings(home, metrics_port=metrics_port, member=member)
    raise typer.Exit(_wait(run_roles(settings, ROLES if what == ["all"] else what)))


def _run_connector(home: Path, names: list[str]) -> None:
    """Becomes the connector's process: connectors know nothing of the hub, so they are not imported here."""
    if len(names) != 1:
        raise typer.BadParameter("give one department: fengqiao run connector ID")
    config = Home(home).connector_config(names[0])
    if not config.exists():
        raise typer.BadParameter(f"{config} is not there; see docs/how-to/connect-a-system.md")
    os.execv(sys.executable, [sys.executable, "-m", "connectors.run", "--config", str(config)])


@case_app.command("show")
@handled
def case_show(case: str, home: HomeOption = DEFAULT_HOME) -> None:
    """Who has what of a case (id, or a department's own number), in which state, since when."""
    from hub.operations.case_view import print_case

    _wait(print_case(_settings(home), case, console))


@keys_app.command("new")
@handled
def keys_new(source: str, keyid: str, home: HomeOption = DEFAULT_HOME) -> None:
    """Make a signing key: the public half is registered, the private one is for the department."""
    place = Home(home)
    console.print(f"private key: {new_key(source, keyid, place.secrets, place.registry)}")


@positions_app.command("set")
@handled
def positions_set(
    topic: str,
    partition: int,
    offset: int,
    reason: Annotated[str, typer.Option(help="Why; is recorded.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """The remedy for a stopped topic: read on from this offset. Recorded with the reason."""
    from hub.store.intake import set_position

    old = _wait(set_position(_settings(home).database, topic, partition, offset, reason))
    console.print(f"{topic}/{partition}: {old} → {offset}")


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def demo(context: typer.Context) -> None:
    """Play a day in the sandbox city on a real Kafka and a real PostgreSQL. `fengqiao demo --help` lists options."""
    os.execv(sys.executable, [sys.executable, "-m", "deploy.demo", *context.args])


def _settings(home: Path, **given: object) -> Any:
    addresses = Addresses.find(home)
    return Home(home).settings(addresses.kafka, addresses.database, **given)


if __name__ == "__main__":
    app()
