"""Runs the justice bureau:

its mediation system and its mediators, until SIGTERM. May be killed at any moment.
"""

import asyncio

from deploy.sandbox.core.office import command_line, open_office, serve_http, until_stopped
from deploy.sandbox.justice.service import Service


async def main() -> None:
    """Prints `ready http://…` once it serves."""
    parser = command_line("justice")
    parser.add_argument("--token", default="sandbox-justice", help="the bearer token that callers need")
    parser.add_argument("--busy-every", type=int, default=60, help="each n-th call is answered 503; 0: none")
    options = parser.parse_args()
    office = open_office("justice", options)
    service = Service(office.records, options.token, options.busy_every)
    await until_stopped(office.officers.run(), serve_http(service.application(), options.port))
    office.records.close()


if __name__ == "__main__":
    asyncio.run(main())
