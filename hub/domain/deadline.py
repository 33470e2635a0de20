"""A due date computed from a rule, facts and the calendar. Pure: the same three give the same deadline, to the byte."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hub.domain.calendar import Calendar
from hub.domain.calendar_year import ONE_DAY
from hub.domain.clock import Cap, Clock
from hub.domain.clock_basis import BASES, TRAVEL, Basis, Unit
from hub.domain.deadline_counting import add_months, begin, cap_end, count, exclude, merged
from hub.domain.deadline_facts import (
    SHANGHAI,
    CustodyChanged,
    Excluded,
    Extended,
    Fact,
    Point,
    Restarted,
    Started,
    day_of,
    facts_to_data,
)
from hub.domain.derivation import Step
from hub.errors import FactNotAllowed


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something is due, and why.

    `raw`: the end before a day off moved it. `due`: the last day on which it is in time; of clocks in hours, the
    moment. `earliest`: the strictest reading of the text, from which to warn. `provisional`: the calendar does not
    reach so far, so it may still move.
    """

    clock: str
    facts: tuple[Fact, ...]
    raw: Point
    due: Point
    earliest: Point
    provisional: bool
    steps: tuple[Step, ...]

    @property
    def passed_at(self) -> datetime:
        """The first moment that is too late: a last day lasts until 24:00."""
        if isinstance(self.due, datetime):
            return self.due
        return datetime.combine(self.due + ONE_DAY, datetime.min.time(), SHANGHAI)

    def data(self) -> dict[str, Any]:
        """Plain values, in a fixed order."""
        return {
            "clock": self.clock,
            "facts": facts_to_data(self.facts),
            "raw": self.raw.isoformat(),
            "due": self.due.isoformat(),
            "earliest": self.earliest.isoformat(),
            "provisional": self.provisional,
            "steps": [step.data() for step in self.steps],
        }


def compute(clock: Clock, facts: Iterable[Fact], calendar: Calendar) -> Deadline:
    """The deadline of a clock. The order of facts does not matter, but for corrections of the start.

    Facts of a task that this clock does not allow leave it alone; an extension counts up to what the rule allows.
    Raises FactNotAllowed when the clock has not started, or has no time to compute.
    """
    known = tuple(facts)
    started = _started(clock, known)
    if clock.amount is None or clock.unit is None:
        return _by_letter(clock, known, started)
    basis, unit = BASES[clock.basis], clock.unit
    run, steps = _begin(clock, known, started, basis, unit)
    start = steps[-1].to
    end = count(start, clock.amount, unit, basis, calendar)
    steps.append(Step("count", start, end, amount=clock.amount, unit=unit))
    if len(known) > 1:
        end = _moved(clock, unit, known, run, end, steps, calendar)
    if clock.cap is not None and (len(known) > 1 or clock.cap.since is not None):
        end = _capped(clock.cap, basis, unit, started, start, end, steps, calendar)
    return _settled(clock, known, end, steps, calendar)


def _started(clock: Clock, facts: Sequence[Fact]) -> Started:
    for fact in reversed(facts):
        if isinstance(fact, Started):
            return fact
    raise FactNotAllowed("start", "none", f"{clock.id} has not started")


def _by_letter(clock: Clock, facts: tuple[Fact, ...], started: Started) -> Deadline:
    if not clock.by_letter:
        raise FactNotAllowed(
            "rule", clock.id, "the law gives no number here; the event is recorded, not computed"
        )
    if started.until is None:
        raise FactNotAllowed(
            "until", "none", f"the term of {clock.id} stands in the letter: give its last day"
        )
    day = day_of(started.at)
    steps = (Step("start", day, day, code=_event(clock)), Step("letter", day, started.until))
    return Deadline(clock.id, facts, started.until, started.until, started.until, False, steps)


def _begin(
    clock: Clock, facts: Sequence[Fact], started: Started, basis: Basis, unit: Unit
) -> tuple[date, list[Step]]:
    """The day of the run that counts, and its first steps."""
    steps = [_first(clock, started.at, _event(clock), basis, unit)]
    if not clock.restarts or len(facts) == 1:
        return day_of(started.at), steps
    again = [f for f in facts if isinstance(f, Restarted) and f.reason in clock.restart_reasons]
    latest = max(again, key=lambda fact: (day_of(fact.at), str(fact.at), fact.reason), default=None)
    if latest is None:
        return day_of(started.at), steps
    first = _first(clock, latest.at, latest.reason, basis, unit)
    if first.to < steps[0].to:
        return day_of(started.at), steps
    steps.append(Step("restart", first.frm, first.to, code=latest.reason))
    return day_of(latest.at), steps


def _first(clock: Clock, at: Point, code: str, basis: Basis, unit: Unit) -> Step:
    if unit == "H" and not isinstance(at, datetime):
        raise FactNotAllowed("start", at, f"{clock.id} counts hours: give date and time")
    return Step("start", at if unit == "H" else day_of(at), begin(at, unit, basis), code=code)


def _event(clock: Clock) -> str:
    return clock.starts.event if clock.starts else ""


def _moved(
    clock: Clock,
    unit: Unit,
    facts: Sequence[Fact],
    run: date,
    end: Point,
    steps: list[Step],
    calendar: Calendar,
) -> Point:
    """The end after extensions and exclusions, in the order in which time comes to them. `steps` ends with the count."""
    basis, start = BASES[clock.basis], steps[-1].frm
    grounds = set(clock.excludes) | ({TRAVEL} if basis.travel else set())
    periods = [(f.first, f.last, f.ground) for f in facts if isinstance(f, Excluded) and f.ground in grounds]
    waiting = list(merged(periods))

    def take_off(end: Point) -> Point:
        while waiting and waiting[0][0] <= day_of(end):
            first, last, ground = waiting.pop(0)
            after = exclude(start, end, first, last, unit, calendar)
            if after != end:
                steps.append(Step("exclude", end, after, first=first, last=last, code=ground))
            end = after
        return end

    end = take_off(end)
    if clock.extension is not None:
        each, one = clock.extension.each, clock.extension.unit
        granted = [f for f in facts if isinstance(f, Extended) and f.on >= run]
        for fact in sorted(granted, key=lambda fact: (fact.on, fact.amount)):
            amount = fact.amount if each is None else min(fact.amount, each)
            after = count(end, amount, one, basis, calendar)
            steps.append(Step("extend", end, after, amount=amount, unit=one))
            end = take_off(after)
    return end


def _capped(
    cap: Cap,
    basis: Basis,
    unit: Unit,
    started: Started,
    start: Point,
    end: Point,
    steps: list[Step],
    calendar: Calendar,
) -> Point:
    since = start if cap.since is None else started.since
    if since is None:
        return end
    span = cap.unless.get(started.circumstance or "", cap.span)
    periods = [(s.first, s.last, "") for s in steps if s.first is not None and s.last is not None]
    latest = cap_end(since, span, basis, unit, periods, calendar)
    if latest >= end:
        return end
    steps.append(Step("cap", since, latest, span=span))
    return latest


def _settled(
    clock: Clock, facts: tuple[Fact, ...], raw: Point, steps: list[Step], calendar: Calendar
) -> Deadline:
    """The due date of a raw end: a day off moves it unless the person is in custody on it."""
    due, guessed = raw, False
    if clock.unit == "WD":
        guessed = not (calendar.covers(day_of(raw)) and calendar.covers(day_of(_counted_from(steps))))
    elif clock.roll and not (clock.custody and _held(facts, day_of(raw))):
        day = day_of(raw)
        due = calendar.working_on_or_after(day)
        if due != day:
            steps.append(Step("roll", day, due, holiday=_names(calendar, day, due)))
        guessed = not (calendar.covers(day) and calendar.covers(due))
    elif clock.roll and not calendar.is_working(day_of(raw)):
        steps.append(Step("custody", raw, raw))
    if guessed:
        steps.append(Step("provisional", calendar.last, due))
    earliest = _earliest(clock, raw, steps, calendar)
    return Deadline(clock.id, facts, raw, due, earliest, guessed, tuple(steps))


def _counted_from(steps: Sequence[Step]) -> Point:
    return next(step.frm for step in steps if step.kind == "count")


def _held(facts: Sequence[Fact], day: date) -> bool:
    latest: CustodyChanged | None = None
    for fact in facts:
        if isinstance(fact, CustodyChanged) and fact.on <= day and (latest is None or fact.on >= latest.on):
            latest = fact
    return latest is not None and latest.held


def _names(calendar: Calendar, day: date, due: date) -> tuple[tuple[str, str], ...]:
    names: dict[tuple[str, str], None] = {}
    while day < due:
        name = calendar.holiday(day)
        if name is not None:
            names[name.zh, name.en] = None
        day += timedelta(days=1)
    return tuple(names)


def _earliest(clock: Clock, raw: Point, steps: Sequence[Step], calendar: Calendar) -> Point:
    """The end by the strictest reading: another text's length, months of a person in custody by the civil rule.

    A day counted back may be a day off, on which nobody is there to act.
    """
    if (clock.amount or 0) < 0 and not isinstance(raw, datetime):
        return calendar.working_on_or_before(raw)
    if any(step.kind in ("extend", "exclude", "cap") for step in steps):
        return raw
    basis, start = BASES[clock.basis], _counted_from(steps)
    if clock.strict is not None and clock.unit is not None:
        return min(raw, cap_end(start, clock.strict, basis, clock.unit, (), calendar))
    if clock.custody and clock.unit == "M" and basis.month_end:
        return min(raw, add_months(day_of(start), clock.amount or 0, False))
    return raw
