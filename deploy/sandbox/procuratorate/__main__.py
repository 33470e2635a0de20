"""Runs the procuratorate: `python -m deploy.sandbox.procuratorate --home DIR --plan FILE --seed N --dsn DSN`.

Prints `ready <address of the exchange database>` when it serves, stops on SIGTERM, and goes on after kill -9
where it stopped.
"""

import argparse
import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.core.matter import read_plan
from deploy.sandbox.core.officers import Officers
from deploy.sandbox.core.policies import Policies
from deploy.sandbox.core.records import Records
from deploy.sandbox.procuratorate.database import AWAY, open_database
from deploy.sandbox.procuratorate.incoming import Incoming
from deploy.sandbox.procuratorate.outgoing import Outgoing

log = logging.getLogger("procuratorate")
DEPARTMENT = "procuratorate"
IDLE_SECONDS, AWAY_SECONDS = 0.05, 1.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.procuratorate")
    parser.add_argument("--home", type=Path, required=True, help="directory of its own records")
    parser.add_argument("--plan", type=Path, help="matters that its officers raise (JSON lines)")
    parser.add_argument("--dsn", required=True, help="where its exchange database is or is to be made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=0.05, help="seconds between two acts of the officers")
    parser.add_argument("--skew", type=float, default=2.0, help="seconds by which its two clocks are off")
    parser.add_argument("--port", type=int, help="ignored: the exchange database is all that it serves")
    return parser.parse_args()


async def serve(options: argparse.Namespace) -> None:
    """Works until cancelled."""
    records = Records(options.home / "records.sqlite", DEPARTMENT)
    plan = read_plan(options.plan) if options.plan else []
    officers = Officers(records, Policies.load(), options.seed, options.pace, plan)
    engine = await _opened(options.dsn)
    try:
        outgoing = Outgoing(engine, records, options.seed, timedelta(seconds=options.skew))
        incoming = Incoming(engine, records, outgoing)
        print(f"ready {make_url(options.dsn).set(username=None, password=None)}", flush=True)
        async with asyncio.TaskGroup() as work:
            work.create_task(officers.run())
            work.create_task(_forever(outgoing.write_new))
            work.create_task(_forever(incoming.take_new))
    finally:
        await engine.dispose()
        records.close()


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


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    task = asyncio.create_task(serve(arguments()))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    asyncio.run(main())
