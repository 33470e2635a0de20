"""Conservation 守恒: at any moment each referral is exactly one of open, closed, returned, withdrawn, refused.

Counted in the cohort of the day (in China) on which it was raised, by sender and flow (5a.12). One side is the
projected table; the other is an independent reader that folds the journal's entries up to where the projector
stands. Raises that are not decided yet (waiting, parked) are a line of their own.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from hub.bus.topics import TopicNames
from hub.domain.case import CLOSED, OPEN, RETURNED, WITHDRAWN
from hub.domain.entry import Entry, Outcome
from hub.projector.projector import Projector
from hub.projector.rows import raised_on
from hub.store import read_cohorts, read_journal, read_tables
from hub.store.reading import ReadStore, Snapshot, standing

RAISE = "referral.raised.v1"
# A refused raise whose case has no key is kept without its data: its flow is not known.
UNKNOWN_FLOW = ""
STATES = (OPEN, CLOSED, RETURNED, WITHDRAWN)
Cohort = tuple[date, str, str]


@dataclass(frozen=True, slots=True)
class CohortLine:
    """`raised` is what the journal says was raised, refused ones included; the states are the projected table's."""

    raised_on: date
    sender: str
    flow: str
    raised: int
    open: int
    closed: int
    returned: int
    withdrawn: int
    refused: int

    @property
    def holds(self) -> bool:
        """raised = open + closed + returned + withdrawn + refused."""
        return self.raised == self.open + self.closed + self.returned + self.withdrawn + self.refused


@dataclass(frozen=True, slots=True)
class UndecidedLine:
    """Raises that came on a day and are not decided: `waiting` for what they build on.

    `parked`: records of the sender of which nobody can say whether they are raises.
    """

    came_on: date
    sender: str
    waiting: int
    parked: int


@dataclass(slots=True)
class Ledger:
    """What the journal says: the cohort and the state of each referral, and refused raises by cohort."""

    cohorts: dict[str, Cohort] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    refused: Counter[Cohort] = field(default_factory=Counter)
    twice: list[str] = field(default_factory=list)

    def take(self, entry: Entry) -> None:
        """One entry, in the order of its shard."""
        if entry.outcome is Outcome.REFUSED and entry.type == RAISE:
            flow = str((entry.open or {}).get("flow", UNKNOWN_FLOW))
            day: date = raised_on(datetime.fromisoformat(entry.received_at))
            self.refused[day, entry.source or "", flow] += 1
        for event in entry.events:
            match event.e:
                case "referral_raised":
                    if event.referral in self.cohorts:
                        self.twice.append(event.referral)
                    day = raised_on(datetime.fromisoformat(event.raised_at))
                    self.cohorts[event.referral] = (day, event.sender, event.flow)
                    self.states[event.referral] = OPEN
                case "referral_ended":
                    self.states[event.referral] = event.state
                case "referral_reopened":
                    self.states[event.referral] = OPEN


async def conservation(read_store: ReadStore) -> list[CohortLine]:
    """A line for each cohort, oldest first. Reads the whole journal; memory grows with the number of referrals."""
    async with read_store.snapshot() as view:
        ledger = await _ledger(view)
        return _lines(ledger, await read_cohorts.cohorts(view))


async def undecided(read_store: ReadStore, names: TopicNames) -> list[UndecidedLine]:
    """Raises and records that wait or are parked now, by the day they came and the sender."""
    waiting: Counter[tuple[date, str]] = Counter()
    async with read_store.snapshot() as view:
        for raw in await read_journal.waiting_entries(view):
            entry = Entry.from_bytes(raw)
            if entry.type == RAISE:
                waiting[raised_on(datetime.fromisoformat(entry.received_at)), entry.source or ""] += 1
        parked: Counter[tuple[date, str]] = Counter()
        for topic, day, count in await read_tables.junk(view):
            parked[day, names.owner(topic) or topic] += count
    keys = sorted(waiting.keys() | parked.keys())
    return [UndecidedLine(day, sender, waiting[day, sender], parked[day, sender]) for day, sender in keys]


async def check_conservation(read_store: ReadStore) -> list[str]:
    """What does not hold, in words; empty when all does. Both sides are of one moment."""
    problems: list[str] = []
    async with read_store.snapshot() as view:
        ledger = await _ledger(view)
        for line in _lines(ledger, await read_cohorts.cohorts(view)):
            if not line.holds:
                problems.append(f"cohort {line.raised_on} {line.sender} {line.flow}: {_sum(line)}")
        problems += [f"referral {referral}: raised twice in the journal" for referral in ledger.twice]
        unseen = dict(ledger.states)
        async for stored in read_cohorts.states(view):
            said = unseen.pop(stored.referral, None)
            if said != stored.state:
                problems.append(
                    f"referral {stored.referral}: the journal says {said or 'nothing'}, the table {stored.state!r}"
                )
            elif ledger.cohorts[stored.referral] != stored.cohort:
                told = ledger.cohorts[stored.referral]
                problems.append(
                    f"referral {stored.referral}: the journal says {told}, the table {stored.cohort}"
                )
        problems += [
            f"referral {one}: the journal says {state!r}, the table nothing" for one, state in unseen.items()
        ]
    return problems


async def _ledger(view: Snapshot) -> Ledger:
    ledger = Ledger()
    for (follower, shard), position in sorted((await standing(view)).followers.items()):
        if follower == Projector.name:
            async for raw in read_journal.up_to(view, shard, position):
                ledger.take(Entry.from_bytes(raw))
    return ledger


def _lines(ledger: Ledger, stored: Mapping[Cohort, Mapping[str, int]]) -> list[CohortLine]:
    raised = Counter(ledger.cohorts.values())
    lines = []
    for cohort in sorted(raised.keys() | ledger.refused.keys() | stored.keys()):
        states = stored.get(cohort, {})
        refused = ledger.refused[cohort]
        is_open, closed, returned, withdrawn = (states.get(state, 0) for state in STATES)
        total = raised[cohort] + refused
        lines.append(CohortLine(*cohort, total, is_open, closed, returned, withdrawn, refused))
    return lines


def _sum(line: CohortLine) -> str:
    return (
        f"raised {line.raised} is not open {line.open} + closed {line.closed} + returned {line.returned} "
        f"+ withdrawn {line.withdrawn} + refused {line.refused}"
    )
