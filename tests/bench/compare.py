"""The hub beside a hand-written floor, in one run and interleaved: throughput, CPU, latency, replay, memory.

Figures are printed, none is asserted. What they mean: docs/how-to/measure.md.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench import latency, replay, tables
from tests.bench.ground import Ground, ground
from tests.bench.latency import Latency
from tests.bench.subjects import running
from tests.bench.throughput import MOST_REFERRALS, Round, work_off
from tests.bench.variants import FLOOR, Hub, Variant, chosen, hub_variant, variants

# Referrals that each process has done before the clock starts: statements prepared, caches filled.
WARM = 600
PARTS = ("throughput", "latency", "replay")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how much of it. `quiet`: whose latency is measured beside the bare loop's."""

    variants: Sequence[Variant]
    quiet: Sequence[Variant]
    parts: Sequence[str]
    batches: Sequence[int]
    repetitions: int
    referrals: int
    latency: int


async def compare(plan: Plan) -> None:
    """Start everything, measure, print, leave nothing."""
    async with ground() as found:
        if "latency" in plan.parts:
            await _latency(found, plan)
        if "throughput" in plan.parts:
            for batch in plan.batches:
                await _throughput(found, plan, batch)
        if "replay" in plan.parts:
            await replay.measure(found, plan.referrals)


async def _latency(found: Ground, plan: Plan) -> None:
    everyone = [FLOOR, *plan.quiet]
    latencies = {variant: Latency() for variant in everyone}
    for _ in range(plan.repetitions):
        for variant in everyone:
            async with running(found, variant, plan.batches[0]) as subject:
                await found.publish(WARM, subject.place.topic)
                await subject.through(WARM)
                latencies[variant].each += (await latency.measure(found, subject, plan.latency)).each
    tables.print_latency(latencies)


async def _throughput(found: Ground, plan: Plan, batch: int) -> None:
    rounds: dict[Variant, list[Round]] = {variant: [] for variant in plan.variants}
    # The first time does not count: Kafka's code is compiled, the tables get their first pages.
    for repetition in range(plan.repetitions + 1):
        for variant, some in rounds.items():
            async with running(found, variant, batch) as subject:
                await found.publish(WARM, subject.place.topic)
                await subject.through(WARM)
                records = found.referrals.make(plan.referrals, subject.place.topic)
                made = await work_off(found, subject, records)
                if repetition:
                    some.append(made)
    tables.print_rounds(batch, plan.referrals, rounds)
    tables.print_memory(rounds)


def plan_of(options: argparse.Namespace) -> Plan:
    """What the options ask for."""
    alone = options.only is not None
    measured = chosen(options.only) if alone else variants(libraries=options.libraries)
    return Plan(
        variants=measured,
        quiet=[one for one in measured if isinstance(one.what, Hub)]
        if alone
        else [hub_variant("projector", True, 1)],
        parts=options.parts.split(",") if options.parts else PARTS[:1] if alone else PARTS,
        batches=[options.batch] if options.batch else [500, 100],
        repetitions=1 if options.quick else options.repetitions,
        referrals=options.referrals or (2_000 if options.quick else 6_000),
        latency=24 if options.quick else 120,
    )


def options(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    names = ", ".join(one.name for one in variants(libraries=True))
    parser.add_argument(
        "--only", metavar="NAME,…", help=f"these beside the floor, throughput alone (* allowed): {names}"
    )
    parser.add_argument("--batch", type=int, help="records a batch; without it 500, then 100")
    parser.add_argument("--quick", action="store_true", help="one short repetition: does it run at all")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument(
        "--referrals", type=_referrals, metavar="N", help=f"in the topic, at most {MOST_REFERRALS:,}"
    )
    parser.add_argument("--parts", type=_parts, metavar="PART,…", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--libraries", action="store_true", help="FastStream + SQLAlchemy too")


def _referrals(text: str) -> int:
    if not 0 < int(text) <= MOST_REFERRALS:
        raise argparse.ArgumentTypeError(f"{text}: 1 to {MOST_REFERRALS}; for more see `backlog`")
    return int(text)


def _parts(text: str) -> str:
    if unknown := set(text.split(",")) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: allowed are {', '.join(PARTS)}")
    return text
