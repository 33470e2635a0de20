"""In which order, when, and on which layout of the hub: drawn from the seed alone."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.drill.faults import FAULTS, Fault

GAP = (0.2, 3.0)
# How often a second fault is caused while the first one lasts.
TOGETHER = 0.5


@dataclass(frozen=True, slots=True)
class Blow:
    """Faults that are caused together, the second `later` seconds after the first, after a `gap` of quiet."""

    layout: str
    gap: float
    faults: tuple[Fault, ...]
    later: float


def chosen(names: Sequence[str], brokers: int) -> list[Fault]:
    """The faults of these names, or all; those that need another number of brokers are left out.

    A name may be the beginning of several: `kill-connector`. Raises ValueError that lists the names.
    """
    unknown = [name for name in names if not any(fault.name.startswith(name) for fault in FAULTS)]
    if unknown:
        allowed = ", ".join(fault.name for fault in FAULTS)
        raise ValueError(f"faults {', '.join(unknown)}: allowed are {allowed}")
    return [
        fault
        for fault in FAULTS
        if brokers in fault.brokers and (not names or fault.name.startswith(tuple(names)))
    ]


def schedule(draw: random.Random, faults: Sequence[Fault]) -> Iterator[Blow]:
    """Rounds without end. In each round every fault comes once, and the hub changes its layout in the middle."""
    while True:
        parts: dict[str, list[Fault]] = {"roles": [], "all": []}
        for fault in faults:
            parts[draw.choice(fault.layouts)].append(fault)
        for layout, bag in parts.items():
            draw.shuffle(bag)
            while bag:
                together = [bag.pop()]
                if bag and _go_together(together[0], bag[-1]) and draw.random() < TOGETHER:
                    together.append(bag.pop())
                yield Blow(layout, draw.uniform(*GAP), tuple(together), draw.uniform(0.0, 2.0))


def _go_together(one: Fault, other: Fault) -> bool:
    return one.on != other.on and not one.alone and not other.alone
