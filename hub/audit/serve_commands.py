"""`fengqiao audit serve, ask`: the reading room over HTTP, and a request to it that an operator signs. Thin."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvicorn

from hub.audit.looking import Database, Operator, Place, Purpose, Reference
from hub.audit.serving import ReadingRoom
from hub.audit.signed_request import signed_headers
from hub.command_home import HomeOption, settings_of
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME
from hub.operators import Operators, private_key

Key = Annotated[Path, typer.Option(help="The operator's private key (PEM).")]
_SECONDS = 60.0


def serve_command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 9480,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
) -> None:
    """Serve timelines, states, searches, provisions and proofs to operators who may `read`. Until it is stopped."""
    operators = Operators(settings_of(home).operators_directory)
    room = ReadingRoom(Place(home, database), operators)
    uvicorn.run(room.app, host=host, port=port, log_level="info", access_log=False)


def ask_command(
    url: Annotated[str, typer.Argument(help="http://127.0.0.1:9480/cases/XF-2026-000001/timeline")],
    key: Key,
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
) -> None:
    """Sign one request to the reading room and print the answer; exit code 1 when it was refused."""
    if not operator or not purpose:
        raise ConfigurationError("operator and purpose: both must be said; they are recorded")
    target = httpx.URL(url).raw_path.decode()
    signed = signed_headers(private_key(key), operator, target, datetime.now(UTC), purpose, reference or "")
    try:
        answer = httpx.get(url, headers=signed, timeout=_SECONDS)
    except httpx.HTTPError as problem:
        raise ConfigurationError(f"url {url!r}: {problem}") from None
    typer.echo(answer.text)
    if answer.is_error:
        raise typer.Exit(1)
