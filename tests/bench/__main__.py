"""`make bench`: throughput beside a hand-written floor, latency at a low rate, memory. Prints figures, asserts none.

    make bench                     three repetitions, some minutes
    make bench ARGS=--quick        one short repetition

What the figures mean and how to read them: docs/how-to/measure.md.
"""

import argparse
import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hub.bus.kafka_publisher import KafkaPublisher
from hub.embedded.servers import Servers
from hub.home import Home
from tests.bench import latency, subjects
from tests.bench.latency import Latency
from tests.bench.processes import memory_mib
from tests.bench.referrals import SENDER, Referrals
from tests.bench.subjects import Ground, Subject
from tests.bench.throughput import Round, work_off

CITY = Path("deploy/sandbox/city/departments.yaml")
SHARDS, BATCH = 6, 500
WARM, REMEMBERED = 600, 2_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    repetitions: int
    referrals: int
    latency: int


FULL, QUICK = Size(3, 6_000, 120), Size(1, 2_000, 24)


async def main(size: Size) -> None:
    """Start everything, measure, print, leave nothing."""
    root = Path(tempfile.mkdtemp(prefix="fengqiao-bench-"))
    root.chmod(0o755)
    try:
        servers = Servers(root)
        async with servers as addresses:
            home = Home(root)
            home.prepare(CITY, SHARDS)
            ground = Ground(addresses, root, CITY, SHARDS)
            pids = {"PostgreSQL": servers.postgres.pid, "Kafka": servers.kafka.pid}
            await _measure(ground, home, size, {name: pid for name, pid in pids.items() if pid is not None})
    finally:
        shutil.rmtree(root)


async def _measure(ground: Ground, home: Home, size: Size, pids: dict[str, int]) -> None:
    publisher = KafkaPublisher(ground.addresses.kafka, "fengqiao-bench")
    referrals = Referrals(home.private_key(SENDER), f"{SENDER}-1", SHARDS)
    async with contextlib.AsyncExitStack() as stack:
        floor = await stack.enter_async_context(subjects.floor(ground, BATCH))
        full = await stack.enter_async_context(subjects.hub(ground, "hub", "verified"))
        trusting = await stack.enter_async_context(
            subjects.hub(ground, "hub, signatures not verified", "trusted")
        )
        stack.push_async_callback(publisher.stop)
        everyone: list[Subject] = [floor, full, trusting]
        for subject in everyone:
            await _pass(subject, publisher, referrals, WARM, 0)
        done = dict.fromkeys((subject.title for subject in everyone), WARM)

        latencies = {subject.title: Latency() for subject in (floor, full)}
        for _ in range(size.repetitions):
            for subject in (floor, full):
                some = await latency.measure(ground, subject, publisher, referrals, size.latency)
                latencies[subject.title].each += some.each
                done[subject.title] += size.latency
                await subject.until(done[subject.title])
        _print_latency(latencies)

        await _pass(full, publisher, referrals, REMEMBERED, done[full.title])
        done[full.title] += REMEMBERED
        _print_memory(full, done[full.title])

        rounds: dict[str, list[Round]] = {subject.title: [] for subject in everyone}
        for _ in range(size.repetitions):
            for subject in everyone:
                before = done[subject.title]
                made = await work_off(subject, publisher, referrals, size.referrals, before, pids)
                rounds[subject.title].append(made)
                done[subject.title] += size.referrals
        _print_rounds(rounds, size)
        _print_memory(full, done[full.title])


async def _pass(
    subject: Subject, publisher: KafkaPublisher, referrals: Referrals, number: int, before: int
) -> None:
    await publisher.publish(referrals.make(number, subject.topic))
    await subject.until(before + number)


def _print_latency(latencies: dict[str, Latency]) -> None:
    print(f"latency at {latency.PER_SECOND:.0f} referrals/s, from publishing to the lead's topic")
    print(f"{'':32}{'p50 ms':>8}{'p99 ms':>8}{'worst':>8}{'n':>6}")
    for title, found in latencies.items():
        name = "bare loop" if title == "floor" else title
        print(
            f"  {name:30}{found.at(0.5):8.1f}{found.at(0.99):8.1f}{max(found.each):8.1f}{len(found.each):6}"
        )
    print(flush=True)


def _print_memory(subject: Subject, done: int) -> None:
    print(f"memory of the hub, with its checker of signatures, after {done:,} referrals: ", end="")
    print(f"{memory_mib(subject.child.pid):.0f} MiB\n", flush=True)


def _print_rounds(rounds: dict[str, list[Round]], size: Size) -> None:
    print(f"throughput: {size.referrals:,} referrals in the topic, batches of {BATCH}, {SHARDS} shards")
    print(f"{'':32}{'per second':>20}{'ratio':>7}   CPU µs per referral")
    for title, some in rounds.items():
        rates = [one.per_second for one in some]
        ratios = [one.per_second / base.per_second for one, base in zip(some, rounds["floor"], strict=True)]
        shares = {name: median(one.cpu[name] for one in some) for name in some[0].cpu}
        cpu = ", ".join(f"{name} {share:.0f}" for name, share in shares.items())
        print(f"  {title:30}{_span(rates):>20}{median(ratios):7.2f}   {cpu}; all {sum(shares.values()):.0f}")
    print(flush=True)


def _span(values: Sequence[float]) -> str:
    """Median and range."""
    return f"{median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the hub on this machine.")
    parser.add_argument("--quick", action="store_true", help="one short repetition")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    asyncio.run(main(QUICK if options.quick else FULL))
