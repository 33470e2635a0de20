"""What a recomputation did: before, after and why. One for each fact, calendar or rule that a deadline is computed anew for."""

from dataclasses import dataclass
from typing import Any, Literal

from hub.domain.calendar import Calendar
from hub.domain.clock import Clock
from hub.domain.deadline import Deadline, compute
from hub.domain.deadline_facts import Fact, Started, facts_to_data

Why = Literal[
    "started",
    "corrected",
    "extended",
    "excluded",
    "restarted",
    "custody_changed",
    "calendar_loaded",
    "rule_changed",
]


@dataclass(frozen=True, slots=True)
class Change:
    """A deadline computed, or computed anew. `before` is null for the first time; `fact` for a calendar or a rule."""

    why: Why
    before: Deadline | None
    after: Deadline
    fact: Fact | None = None

    @property
    def moved(self) -> bool:
        """Whether another day is due than was, or the day is no longer provisional."""
        return self.before is None or (self.before.due, self.before.provisional) != (
            self.after.due,
            self.after.provisional,
        )

    def data(self) -> dict[str, Any]:
        """What the journal keeps: the fact and the outcome. The steps follow from the facts."""
        data: dict[str, Any] = {"clock": self.after.clock, "why": self.why}
        if self.fact is not None:
            data["fact"] = facts_to_data((self.fact,))[0]
        if self.before is not None:
            data["before"] = _outcome(self.before)
        return data | {"after": _outcome(self.after)}


def begin_clock(clock: Clock, fact: Started, calendar: Calendar) -> Change:
    """The first computation."""
    return Change("started", None, compute(clock, (fact,), calendar), fact)


def tell(before: Deadline, clock: Clock, fact: Fact, calendar: Calendar) -> Change:
    """The deadline with one fact more. The fact was admitted (`deadline_admission`)."""
    why: Why = "corrected" if isinstance(fact, Started) else fact.f
    return Change(why, before, compute(clock, (*before.facts, fact), calendar), fact)


def recompute(before: Deadline, clock: Clock, calendar: Calendar, why: Why) -> Change | None:
    """The same facts under another calendar or rule; None when that changes nothing that was said."""
    after = compute(clock, before.facts, calendar)
    return None if after == before else Change(why, before, after)


def _outcome(deadline: Deadline) -> dict[str, Any]:
    data = deadline.data()
    return {name: data[name] for name in ("raw", "due", "earliest", "provisional")}
