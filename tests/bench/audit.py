"""A journal of a million entries: how fast it is verified, its signatures are checked, and its tables are rebuilt."""

import argparse
import os
import resource
import time
from collections.abc import Awaitable, Callable
from typing import Any

from hub.audit.rebuild import rebuild
from hub.audit.shard_state import Scope
from hub.audit.signatures import Signatures
from hub.audit.trust import trust_of
from hub.audit.verify import verify
from hub.bus.memory import MemoryBus, MemoryPublisher
from hub.checkpointer.checkpointer import Checkpointer
from hub.relay.signing import HubSigner
from hub.store.checkpoints import PostgresCheckpoints
from hub.store.pool import Pool
from hub.store.reading import ReadStore
from tests.bench.filling import ENTRIES, fill
from tests.bench.ground import Ground, Place, connected, ground
from tests.bench.processes import cpu_seconds
from tests.bench.stages import measured, shares

# What filling takes away, since its topics hold nothing of what was fed. The hash of the last record is not made again.
_POSITIONS = """
INSERT INTO position SELECT DISTINCT ON (topic, shard) topic, shard, next, 'bench' FROM (
    SELECT shard, seq, convert_from(entry, 'UTF8')::jsonb -> 'origin' AS o FROM journal WHERE seq > $1) j,
    LATERAL (SELECT o ->> 'topic' AS topic, (o ->> 'offset')::bigint + 1 AS next) p
ORDER BY topic, shard, seq DESC"""


def options(parser: argparse.ArgumentParser) -> None:
    """How many."""
    parser.add_argument("--entries", type=int, default=1_000_000, help="entries of the journal")
    parser.add_argument(
        "--batches", type=int, default=12, help="batches that the shares of intake are the best of"
    )
    parser.add_argument("--signed", type=int, default=100_000, help="entries whose signatures are checked")


async def measure(options: argparse.Namespace) -> None:
    """Print entries a second by the clock, and the CPU time of the processes and of PostgreSQL for each entry."""
    print(shares(measured(options.batches)[0]), flush=True)
    async with ground() as found:
        place = await found.place("audit", of_hub=True)
        began = time.perf_counter()
        await fill(found, place, options.entries // ENTRIES)
        await _as_left(found, place)
        print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
        await figures(found, place, options.signed)


async def figures(found: Ground, place: Place, signed: int) -> None:
    """On what is filled."""
    jobs, postgres = len(os.sched_getaffinity(0)), found.servers["PostgreSQL"]
    print(
        f"{'audit, ' + str(jobs) + ' processes':28}{'entries':>11}{'entries/s':>11}{'µs CPU':>9}{'µs server':>11}"
    )

    async def timed(name: str, step: Callable[[], Awaitable[tuple[int, str]]]) -> None:
        own, server, began = _own_cpu(), cpu_seconds(postgres), time.perf_counter()
        entries, said = await step()
        seconds = time.perf_counter() - began
        each = (_own_cpu() - own) / entries * 1e6, (cpu_seconds(postgres) - server) / entries * 1e6
        print(
            f"{name:28}{entries:>11,}{entries / seconds:>11,.0f}{each[0]:>9.1f}{each[1]:>11.1f}  {said}",
            flush=True,
        )

    store, trust = ReadStore(place.database), trust_of(found.home.registry, [])
    kept = Signatures(str(found.home.secrets / "kek"), str(found.home.registry))

    async def verified(**how: Any) -> tuple[int, str]:
        report = await verify(store, trust=trust, jobs=jobs, **how)
        assert report.good, report.differences
        return report.entries, f"{report.checkpoints} checkpoints, {report.signatures} signatures; holds"

    async def rebuilt(swap: bool) -> tuple[int, str]:
        made = await rebuild(place.database, lambda *_: None, jobs, swap=swap)
        assert not made.differences, made.differences
        return made.entries, f"{made.rate:,.0f} entries/s without comparing; all rows equal, byte for byte"

    await store.start()
    try:
        await timed("verify: hashes and fold", lambda: verified(tables=False))
        await timed("verify: tables too", verified)
        part = Scope(0, 1, signed)
        await timed("verify with signatures", lambda: verified(signatures=kept, scope=part))
        await timed("the same without", lambda: verified(scope=part))
        await timed("rebuild --diff", lambda: rebuilt(swap=False))
        await timed("rebuild --swap", lambda: rebuilt(swap=True))
        await timed("verify after it", verified)
    finally:
        await store.stop()


async def _as_left(found: Ground, place: Place) -> None:
    """Positions where intake left them, and checkpoints over all of it."""
    async with connected(place.database) as connection:
        least = await connection.fetchval("SELECT min(seq) FROM shard")
        await connection.execute(_POSITIONS, max(0, least - 10_000), timeout=600)
    pool = Pool(place.database, size=2)
    await pool.start()
    try:
        signer = HubSigner.from_file("hub-1", found.home.private_key("hub"))
        publisher = MemoryPublisher(MemoryBus(lambda: 0))
        await Checkpointer(PostgresCheckpoints(pool), publisher, signer, place.names).look()
    finally:
        await pool.stop()


def _own_cpu() -> float:
    """Of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
