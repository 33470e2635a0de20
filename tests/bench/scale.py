"""What a message costs when few and when many cases are open. Skewed access (80 % on 20 %) and uniform."""

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import islice
from statistics import median

from tests.bench.filling import fill
from tests.bench.ground import Ground, Place, connected, ground
from tests.bench.referrals import LEAD
from tests.bench.steps import Steps, skewed, uniform
from tests.bench.subjects import running_hub
from tests.bench.tables import span
from tests.bench.throughput import MOST_REFERRALS, Round, work_off
from tests.bench.variants import FOLLOWED, Hub

Pages = list[float]
ACCESS: dict[str, Callable[[int, int], Iterator[int]]] = {"skewed": skewed, "uniform": uniform}
_WARM = 1_000
_NOT_DECIDED = """
SELECT outcome, reason, count(*) AS messages FROM inbox WHERE outcome <> 'decided' GROUP BY outcome, reason"""
# What a message on a random case of many costs beside its own rows: pages that come in, and that go whole into the WAL.
_COUNTERS = """
SELECT blks_read, wal_fpi, wal_bytes / 1024 FROM pg_stat_wal, pg_stat_database WHERE datname = current_database()"""
_SIZE = "SELECT pg_database_size(current_database())"


def options(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("--few", type=int, default=1_000, help="open cases of the small store (1,000)")
    parser.add_argument("--many", type=int, default=1_000_000, help="of the large one (1,000,000)")
    parser.add_argument(
        "--messages", type=int, default=10_000, help=f"a repetition (10,000; at most {MOST_REFERRALS:,})"
    )
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--verified", action="store_true", help="signatures are checked")


async def measure(options: argparse.Namespace) -> None:
    """Fill both stores, then work off steps of the leads on the one and the other in turn."""
    hub = Hub(FOLLOWED["projector"], options.processes, options.verified)
    async with ground() as found:
        places = {cases: await _filled(found, cases) for cases in (options.few, options.many)}
        steps = Steps(found.home.private_key(LEAD), f"{LEAD}-1", found.shards)
        for access, numbers in ACCESS.items():
            rounds: dict[int, list[Round]] = {cases: [] for cases in places}
            pages: dict[int, list[Pages]] = {cases: [] for cases in places}
            # The first time does not count: Kafka's code is compiled, pages come into memory.
            for repetition in range(options.repetitions + 1):
                for cases, place in places.items():
                    chosen = numbers(cases, repetition)
                    before = await _counters(place)
                    some = await _work_off(found, place, hub, steps, chosen, options.messages)
                    after = await _counters(place)
                    if repetition:
                        rounds[cases].append(some)
                        number = options.messages + _WARM
                        pages[cases].append([(b - a) / number for a, b in zip(before, after, strict=True)])
            _print(access, rounds, pages, options)
        for place in places.values():
            await _require_decided(place)


async def _filled(found: Ground, cases: int) -> Place:
    place = await found.place(f"scale{cases}", of_hub=True)
    begin = time.perf_counter()
    await fill(found, place, cases)
    seconds = time.perf_counter() - begin
    async with connected(place.database) as connection:
        size = await connection.fetchval(_SIZE) / 2**20
    print(f"{cases:,} open cases made in {seconds:.0f} s, {size:,.0f} MiB", flush=True)
    return place


async def _counters(place: Place) -> list[float]:
    async with connected(place.database) as connection:
        return [float(value) for value in await connection.fetchrow(_COUNTERS)]


async def _require_decided(place: Place) -> None:
    """Raises RuntimeError when a message did something else than it was to: then something else was measured."""
    async with connected(place.database) as connection:
        if others := await connection.fetch(_NOT_DECIDED):
            raise RuntimeError(f"{place.database}: not all was decided: {[dict(row) for row in others]}")


async def _work_off(
    found: Ground, place: Place, hub: Hub, steps: Steps, numbers: Iterator[int], messages: int
) -> Round:
    topic = place.names.out_of(LEAD)
    async with running_hub(found, place, hub) as subject:
        await found.publisher.publish([steps.progressed(number, topic) for number in islice(numbers, _WARM)])
        await subject.through(_WARM)
        records = [steps.progressed(number, topic) for number in islice(numbers, messages)]
        return await work_off(found, subject, records)


def _print(
    access: str, rounds: dict[int, list[Round]], pages: dict[int, list[Pages]], options: argparse.Namespace
) -> None:
    print(f"\n{access} access: {options.messages:,} messages on open cases, relay and projector counted")
    costs = {cases: [sum(one.cpu.values()) for one in some] for cases, some in rounds.items()}
    few = costs[options.few]
    for cases, some in rounds.items():
        cpu = ", ".join(f"{name} {median(one.cpu[name] for one in some):.0f}" for name in some[0].cpu)
        ratios = [cost / base for cost, base in zip(costs[cases], few, strict=True)]
        print(f"  {cases:>9,} cases: CPU µs a message {span(costs[cases], '.0f')}: {cpu}; ", end="")
        print(f"÷ few {span(ratios, '.2f')}; {median(one.per_second for one in some):,.0f} messages/s")
        read, images, wal = (median(column) for column in zip(*pages[cases], strict=True))
        print(f"{'':19}a message: {read:.1f} pages read, {images:.1f} whole in the WAL, {wal:.1f} KiB of WAL")
    print(flush=True)
