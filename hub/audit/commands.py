"""`fengqiao audit …`: the auditor's commands. Thin."""

import contextlib
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from hub import loop
from hub.audit.bundle_command import bundle_command, verifier_command
from hub.audit.proof import prove
from hub.audit.timeline import timeline, timeline_json, timeline_table
from hub.audit.verify_command import verify_command
from hub.embedded.servers import Addresses
from hub.errors import HubError
from hub.home import DEFAULT_HOME
from hub.operations.case_view import case_view
from hub.store.reading import ReadStore

app = typer.Typer(help="Look back: what happened in a case, and proof that the history is whole.")
app.command("bundle")(bundle_command)
app.command("verifier")(verifier_command)
HomeOption = Annotated[Path, typer.Option("--home", help="Directory of data, keys and logs.")]
Database = Annotated[str | None, typer.Option(help="postgresql://… to read instead of the home's database.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


app.command("verify")(verify_command)


@app.command("timeline")
def timeline_command(
    case: Annotated[str, typer.Argument(help="Case id, a department's number, a referral or a task.")],
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Messages, receipts and decisions of a case in order, with legal and received times."""

    async def run() -> None:
        async with _store(home, database) as store:
            named = (await case_view(store, case)).case
            rows = await timeline(store, named)
        if as_json:
            typer.echo(timeline_json(rows))
        else:
            Console().print(timeline_table(named, rows))

    _run(run())


@app.command("prove")
def prove_command(
    shard: Annotated[int, typer.Argument(min=0, help="Shard of the entry, as `audit timeline` shows it.")],
    seq: Annotated[int, typer.Argument(min=1, help="Its number in the shard.")],
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
) -> None:
    """Print the proof that an entry is in the journal that was signed (c2sp.org/tlog-proof)."""

    async def run() -> None:
        async with _store(home, database) as store, store.snapshot() as view:
            typer.echo(await prove(view, shard, seq), nl=False)

    _run(run())


@contextlib.asynccontextmanager
async def _store(home: Path, database: str | None) -> AsyncIterator[ReadStore]:
    """The read store alone: an auditor needs no key and no Kafka."""
    store = ReadStore(database or Addresses.find(home).database)
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        loop.run(work)
    except HubError as problem:
        typer.echo(f"fengqiao: {problem}", err=True)
        raise typer.Exit(2) from None
