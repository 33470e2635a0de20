"""`fengqiao audit …`: the auditor's commands. Thin."""

from typing import Annotated

import typer

from hub.audit import look_commands
from hub.audit.bundle_command import bundle_command, verifier_command
from hub.audit.looking import Database, Place, run_now
from hub.audit.proof import prove
from hub.audit.rebuild_command import rebuild_command
from hub.audit.redeliver_commands import approve_command, redeliver_command, send_command
from hub.audit.serve_commands import ask_command, serve_command
from hub.audit.verify_command import verify_command
from hub.command_home import HomeOption
from hub.home import DEFAULT_HOME

app = typer.Typer(help="Look back: what happened in a case, and proof that the history is whole.")
app.command("bundle")(bundle_command)
app.command("verifier")(verifier_command)


app.command("verify")(verify_command)
app.command("rebuild")(rebuild_command)
app.command("redeliver")(redeliver_command)
app.command("redeliver-approve")(approve_command)
app.command("redeliver-send")(send_command)
app.command("serve")(serve_command)
app.command("ask")(ask_command)


look_commands.register(app)


@app.command("prove")
def prove_command(
    shard: Annotated[int, typer.Argument(min=0, help="Shard of the entry, as `audit timeline` shows it.")],
    seq: Annotated[int, typer.Argument(min=1, help="Its number in the shard.")],
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
) -> None:
    """Print the proof that an entry is in the journal that was signed (c2sp.org/tlog-proof)."""

    async def run() -> None:
        async with Place(home, database).store() as store, store.snapshot() as view:
            typer.echo(await prove(view, shard, seq), nl=False)

    run_now(run())
