"""Runs the procuratorate: its officers and its exchange database, until SIGTERM.

Prints `ready <address of the exchange database>` (the password hidden). May be killed at any moment, and
outlives an exchange database that is away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.core.office import Office, command_line, open_office, until_stopped
from deploy.sandbox.procuratorate.database import AWAY, open_database
from deploy.sandbox.procuratorate.incoming import Incoming
from deploy.sandbox.procuratorate.outgoing import Outgoing

log = logging.getLogger("procuratorate")
DEPARTMENT = "procuratorate"
IDLE_SECONDS, AWAY_SECONDS = 0.05, 1.0


async def main() -> None:
    """The exchange database is all that it serves, so `--port` is not used."""
    parser = command_line(DEPARTMENT)
    parser.add_argument("--dsn", required=True, help="where its exchange database is or is to be made")
    parser.add_argument("--skew", type=float, default=2.0, help="seconds by which its two clocks are off")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    office = open_office(DEPARTMENT, options)
    await until_stopped(
        office.officers.run(), _exchange(office, options.dsn, timedelta(seconds=options.skew))
    )
    office.records.close()


async def _exchange(office: Office, dsn: str, skew: timedelta) -> None:
    """Writes out and takes in for ever, from when the database can be reached."""
    engine = await _opened(dsn)
    try:
        outgoing = Outgoing(engine, office.records, office.seed, skew)
        incoming = Incoming(engine, office.records, outgoing)
        print(f"ready {make_url(dsn).render_as_string(hide_password=True)}", flush=True)
        async with asyncio.TaskGroup() as work:
            work.create_task(_forever(outgoing.write_new))
            work.create_task(_forever(incoming.take_new))
    finally:
        await engine.dispose()


async def _opened(dsn: str) -> AsyncEngine:
    while True:
        try:
            return await open_database(dsn)
        except AWAY as trouble:
            log.warning("the exchange database is away: %s", trouble)
            await asyncio.sleep(AWAY_SECONDS)


async def _forever(work: Callable[[], Awaitable[int]]) -> None:
    while True:
        try:
            done = await work()
        except AWAY as trouble:
            log.warning("the exchange database is away: %s", trouble)
            await asyncio.sleep(AWAY_SECONDS)
            continue
        if not done:
            await asyncio.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    asyncio.run(main())
