"""A steady rate for minutes: does the hub keep up, and does its memory grow."""

import argparse
import asyncio
import time

from tests.bench.ground import Ground, ground
from tests.bench.memory import Memory, sampled
from tests.bench.subjects import PATIENCE_SECONDS, RunningHub, running_hub
from tests.bench.variants import FOLLOWED, Hub

_BEAT_SECONDS = 0.1
_TELL_SECONDS = 30.0


def options(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=500, help="referrals a second (500)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--trusting", action="store_true", help="signatures are not checked")


async def measure(options: argparse.Namespace) -> None:
    """Publish at the rate, look at memory each second and at what waits now and then."""
    hub = Hub(FOLLOWED["projector"], options.processes, not options.trusting)
    async with ground() as found:
        place = await found.place("soak", of_hub=True)
        async with running_hub(found, place, hub) as subject, sampled(subject.children) as memory:
            print(f"{options.rate} referrals/s for {options.minutes:g} minutes, {hub.processes} process(es)")
            published = await _steady(found, subject, memory, options.rate, options.minutes * 60)
            begin = time.perf_counter()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while min(await subject.progress()) < published:
                    await asyncio.sleep(_BEAT_SECONDS)
            print(
                f"  {published:,} referrals; all passed {time.perf_counter() - begin:.1f} s after the last one"
            )
    print(f"  memory: {memory}", flush=True)


async def _steady(found: Ground, subject: RunningHub, memory: Memory, rate: int, seconds: float) -> int:
    """Publish evenly; returns how many. Says by how much the publishing itself was late, if it was."""
    published, begin, told, late = 0, time.perf_counter(), 0.0, 0.0
    while (at := time.perf_counter() - begin) < seconds:
        due = int(at * rate)
        if due > published:
            late = max(late, (due - published) / rate)
            await found.publish(due - published, subject.place.topic)
            published = due
        if at >= told + _TELL_SECONDS:
            told = at
            size = memory.samples[-1][1] if memory.samples else 0.0
            waiting = published - min(await subject.progress())
            print(
                f"  {at:6.0f} s: {published:,} published, {waiting:,} under way, {size:.0f} MiB", flush=True
            )
        await asyncio.sleep(_BEAT_SECONDS)
    print(f"  the longest pause in publishing was {late:.2f} s")
    return published
