"""A person's date: an operator sets when a time limit is due, or takes that back. What is computed stays beside it."""

from collections.abc import Callable
from datetime import datetime

from hub.domain import deadline_events as de
from hub.domain.case import Running
from hub.domain.decide_deadline import disprove, next_of
from hub.domain.decide_rules import times_in_force
from hub.domain.decision import Draft
from hub.domain.telling_deadlines import tell_set
from hub.domain.timetable import Times, written
from hub.errors import Refusal, RefusalName


def date_set(draft: Draft) -> None:
    """Any limit that runs, of the law or of the city; one that was met late too, which may annul its breach.

    A date that has passed is refused for what still runs: it would be late at once.
    """
    order = draft.message.open
    number, running = _running(draft)
    until = written(datetime.fromisoformat(order["until"]))
    if running.met_at is None and until <= draft.at:
        detail = f"until {order['until']} of time limit {number} has passed"
        raise Refusal(RefusalName.DATE_PASSED, detail, [f"later than {draft.at}"])
    times = Times(until, _warn(draft, running, until), False)
    draft.add(
        de.DateSet(
            number,
            running.due,
            until,
            running.computed or running.due,
            order["operator"],
            order["article"],
            order["reason"],
            draft.at,
            next_of(draft, running, times),
        )
    )
    _follow(draft, number, running, times, "date_set")


def date_lifted(draft: Draft) -> None:
    """The computed date is in force again; where it has passed, the hub's clock finds the breach at its next look.

    What the step was in time for by the set date alone is settled: the limit runs no more.
    """
    order = draft.message.open
    number, running = _running(draft)
    if running.computed is None:
        raise Refusal(RefusalName.ILLEGAL_STEP, f"nobody set the date of time limit {number}", ["date_set"])
    warn = None if running.computed <= draft.at else _warn(draft, running, running.computed)
    times = Times(running.computed, warn, running.provisional)
    draft.add(
        de.DateLifted(
            number,
            running.due,
            times.due,
            order["operator"],
            order["article"],
            order["reason"],
            draft.at,
            next_of(draft, running, times),
        )
    )
    _follow(draft, number, running, times, "date_lifted")


def _running(draft: Draft) -> tuple[int, Running]:
    number = draft.message.open["deadline"]
    running = draft.case.deadlines.get(number)
    if running is None:
        detail = f"time limit {number} does not run in case {draft.case.id}"
        raise Refusal(
            RefusalName.UNKNOWN_DEADLINE, detail, [str(one) for one in sorted(draft.case.deadlines)]
        )
    return number, running


def _warn(draft: Draft, running: Running, until: str) -> str | None:
    """As long before the date as the rule warns before its own; None where it does not."""
    by_rule = times_in_force(draft, running)
    if by_rule is None or by_rule.warn is None:
        return None
    before = datetime.fromisoformat(by_rule.due) - datetime.fromisoformat(by_rule.warn)
    return written(datetime.fromisoformat(until) - before)


def _follow(draft: Draft, number: int, before: Running, times: Times, why: str) -> None:
    tell_set(draft, draft.case.deadlines[number], number, why == "date_lifted")
    disprove(draft, number, before, times, why)


HANDLERS: dict[str, Callable[[Draft], None]] = {"hub.date_set": date_set, "hub.date_lifted": date_lifted}
