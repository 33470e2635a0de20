"""`fengqiao audit rebuild`. Thin."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hub import loop
from hub.audit.rebuild import Rebuilt, rebuild
from hub.audit.telling import Pace
from hub.embedded.servers import Addresses
from hub.errors import HubError
from hub.home import DEFAULT_HOME
from hub.opened import opened
from hub.store.reading import ReadStore


def rebuild_command(
    home: Annotated[Path, typer.Option("--home", help="Directory of data, keys and logs.")] = DEFAULT_HOME,
    database: Annotated[
        str | None, typer.Option(help="postgresql://… of the tables' owner, instead of the home's database.")
    ] = None,
    swap: Annotated[
        bool, typer.Option("--swap/--diff", help="Put the rebuilt tables in place, or only compare.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Don't go on with what a rebuild that was killed left.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many differences to show of each table.")] = 20,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes. Unsaid: one for each core.")] = None,
) -> None:
    """Make case states, inbox and projections anew from the journal, and compare them with the tables.

    The hub may run. Exits 1 when anything differs, with --swap too. Nothing goes out: the relay stays where it is.
    """
    address = database or Addresses.find(home).database
    try:
        rebuilt = loop.run(_rebuild(address, jobs or len(os.sched_getaffinity(0)), anew, swap, limit))
    except HubError as problem:
        typer.echo(f"fengqiao: {problem}", err=True)
        raise typer.Exit(2) from None
    for difference in rebuilt.differences:
        typer.echo(str(difference))
    again = "; went on with what was there" if rebuilt.went_on else ""
    typer.echo(f"{rebuilt.entries} entries in {rebuilt.seconds:.1f} s ({rebuilt.rate:.0f} entries/s){again}")
    if rebuilt.swapped:
        typer.echo(
            "the rebuilt tables are in place; those before lie in the schema fengqiao_before until the next rebuild"
        )
    typer.echo("TABLES AND JOURNAL DIFFER" if rebuilt.differences else "all rows equal, byte for byte")
    if rebuilt.differences:
        raise typer.Exit(1)


async def _rebuild(address: str, jobs: int, anew: bool, swap: bool, limit: int) -> Rebuilt:
    async with opened(ReadStore(address, size=1)) as store:
        whole = sum((await store.standing()).heads.values())
    with Pace(Console(stderr=True), whole) as pace:
        return await rebuild(address, pace.tell, jobs, anew=anew, swap=swap, limit=limit)
