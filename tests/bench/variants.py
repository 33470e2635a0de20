"""Who is compared, and under which names."""

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hub.errors import ConfigurationError

FOLLOWED = {"relay": ("intake", "relay"), "projector": ("intake", "relay", "projector")}
_TITLES = {"relay": "intake + relay", "projector": "with projector"}


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of one process: a module of `tests.bench` that prints how many referrals it has done."""

    module: str


@dataclass(frozen=True, slots=True)
class Hub:
    """So many processes of the hub; each runs the roles, intake with its followers beside it."""

    roles: tuple[str, ...]
    processes: int
    verified: bool


@dataclass(frozen=True, slots=True)
class Variant:
    """One line of the table. `name`: as `--only` takes it."""

    name: str
    title: str
    what: Loop | Hub


FLOOR = Variant("floor", "floor", Loop("floor"))
OUTBOX = Variant("outbox", "floor with outbox", Loop("floor_outbox"))
LIBRARIES = Variant("libraries", "FastStream + SQLAlchemy", Loop("libraries"))


def hub_variant(followers: str, verified: bool, processes: int) -> Variant:
    """`followers`: a name of FOLLOWED."""
    name = f"{followers}{'-verified' if verified else ''}-{processes}"
    title = f"{_TITLES[followers]}{', verified' if verified else ''}, {processes} process"
    return Variant(name, f"{title}{'es' * (processes > 1)}", Hub(FOLLOWED[followers], processes, verified))


def variants(*, libraries: bool = False) -> list[Variant]:
    """All, the floor first: one process, and as many as there are cores."""
    cores = len(os.sched_getaffinity(0))
    hubs = [
        hub_variant(followers, verified, processes)
        for followers, verified in (
            ("relay", False),
            ("projector", False),
            ("projector", True),
            ("relay", True),
        )
        for processes in sorted({1, cores})
    ]
    return [FLOOR, OUTBOX, *([LIBRARIES] if libraries else []), *hubs]


def chosen(patterns: str) -> list[Variant]:
    """The floor and those whose name one of the patterns (`relay-1,projector*`) matches.

    Raises ConfigurationError naming a pattern that matches nothing.
    """
    known, wanted = variants(libraries=True), patterns.split(",")
    for pattern in wanted:
        if not any(fnmatchcase(one.name, pattern) for one in known):
            raise ConfigurationError(f"--only {pattern}: allowed are {', '.join(one.name for one in known)}")
    return [one for one in known if one is FLOOR or any(fnmatchcase(one.name, pattern) for pattern in wanted)]
