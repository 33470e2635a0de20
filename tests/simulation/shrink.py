"""A failing plan made small: fewer faults, then fewer matters, as long as a promise is still broken."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from hub.domain.rules import Rules
from tests.simulation.plan import Plan
from tests.simulation.world import Run, run

Part = TypeVar("Part")


def shrink(failing: Run, rules: Rules, most_runs: int = 120) -> Run:
    """The smallest failing run that was found within so many runs. What nobody did can't be what failed."""
    best, left = failing, most_runs

    def fails(plan: Plan) -> bool:
        nonlocal best, left
        if left <= 0:
            return False
        left -= 1
        tried = run(plan, rules)
        if tried.violations:
            best = tried
        return bool(tried.violations)

    _least(best.plan.faults, lambda some: fails(replace(best.plan, faults=tuple(some))))
    _least(best.plan.matters, lambda some: fails(replace(best.plan, matters=tuple(some))))
    return best


def _least(parts: Sequence[Part], fails: Callable[[Sequence[Part]], bool]) -> None:
    """Leave out ever smaller pieces, the first ones last: what comes later matters less often."""
    kept, size = list(parts), max(1, len(parts) // 2)
    while size:
        at = len(kept)
        while at > 0:
            without = kept[: max(0, at - size)] + kept[at:]
            if len(without) < len(kept) and fails(without):
                kept = without
            at -= size
        size //= 2
