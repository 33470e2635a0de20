"""Runs public security: its case system, its officers and its post room at the gate, until SIGTERM.

Prints `ready <exchange directory>`: packages for the outside appear in its `out`, those from outside go into
its `in`. May be killed at any moment.
"""

import asyncio
import logging
from pathlib import Path

from deploy.sandbox.core.office import command_line, open_office, until_stopped
from deploy.sandbox.public_security.gate import Gate
from deploy.sandbox.public_security.post import PostRoom
from deploy.sandbox.public_security.register import Register

DEPARTMENT = "public_security"


async def main() -> None:
    """Nobody connects to an inside network, so `--port` is not used."""
    parser = command_line(DEPARTMENT)
    parser.add_argument(
        "--exchange", type=Path, help="directory of the gates; `exchange` in its home if not given"
    )
    parser.add_argument("--package-limit", type=int, default=256 * 1024, help="bytes per package")
    parser.add_argument("--resend-after", type=float, default=5.0, help="seconds without a receipt")
    parser.add_argument(
        "--receipts-every", type=float, default=0.3, help="seconds between batches of receipts"
    )
    parser.add_argument("--torn", type=int, default=5, help="per cent of packages that the gate tears once")
    parser.add_argument("--late", type=int, default=10, help="per cent of packages that later ones pass")
    parser.add_argument("--twice", type=int, default=10, help="per cent of packages that come twice")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    office = open_office(DEPARTMENT, options)
    exchange = options.exchange or office.home / "exchange"
    gate = Gate(exchange, office.seed, options.torn, options.late, options.twice)
    register = Register(office.home / "register.db")
    room = PostRoom(
        office.records, register, gate, options.package_limit, options.resend_after, options.receipts_every
    )
    print(f"ready {exchange}", flush=True)
    try:
        await until_stopped(office.officers.run(), room.run())
    finally:
        register.close()
        office.records.close()


if __name__ == "__main__":
    asyncio.run(main())
