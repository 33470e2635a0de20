"""Many seeds of the simulation, with a table of what struck and what became of it. See docs/how-to/simulate.md."""

import argparse
import contextlib
import logging
import signal
import sys
import time
from collections import Counter

from tests.simulation.coverage import Place, report
from tests.simulation.defects import DEFECTS, caught
from tests.simulation.many import one, results, rules
from tests.simulation.shrink import shrink
from tests.simulation.world import Run


def main() -> int:
    """0 when every promise held."""
    options = _options()
    if options.defects:
        return _look_for_defects()
    if options.seed is not None:
        result = one(options.seed)[0]
        print(_told(result))
        if result.violations:
            print("\nthe smallest plan found that fails too:\n")
            print(_told(shrink(result, rules())))
        return int(bool(result.violations))
    began, cpu = time.monotonic(), 0.0
    summary = Summary()
    seeds = range(options.start, options.start + options.seeds)
    # Ended early, it tells what was found so far.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        for result, used in results(seeds, options.jobs):
            summary.add(result)
            cpu += used
            if result.violations:
                print(f"seed {result.plan.seed} fails: {result.violations[0]}", flush=True)
    print(summary.table())
    print(f"{cpu:.0f} CPU-seconds, {cpu / max(1, summary.runs):.2f} a seed; {time.monotonic() - began:.0f} s")
    if options.coverage:
        print(report(summary.hits))
    if summary.failing:
        print(
            f"\nfailing seeds: {summary.failing}\nto see one: python -m tests.simulation --seed {summary.failing[0]}"
        )
    return int(bool(summary.failing) or summary.runs < options.seeds)


def _look_for_defects() -> int:
    """Put each known defect in and see which seed finds it. 1 when one is not found."""
    missed = 0
    for name in DEFECTS:
        found = caught(name, rules())
        missed += found is None
        told = "NOT FOUND" if found is None else f"seed {found[0]}: {found[1][:120]}"
        print(f"{name:<42} {told}", flush=True)
    return int(bool(missed))


class Summary:
    """What many runs add up to."""

    def __init__(self) -> None:
        self.runs = self.messages = 0
        self.least_messages: int | None = None
        self.faults: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.hits: Counter[Place] = Counter()
        self.failing: list[int] = []

    def add(self, result: Run) -> None:
        """One more."""
        self.runs += 1
        self.messages += result.messages
        self.least_messages = min(self.least_messages or result.messages, result.messages)
        self.faults.update(fault.kind for fault in result.plan.faults)
        self.outcomes.update(result.outcomes)
        self.hits.update(result.hits)
        if result.violations:
            self.failing.append(result.plan.seed)

    def table(self) -> str:
        """For people."""
        lines = [f"{self.runs} seeds, {len(self.failing)} failing"]
        lines.append(f"{self.messages} messages acknowledged, at least {self.least_messages} in a seed")
        lines += [f"  {number:>9}  {outcome}" for outcome, number in self.outcomes.most_common()]
        lines.append(f"{sum(self.faults.values())} faults")
        lines += [f"  {number:>9}  {kind}" for kind, number in self.faults.most_common()]
        return "\n".join(lines)


def _told(result: Run) -> str:
    plan = result.plan
    lines = [
        f"seed {plan.seed}: {', '.join(plan.departments)}; {plan.shards} shards, batches of {plan.batch}",
        f"{len(plan.matters)} matters, {result.messages} messages acknowledged, {result.seconds:.0f} virtual seconds",
        f"trace {result.trace}",
        *(f"  {fault}" for fault in plan.faults),
    ]
    if len(plan.matters) <= 6:
        lines += [f"  {matter}" for matter in plan.matters]
    lines += [f"BROKEN: {violation}" for violation in result.violations] or ["every promise held"]
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed alone")
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side")
    parser.add_argument(
        "--defects", action="store_true", help="put known defects in, and see that each is found"
    )
    parser.add_argument("--coverage", action="store_true", help="which awaits were struck, and which never")
    return parser.parse_args()


if __name__ == "__main__":
    logging.disable(logging.NOTSET)
    sys.exit(main())
