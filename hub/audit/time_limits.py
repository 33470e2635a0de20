"""Time limits of one case as two courses of events can be held against each other: by what they are, not by number.

Under other rules a case may number its time limits otherwise. `Limit` is the same in both courses.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from hub.domain.case import Case, Task
from hub.domain.derivation_words import Lang, explain
from hub.domain.events import Event
from hub.domain.rules import Rules
from hub.errors import FactNotAllowed


class Limit(NamedTuple):
    """A clock of the law on a task (`place` among the flow's clocks) or a rung (-1); `nth`: how often it has started."""

    clock: str
    task: str
    place: int
    nth: int


class Limits:
    """Which limit each number of a case is, and what it counts with, learnt from the events."""

    def __init__(self) -> None:
        self.by_number: dict[int, Limit] = {}
        self._numbers: dict[Limit, int] = {}
        self._started: Counter[tuple[str, str, int]] = Counter()
        self._counts: dict[int, tuple[str, tuple[dict[str, Any], ...]]] = {}
        self._owners: dict[int, str] = {}

    def learn(self, events: Iterable[Event]) -> None:
        """Take in what a message did."""
        for event in events:
            if event.e == "deadline_started":
                what = event.clock, event.task, event.place
                self._started[what] += 1
                limit = Limit(*what, self._started[what])
                self.by_number[event.deadline] = limit
                self._numbers[limit] = event.deadline
                self._counts[event.deadline] = event.since or "", event.facts
                self._owners[event.deadline] = event.owner
            elif event.e == "deadline_recomputed":
                since, facts = self._counts.get(event.deadline, ("", ()))
                facts = facts if event.fact is None else (*facts, event.fact)
                self._counts[event.deadline] = event.since or since, facts

    def owner(self, limit: Limit) -> str:
        """Who has to keep it."""
        return self._owners[self._numbers[limit]]

    def copy(self) -> "Limits":
        """Another with the same content."""
        made = Limits()
        made.by_number, made._numbers = dict(self.by_number), dict(self._numbers)
        made._started, made._counts = Counter(self._started), dict(self._counts)
        made._owners = dict(self._owners)
        return made

    def number(self, limit: Limit) -> int | None:
        """Its number in this course; None where it never started."""
        return self._numbers.get(limit)

    def derivation(self, limit: Limit, due: str, case: Case, at: str, rules: Rules, lang: Lang) -> str | None:
        """How the due moment came about; None where these rules give another, so are not those that it came from.

        A rung has no article: it is so many hours or days from `at`, when the hub learned that the step is due.
        """
        number = self._numbers[limit]
        try:
            if limit.place < 0:
                return _rung(limit.clock, self._owners[number], due, case.tasks[limit.task], case, at, rules)
            since, facts = self._counts[number]
            clocks = rules.timetable.clocks
            deadline = rules.timetable.deadline(clocks.get(limit.clock), since, facts)
        except (ValueError, LookupError, FactNotAllowed):
            return None
        return explain(deadline, clocks, lang) if deadline.passed_at == datetime.fromisoformat(due) else None


def _rung(rung: str, owner: str, due: str, task: Task, case: Case, at: str, rules: Rules) -> str | None:
    referral = case.referrals[task.referral]
    asked = referral.flow, referral.flow_version, owner, referral.track, referral.priority
    within = rules.limits(*asked).get(rung)
    if within is None or rules.timetable.limit(within, at) != due:
        return None
    return f"{referral.flow} within.{rung}: {within}"
