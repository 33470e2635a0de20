"""`python -m deploy.sandbox.petition --home DIR [--plan FILE] [--seed N] [--port P] [--trouble N]`."""

import asyncio
import secrets
from pathlib import Path

from deploy.sandbox.core.office import command_line, open_office, serve_http, until_stopped
from deploy.sandbox.petition.service import Service
from deploy.sandbox.petition.trouble import Trouble


def token_of(home: Path) -> str:
    """The bearer token of this system, made at the first start; callers read `<home>/token`."""
    path = home / "token"
    if not path.exists():
        fresh = home / "token.new"
        fresh.touch(0o600)
        fresh.write_text(secrets.token_urlsafe(24))
        fresh.replace(path)
    return path.read_text()


def main() -> None:
    parser = command_line("petition")
    parser.add_argument("--trouble", type=int, default=40, help="one in so many calls is busy; 0: never")
    options = parser.parse_args()
    office = open_office("petition", options)
    service = Service(office.records, token_of(office.home), office.seed)
    app = Trouble(service.app(), office.seed, options.trouble)
    try:
        asyncio.run(until_stopped(office.officers.run(), serve_http(app, options.port)))
    finally:
        office.records.close()


if __name__ == "__main__":
    main()
