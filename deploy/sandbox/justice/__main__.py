"""Runs the justice bureau: its mediation system and its mediators, until SIGTERM. May be killed any time.

Prints `ready http://…` once it serves. Callers need the token of `<home>/token`, made at the first start.
"""

import asyncio
import secrets
from pathlib import Path

from deploy.sandbox.core.office import command_line, open_office, serve_http, until_stopped
from deploy.sandbox.justice.service import Service


def access_token(home: Path) -> str:
    """The token that callers need; the same after a restart."""
    path = home / "token"
    if not path.exists():
        part = home / "token.part"
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(24), "utf-8")
        part.replace(path)
    return path.read_text("utf-8")


async def main() -> None:
    parser = command_line("justice")
    parser.add_argument("--busy-every", type=int, default=60, help="each n-th call is answered 503; 0: none")
    options = parser.parse_args()
    office = open_office("justice", options)
    service = Service(office.records, access_token(office.home), options.busy_every)
    try:
        await until_stopped(office.officers.run(), serve_http(service.application(), options.port))
    finally:
        office.records.close()


if __name__ == "__main__":
    asyncio.run(main())
