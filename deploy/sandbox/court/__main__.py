"""Runs the court: its case system's service and its officers, until SIGTERM.

Prints `ready <address>` once it serves; the WSDL is at `<address>/ajjh?wsdl`. May be killed at any moment:
the books are on disk before an answer goes out, and the officers go on where they stopped.
"""

import asyncio

from deploy.sandbox.core.office import command_line, open_office, serve_http, until_stopped
from deploy.sandbox.court.operations import Operations
from deploy.sandbox.court.service import application


def main() -> None:
    parser = command_line("court")
    parser.add_argument(
        "--busy-every", type=int, default=60, help="every n-th call is answered E9999; 0: none"
    )
    options = parser.parse_args()
    office = open_office("court", options)
    app = application(Operations(office.records, options.busy_every))
    asyncio.run(until_stopped(office.officers.run(), serve_http(app, options.port)))
    office.records.close()


if __name__ == "__main__":
    main()
