"""Whether a clock's rule allows a fact. Asked once, when the fact is told; what was admitted then counts for good."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.domain.clock import Clock
from hub.domain.clock_basis import BASES, TRAVEL
from hub.domain.deadline_facts import (
    CustodyChanged,
    Excluded,
    Extended,
    Fact,
    Restarted,
    Started,
    day_of,
)
from hub.domain.rule_data import Bilingual
from hub.errors import FactNotAllowed


def admit(
    clock: Clock, facts: Sequence[Fact], fact: Fact, names: Mapping[str, Bilingual] | None = None
) -> None:
    """Raises FactNotAllowed with field, value and what is allowed. `facts` are those admitted before.

    `names`: of grounds and reasons, to say what is allowed in words beside the codes.
    """
    called = names or {}
    match fact:
        case Started():
            _start(clock, fact)
        case Extended():
            _extension(clock, facts, fact)
        case Excluded():
            _exclusion(clock, fact, called)
        case Restarted():
            _restart(clock, facts, fact, called)
        case CustodyChanged():
            pass


def grounds(clock: Clock) -> tuple[str, ...]:
    """The grounds on which days of this clock do not count, its own before those of its branch of the law."""
    travel = (TRAVEL,) if BASES[clock.basis].travel and (clock.amount or 0) > 0 else ()
    return (*clock.excludes, *travel)


def _start(clock: Clock, fact: Started) -> None:
    if clock.unit == "H" and not isinstance(fact.at, datetime):
        raise FactNotAllowed("start", fact.at, f"{clock.id} counts hours: give date and time")
    _zoned("start", fact.at)
    at_most = clock.counter.at_most if clock.counter else None
    if fact.nth < 1 or (at_most is not None and fact.nth > at_most):
        raise FactNotAllowed("nth", fact.nth, f"{clock.id} may be started {at_most} times in a case")
    if fact.nth > 1 and at_most is None:
        raise FactNotAllowed("nth", fact.nth, f"{clock.id} has no counter: leave it out")
    since = clock.cap is not None and clock.cap.since is not None
    if fact.since is not None and not since:
        raise FactNotAllowed("since", fact.since, f"{clock.id} has no cap that counts from an earlier event")
    if fact.since is not None and fact.since > day_of(fact.at):
        raise FactNotAllowed("since", fact.since, f"not after the start {day_of(fact.at)}")
    if fact.circumstance is not None and (clock.cap is None or fact.circumstance not in clock.cap.unless):
        known = ", ".join(clock.cap.unless) if clock.cap else ""
        raise FactNotAllowed("circumstance", fact.circumstance, f"allowed: {known or 'none'}")
    if fact.until is not None and not clock.by_letter:
        raise FactNotAllowed("until", fact.until, f"the term of {clock.id} is the law's, not the letter's")
    if fact.until is not None and fact.until < day_of(fact.at):
        raise FactNotAllowed("until", fact.until, f"not before the start {day_of(fact.at)}")


def _extension(clock: Clock, facts: Sequence[Fact], fact: Extended) -> None:
    rule = clock.extension
    if rule is None:
        raise FactNotAllowed("extend", fact.amount, f"{clock.id} can't be extended")
    restarts = [day_of(one.at) for one in facts if isinstance(one, Restarted)]
    run = max(restarts, default=None)
    before = [one for one in facts if isinstance(one, Extended) and (run is None or one.on >= run)]
    if rule.times is not None and len(before) >= rule.times:
        times = f"{clock.id} may be extended {rule.times} time{'s' if rule.times > 1 else ''}"
        raise FactNotAllowed("extend", fact.amount, times)
    left = rule.each
    if clock.cap is not None and clock.cap.since is None and rule.times is None:
        whole = getattr(clock.cap.span, rule.unit) - (clock.amount or 0 if clock.unit == rule.unit else 0)
        left = whole - sum(one.amount for one in before)
    least = rule.at_least or 1
    if fact.amount < least or (left is not None and fact.amount > left):
        allowed = f"{least} or more" if left is None else f"{least} to {left}" if left >= least else "no more"
        raise FactNotAllowed("extend", fact.amount, f"{clock.id} may be extended by {allowed} {rule.unit}")


def _exclusion(clock: Clock, fact: Excluded, names: Mapping[str, Bilingual]) -> None:
    if fact.last < fact.first:
        raise FactNotAllowed("exclude", f"{fact.first}..{fact.last}", "the last day is not before the first")
    if fact.ground not in grounds(clock):
        raise FactNotAllowed("exclude", fact.ground, f"{clock.id} allows {_named(grounds(clock), names)}")


def _restart(clock: Clock, facts: Sequence[Fact], fact: Restarted, names: Mapping[str, Bilingual]) -> None:
    _zoned("restart", fact.at)
    if clock.unit == "H" and not isinstance(fact.at, datetime):
        raise FactNotAllowed("restart", fact.at, f"{clock.id} counts hours: give date and time")
    rule = next((one for one in clock.restarts if one.reason == fact.reason), None)
    if rule is None:
        raise FactNotAllowed(
            "restart", fact.reason, f"{clock.id} allows {_named(clock.restart_reasons, names)}"
        )
    started = [day_of(one.at) for one in facts if isinstance(one, Started)]
    if started and day_of(fact.at) < started[-1]:
        raise FactNotAllowed("restart", day_of(fact.at), f"not before the start {started[-1]}")
    same = [one for one in facts if isinstance(one, Restarted) and one.reason == fact.reason]
    if rule.at_most is not None and len(same) >= rule.at_most:
        raise FactNotAllowed("restart", fact.reason, f"at most {rule.at_most} times in a case")


def _zoned(field: str, at: object) -> None:
    if isinstance(at, datetime) and at.tzinfo is None:
        raise FactNotAllowed(field, at, "a moment needs its zone, as in +08:00")


def _named(codes: Sequence[str], names: Mapping[str, Bilingual]) -> str:
    return ", ".join(f"{code} {names[code].zh}" if code in names else code for code in codes) or "none"
