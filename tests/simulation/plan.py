"""What a seed means: which departments, which matters, which faults and when. Values only, so that it can be shrunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hub.domain.rules import Rules

MATTERS, MATTERS_SECONDS = 32, 35.0
FAULTS_SECONDS = (3.0, 60.0)
LEAST_DEPARTMENTS, LEAST_MESSAGES, LEAST_FAULTS = 3, 200, 5


@dataclass(frozen=True, slots=True)
class Matter:
    """One referral that an officer raises at a moment."""

    at: float
    sender: str
    number: str
    flow: str
    lead: str
    co_handlers: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what, when, whom it strikes, how long (seconds) or how often."""

    kind: str
    at: float
    target: str
    amount: float

    def __str__(self) -> str:
        return f"{self.at:6.2f} s  {self.kind:<18} {self.target:<28} {self.amount:.2f}"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: int
    shards: int
    batch: int
    departments: tuple[str, ...]
    own_ids: frozenset[str]
    matters: tuple[Matter, ...]
    faults: tuple[Fault, ...]


# Groups of departments between which enough flows run.
CITIES: tuple[tuple[str, ...], ...] = (
    ("public_security", "procuratorate", "court"),
    ("petition", "justice", "court"),
    ("petition", "justice", "mediation", "court"),
    ("public_security", "procuratorate", "court", "petition"),
)
HUBS = ("hub-a", "hub-b")
TIMEKEEPERS = ("timekeeper-a", "timekeeper-b")


def plan_of(seed: int, rules: Rules, only: Sequence[str] = ()) -> Plan:
    """The plan of a seed; `only`: with no faults but of these kinds."""
    random = Random(f"{seed}/plan")
    departments = random.choice(CITIES)
    shards = random.choice((2, 3))
    return Plan(
        seed,
        shards,
        random.choice((3, 10, 40)),
        departments,
        frozenset(d for d in departments if random.random() < 0.5),
        tuple(_matters(seed, rules, departments, MATTERS)),
        tuple(_faults(random, departments, shards, only)),
    )


def _matters(seed: int, rules: Rules, departments: Sequence[str], count: int) -> list[Matter]:
    random = Random(f"{seed}/matters")
    known = {d: rules.departments[d] for d in departments}
    made = []
    while len(made) < count:
        sender = random.choice(departments)
        flows = [f for versions in rules.flows.values() for f in versions if known[sender].plays(f.senders)]
        if not flows:
            continue
        flow = random.choice(sorted(flows, key=lambda f: f.flow))
        others = [d for d in departments if d != sender]
        leads = [d for d in others if known[d].plays(flow.lead)]
        if not leads:
            continue
        lead = random.choice(leads)
        rest = [d for d in others if d != lead]
        co = tuple(d for d in rest if known[d].plays(flow.co_handlers) and random.random() < 0.4)
        copies = tuple(
            d for d in rest if d not in co and known[d].plays(flow.copies) and random.random() < 0.3
        )
        at = random.uniform(0, MATTERS_SECONDS)
        made.append(Matter(at, sender, f"{sender[:2]}-{len(made)}", flow.flow, lead, co, copies))
    return made


def _faults(random: Random, departments: Sequence[str], shards: int, only: Sequence[str]) -> list[Fault]:
    connectors = [f"connector of {d}" for d in departments]
    processes = [*HUBS, TIMEKEEPERS[0], *connectors]
    outs = [f"dept.{d}.out/{p}" for d in departments for p in range(shards)]
    ins = [f"dept.{d}.in/{p}" for d in departments for p in range(shards)]
    # Kind: weight, whom it may strike, between which amounts.
    kinds: dict[str, tuple[int, Sequence[str], float, float]] = {
        "kill": (8, processes, 1, 400),
        "end": (3, [*HUBS, *connectors], 1, 1),
        "pause": (4, processes, 1, 14),
        "rebalance": (3, ["intake"], 0, 0),
        "zombie": (4, ["intake"], 1, 15),
        "store_away": (3, ["store"], 0.5, 12),
        "bus_away": (3, ["bus"], 0.5, 12),
        "flaky_store": (3, ["store"], 3, 15),
        "flaky_bus": (2, ["bus"], 3, 15),
        "store_cut": (2, [*HUBS, TIMEKEEPERS[0]], 1, 12),
        "bus_cut": (3, processes, 1, 12),
        "system_away": (2, list(departments), 2, 20),
        "failing_commits": (3, ["store"], 1, 4),
        "lost_answers": (5, ["store"], 1, 4),
        "lost_acks": (4, ["bus"], 1, 5),
        "late": (4, ["bus"], 1, 6),
        "doubled": (4, ["bus"], 2, 12),
        "checker_gone": (1, ["checker"], 1, 2),
        "recreated": (2, outs, 0, 0),
        "truncated": (2, outs, 1, 6),
        "in_lost": (2, ins, 1, 4),
        "broker_clock": (1, ["broker"], -20, 20),
        "hub_clock": (2, ["hub"], -40, 40),
        "database_clock": (1, ["database"], -10, 10),
        "junk": (2, outs, 1, 5),
        "late_raise": (2, list(departments), 0, 0),
        "second_keeper": (1, [TIMEKEEPERS[1]], 5, 40),
    }
    names = list(only or kinds)
    weights = [kinds[name][0] for name in names]
    made = []
    for _ in range(random.randint(LEAST_FAULTS, 14)):
        name = random.choices(names, weights)[0]
        _, targets, low, high = kinds[name]
        at = random.uniform(*FAULTS_SECONDS)
        made.append(Fault(name, at, random.choice(targets), random.uniform(low, high)))
    return sorted(made, key=lambda fault: fault.at)
