"""Open time limits in their table: what a timekeeper's start, a look with nothing due, and a burst at one instant cost."""

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.relay.signing import HubSigner
from hub.store.due import PostgresDue
from hub.store.pool import Pool
from hub.timekeeper.due import DueMoments
from tests.bench.ground import connected, ground

_FILL = """
INSERT INTO deadline SELECT md5($1 || n) || '/1', md5($1 || n), 1, 0, md5($1 || n), 'J23', 'justice', '2026-03-02',
    $2::timestamptz + n * $3::interval, $2::timestamptz + n * $3::interval, false, 'running'
FROM generate_series(1, $4::integer) AS n"""


class Counted:
    """Takes records and keeps only how many."""

    def __init__(self) -> None:
        self.records = 0

    async def publish(self, records: Sequence[OutRecord]) -> None:
        """Acknowledged at once."""
        self.records += len(records)

    async def stop(self) -> None:
        """Nothing to end."""


def options(parser: argparse.ArgumentParser) -> None:
    """How many."""
    parser.add_argument("--open", type=int, default=1_000_000, help="time limits that wait")
    parser.add_argument("--burst", type=int, default=10_000, help="time limits due at one instant")


async def measure(options: argparse.Namespace) -> None:
    """Print seconds and CPU milliseconds of this process. The broker is not in it: publishing is acknowledged at once."""
    now = datetime.now(UTC)
    async with ground() as found:
        place = await found.place("deadlines", of_hub=True)
        signer = HubSigner.from_file("hub-1", found.home.private_key("hub"))
        async with connected(place.database) as owner:
            later = now + timedelta(days=1)
            await owner.execute(_FILL, "open", later, timedelta(seconds=30), options.open)
            await owner.execute("ANALYZE deadline")
        pool = Pool(place.database, size=2)
        started = time.perf_counter()
        await pool.start()
        keeper = DueMoments(PostgresDue(pool), signer, TopicNames(""), found.shards)
        await keeper.publish(now, Counted())
        print(f"start and first look, {options.open:,} open: {time.perf_counter() - started:.3f} s")
        before = time.process_time()
        for _ in range(100):
            await keeper.publish(now, Counted())
        print(f"a look with nothing due: {(time.process_time() - before) * 10:.2f} ms of CPU")
        async with connected(place.database) as owner:
            await owner.execute(_FILL, "burst", now, timedelta(0), options.burst)
        told, started = Counted(), time.perf_counter()
        await keeper.publish(now, told)
        seconds = time.perf_counter() - started
        print(f"{told.records:,} due at one instant: {seconds:.2f} s to read, sign and publish")
        started = time.perf_counter()
        await keeper.publish(now, told)
        print(
            f"the same looked at again, {told.records - options.burst} said: {time.perf_counter() - started:.3f} s"
        )
        await pool.stop()
