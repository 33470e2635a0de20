"""`fengqiao rules …`: which rules are loaded and which are in force. Thin."""

import asyncio
from typing import Annotated

import typer

from hub.command_group import group
from hub.command_home import HomeOption, settings_of
from hub.home import DEFAULT_HOME
from hub.operations.rules_trial import try_command
from hub.rules.loader import load_rules
from hub.store.rules_in_force import adopt_rules, rules_in_force

app = group("Rules: flows, lifecycle, departments.")
app.command("try")(try_command)


@app.command("show")
def show_command(home: HomeOption = DEFAULT_HOME) -> None:
    """The digests of the loaded rules and of those in force. Exit code 1 when they differ."""
    settings = settings_of(home)
    loaded = load_rules(settings.city, overlay=settings.rules)
    in_force = asyncio.run(rules_in_force(settings.database))
    typer.echo(f"loaded    {loaded.digest}  {len(loaded.flows)} flows, {len(loaded.departments)} departments")
    typer.echo(f"in force  {in_force or 'none yet: the first intake puts its own in force'}")
    raise typer.Exit(0 if in_force in (None, loaded.digest) else 1)


@app.command("adopt")
def adopt_command(
    reason: Annotated[str, typer.Option(help="Why; is recorded.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Put the loaded rules in force. Intakes that run with others end at their next batch."""
    settings = settings_of(home)
    loaded = load_rules(settings.city, overlay=settings.rules)
    old = asyncio.run(adopt_rules(settings.database, loaded.digest, reason))
    typer.echo(f"in force: {loaded.digest} (before: {old or 'none'})")
