"""A large backlog: it waits in the topic before the first process of the hub starts. Rate, memory, and who shares it."""

import argparse
import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise

from tests.bench import promises
from tests.bench.ground import Ground, Place, ground
from tests.bench.memory import sampled
from tests.bench.processes import cpu_seconds
from tests.bench.subjects import PATIENCE_SECONDS, RunningHub, running_hub
from tests.bench.variants import FOLLOWED, Hub

_LOOK_SECONDS = 0.1
_PARTS = 4


def options(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("--messages", type=int, default=200_000, help="referrals that wait (200,000)")
    parser.add_argument(
        "--processes",
        default="1,2,4",
        metavar="N,…",
        help="how many intake processes share them, one after the other, each on a store of its own (1,2,4)",
    )
    parser.add_argument("--trusting", action="store_true", help="signatures are not checked")


async def measure(options: argparse.Namespace) -> None:
    """Fill the topic once, work it off with each number of processes. Raises RuntimeError when a promise did not hold."""
    broken = []
    async with ground() as found:
        source = await found.place("backlog", of_hub=False)
        begin = time.perf_counter()
        await found.publish(options.messages, source.topic)
        print(
            f"{options.messages:,} referrals wait (made in {time.perf_counter() - begin:.0f} s)\n", flush=True
        )
        for processes in map(int, options.processes.split(",")):
            place = await found.place(f"backlog{processes}", of_hub=True, topics=source.names)
            hub = Hub(FOLLOWED["projector"], processes, not options.trusting)
            broken += await _work_off(found, place, hub, options.messages)
    if broken:
        raise RuntimeError(f"{len(broken)} promises broken, {broken[0]}")


async def _work_off(found: Ground, place: Place, hub: Hub, messages: int) -> Sequence[str]:
    """Prints its lines; returns what did not hold."""
    before = await promises.ends(found, place)
    async with running_hub(found, place, hub, follow=False) as subject:
        begin = await asyncio.wait_for(_begun(subject), PATIENCE_SECONDS)
        before_cpu = [cpu_seconds(child.pid) for child in subject.children]
        async with sampled(subject.children) as memory:
            moments = [(begin, 0), *await asyncio.wait_for(_moments(subject, messages), PATIENCE_SECONDS)]
        cpu = [
            cpu_seconds(child.pid) - so_far
            for child, so_far in zip(subject.children, before_cpu, strict=True)
        ]
    end, last = moments[-1]
    print(f"{hub.processes} process(es), relay and projector counted: ", end="")
    print(f"{last / (end - begin):,.0f} referrals/s from the first commit on, {end - begin:.1f} s")
    print(
        f"  by quarters of the backlog: {', '.join(f'{rate:,.0f}' for rate in _quarters(moments, messages))} a second"
    )
    print(f"  memory of all: {memory}")
    print(f"  CPU seconds of each: {', '.join(f'{seconds:.1f}' for seconds in cpu)}")
    arrived = await promises.arrived(found, before, await promises.ends(found, place))
    problems = await promises.broken(place, messages, arrived)
    print(f"  arrived {arrived.first:,}, sent again {arrived.again:,}, holes {arrived.holes}; ", end="")
    print("no promise broken" if not problems else f"BROKEN: {'; '.join(problems[:5])}")
    print(flush=True)
    return problems


async def _begun(subject: RunningHub) -> float:
    """Wait for the first commit; the moment of the last look that saw none."""
    last = time.perf_counter()
    while not (await subject.progress())[0]:
        last = time.perf_counter()
        await asyncio.sleep(_LOOK_SECONDS)
    return last


async def _moments(subject: RunningHub, messages: int) -> list[tuple[float, int]]:
    """(time, referrals passed by all followers) now and then, until all are."""
    moments: list[tuple[float, int]] = []
    while not moments or moments[-1][1] < messages:
        await asyncio.sleep(_LOOK_SECONDS)
        passed = min(await subject.progress())
        moments.append((time.perf_counter(), passed))
    return moments


def _quarters(moments: list[tuple[float, int]], messages: int) -> list[float]:
    """Referrals a second in each quarter: a rate that falls shows here."""
    bounds = [next(m for m in moments if m[1] >= messages * part / _PARTS) for part in range(_PARTS + 1)]
    return [
        (upto[1] - since[1]) / (upto[0] - since[0]) for since, upto in pairwise(bounds) if upto[0] > since[0]
    ]
