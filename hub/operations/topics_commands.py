"""`fengqiao topics …`: topics, access lists, rates and users of the cluster. Thin."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hub.bus.access import AccessDeclaration
from hub.bus.access_reading import found_grants
from hub.bus.admin import apply_topics, topic_differences
from hub.bus.applying import access_differences, apply_access
from hub.bus.security import KafkaAddress
from hub.bus.topics import TopicDeclaration, TopicNames
from hub.command_group import group
from hub.command_home import HomeOption, settings_of
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME
from hub.rules.loader import load_rules

app = group("Kafka topics, and who may use them.")
Admin = Annotated[
    str | None, typer.Option(help="Log in as this administrator (SCRAM) instead of as the hub.")
]
AdminPassword = Annotated[Path | None, typer.Option(help="File with the administrator's password.")]
Access = Annotated[
    bool | None,
    typer.Option(
        "--access/--no-access",
        help="Access lists and rates too. Unsaid: when the cluster has an authorizer.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings declare, and how the cluster is reached for it."""

    kafka: KafkaAddress
    topics: list[TopicDeclaration]
    access: AccessDeclaration
    replication: int


@app.command("apply")
def apply_command(
    home: HomeOption = DEFAULT_HOME,
    access: Access = None,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Revoke rights on the hub's topics and groups that are not declared."),
    ] = False,
    users: Annotated[
        Path | None, typer.Option(help="Make SCRAM users that are missing; their passwords go here.")
    ] = None,
    admin: Admin = None,
    admin_password_file: AdminPassword = None,
) -> None:
    """Make what is missing: topics with their settings, access lists, rates, users. Idempotent."""
    asyncio.run(_apply(_wanted(home, admin, admin_password_file), access, prune, users))


async def _apply(wanted: Wanted, access: bool | None, prune: bool, users: Path | None) -> None:
    with_access = await _with_access(wanted.kafka, access)
    if not with_access and (prune or users is not None):
        option = "--prune" if prune else f"--users {users}"
        raise ConfigurationError(f"{option}: needs access lists; Kafka at {wanted.kafka} keeps none")
    topics = await apply_topics(wanted.kafka, wanted.topics, wanted.replication)
    _say("made   ", [f"topic {name}" for name in topics.made])
    _say("present", [f"topic {name}" for name in topics.present])
    if not with_access:
        typer.echo("no access lists and rates: left alone")
        return
    applied = await apply_access(wanted.kafka, wanted.access, users, prune)
    _say("made   ", applied.made)
    _say("present", applied.present)
    _say("revoked", applied.revoked)
    _say("left, not declared:", applied.left)


@app.command("check")
def check_command(
    home: HomeOption = DEFAULT_HOME,
    access: Access = None,
    admin: Admin = None,
    admin_password_file: AdminPassword = None,
) -> None:
    """Say what differs from the declaration. Exits 1 when anything does; changes nothing."""
    differences = asyncio.run(_differences(_wanted(home, admin, admin_password_file), access))
    for difference in differences:
        typer.echo(difference)
    if differences:
        raise typer.Exit(1)
    typer.echo("as declared")


async def _differences(wanted: Wanted, access: bool | None) -> list[str]:
    differences = await topic_differences(wanted.kafka, wanted.topics, wanted.replication)
    if await _with_access(wanted.kafka, access):
        differences += await access_differences(wanted.kafka, wanted.access)
    return differences


async def _with_access(kafka: KafkaAddress, asked: bool | None) -> bool:
    return await found_grants(kafka) is not None if asked is None else asked


def _wanted(home: Path, admin: str | None, admin_password_file: Path | None) -> Wanted:
    settings = settings_of(home)
    names, departments = (
        TopicNames(settings.topic_prefix),
        load_rules(settings.city, overlay=settings.rules).departments,
    )
    kafka = settings.kafka_address
    if (admin is None) != (admin_password_file is None):
        raise ConfigurationError("--admin and --admin-password-file go together")
    if admin is not None and admin_password_file is not None:
        kafka = kafka.logged_in_as(admin, admin_password_file)
    access = AccessDeclaration.of(
        names, departments, settings.hub_principal, settings.group, settings.department_rate
    )
    return Wanted(kafka, names.declared(departments, settings.shards), access, settings.replication)


def _say(what: str, lines: list[str]) -> None:
    for line in lines:
        typer.echo(f"{what} {line}")
