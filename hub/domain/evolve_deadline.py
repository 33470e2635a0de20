"""How events of time limits change the case. Part of `hub.domain.evolve`."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from hub.domain import deadline_events as ev
from hub.domain.case import Case, Running


def _started(case: Case, event: ev.DeadlineStarted) -> None:
    case.numbered = event.deadline
    case.deadlines[event.deadline] = Running(
        event.clock,
        event.task,
        event.owner,
        event.due,
        event.place,
        event.since,
        event.warn,
        event.facts,
        event.provisional,
    )


def _recomputed(case: Case, event: ev.DeadlineRecomputed) -> None:
    running = case.deadlines[event.deadline]
    facts = running.facts if event.fact is None else (*running.facts, event.fact)
    since = event.since or running.since
    running = replace(running, since=since, facts=facts, provisional=event.provisional)
    # Not by `beside`: on the axis of law a fact may count from before the person's order did, or from before it was lifted.
    if running.computed is not None:
        running = replace(running, computed=event.after)
    else:
        running = replace(running, due=event.after, warn=_warn(event.next, event.after))
    case.deadlines[event.deadline] = running


def _set(case: Case, event: ev.DateSet) -> None:
    warn = _warn(event.next, event.after)
    running = case.deadlines[event.deadline]
    case.deadlines[event.deadline] = replace(running, due=event.after, warn=warn, computed=event.computed)


def _lifted(case: Case, event: ev.DateLifted) -> None:
    warn = _warn(event.next, event.after)
    running = case.deadlines[event.deadline]
    case.deadlines[event.deadline] = replace(running, due=event.after, warn=warn, computed=None)


def _warned(case: Case, event: ev.DeadlineWarned) -> None:
    case.deadlines[event.deadline] = replace(case.deadlines[event.deadline], warn=None)


def _breached(case: Case, event: ev.DeadlineBreached | ev.ReceiptMissed) -> None:
    case.deadlines[event.deadline] = replace(case.deadlines[event.deadline], warn=None, breached=True)


def _annulled(case: Case, event: ev.BreachAnnulled) -> None:
    running = case.deadlines[event.deadline]
    if running.met_at is not None:
        # It was met, and in time as it turns out: nothing is left to say of it.
        del case.deadlines[event.deadline]
    else:
        case.deadlines[event.deadline] = replace(running, warn=_warn(event.next, running.due), breached=False)


def _warn(next_: str | None, due: str) -> str | None:
    return None if next_ == due else next_


def _ended(case: Case, event: ev.DeadlineEnded) -> None:
    running = case.deadlines[event.deadline]
    if running.breached and event.how == "met" and event.at is not None:
        case.deadlines[event.deadline] = replace(running, warn=None, met_at=event.at)
    else:
        del case.deadlines[event.deadline]


RULES: dict[str, Callable[[Case, Any], None]] = {
    "deadline_started": _started,
    "deadline_recomputed": _recomputed,
    "deadline_warned": _warned,
    "deadline_breached": _breached,
    "receipt_missed": _breached,
    "breach_annulled": _annulled,
    "deadline_ended": _ended,
    "date_set": _set,
    "date_lifted": _lifted,
}
