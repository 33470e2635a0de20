"""How the figures are printed."""

from collections.abc import Mapping, Sequence
from statistics import median

from tests.bench.latency import PER_SECOND, Latency
from tests.bench.throughput import Round
from tests.bench.variants import FLOOR, Variant

# The floor's repetitions must lie this close together for the figures to count.
STEADY = 0.20
_NAME = 40


def print_rounds(batch: int, number: int, rounds: Mapping[Variant, Sequence[Round]]) -> None:
    """Throughput and CPU: the median of the repetitions, ratios to the floor of the same one."""
    floor = rounds[FLOOR]
    print(f"throughput, batches of {batch}: {number:,} referrals in the topic, {len(floor)} repetitions")
    print(f"  {'':{_NAME}}{'referrals/s (range)':>24}{'÷ floor (range)':>20}", end="")
    print("   CPU µs a referral: Python, PostgreSQL, Kafka; all ÷ floor's")
    floor_cpu = _cpu(floor)
    for variant, some in rounds.items():
        rates = [one.per_second for one in some]
        ratios = [one.per_second / base.per_second for one, base in zip(some, floor, strict=True)]
        cpu = _cpu(some)
        total = sum(cpu.values())
        shares = ", ".join(f"{share:.0f}" for share in cpu.values())
        print(f"  {variant.title:{_NAME}}{span(rates, ',.0f'):>24}{span(ratios, '.2f'):>20}", end="")
        print(f"   {shares}; {total:.0f} = {total / sum(floor_cpu.values()):.2f} ×")
    print(f"  {steadiness([one.per_second for one in floor])}\n", flush=True)


def print_memory(rounds: Mapping[Variant, Sequence[Round]]) -> None:
    """Resident memory of all Python processes of a variant, before and after a repetition."""
    print("memory MiB, before → after a repetition (largest of the repetitions)")
    for variant, some in rounds.items():
        before, after = (
            max(getattr(one, name) for one in some) for name in ("memory_before", "memory_after")
        )
        print(f"  {variant.title:{_NAME}}{before:8.0f} → {after:.0f}")
    print(flush=True)


def print_latency(latencies: Mapping[Variant, Latency]) -> None:
    """Percentiles, and the distance from the bare loop."""
    bare = latencies[FLOOR]
    print(f"latency at {PER_SECOND:.0f} referrals/s, ms from publishing on .out to the lead's .in")
    print(f"  {'':{_NAME}}{'p50':>8}{'p99':>8}{'worst':>8}{'n':>6}   against the bare loop's p50, p99")
    for variant, found in latencies.items():
        name = "bare loop" if variant is FLOOR else variant.title
        p50, p99 = found.at(0.5), found.at(0.99)
        print(f"  {name:{_NAME}}{p50:8.1f}{p99:8.1f}{max(found.each):8.1f}{len(found.each):6}", end="")
        if variant is not FLOOR:
            more = [(one, one / base) for one, base in ((p50, bare.at(0.5)), (p99, bare.at(0.99)))]
            print(
                "   " + ", ".join(f"{times:.1f} × ({ms - ms / times:+.1f} ms)" for ms, times in more), end=""
            )
        print()
    print(flush=True)


def steadiness(rates: Sequence[float]) -> str:
    """Whether figures of these repetitions of the floor count, in words."""
    if len(rates) < 3:
        return f"These figures do not count: {len(rates)} repetition(s), three are needed."
    apart = (max(rates) - min(rates)) / median(rates)
    if apart <= STEADY:
        return f"The floor's repetitions lie within {apart:.0%} (at most {STEADY:.0%}): the figures count."
    return f"THESE FIGURES DO NOT COUNT: the floor's repetitions lie {apart:.0%} apart, at most {STEADY:.0%}."


def span(values: Sequence[float], form: str) -> str:
    """Median and range."""
    middle = format(median(values), form)
    return (
        f"{middle} ({format(min(values), form)}–{format(max(values), form)})" if len(values) > 1 else middle
    )


def _cpu(rounds: Sequence[Round]) -> dict[str, float]:
    return {name: median(one.cpu[name] for one in rounds) for name in rounds[0].cpu}
