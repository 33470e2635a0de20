"""Other rules or another calendar are in force: time limits that run by a clock of the law are computed anew (5a.9)."""

from collections.abc import Callable

from hub.domain.case import Running
from hub.domain.decide_deadline import recompute
from hub.domain.decision import Draft
from hub.domain.timetable import Times
from hub.errors import FactNotAllowed

WHY = "rules_changed"


def rules_changed(draft: Draft) -> None:
    """Each time limit that is due otherwise by the rules in force, with before, after and why; of the others nothing.

    What was provisional becomes firm where the calendar reaches by now, also on the same day. A limit of the ladder is a
    house rule that was set when the step became due: it stays. So does a clock that the rules no longer have, or that
    no longer takes a fact which the case keeps. The journal's entry names the rules by their digest.
    """
    for number, running in list(draft.case.deadlines.items()):
        times = times_in_force(draft, running)
        computed = running.computed or running.due
        if times is not None and (times.due, times.provisional) != (computed, running.provisional):
            recompute(draft, number, WHY, disproves=WHY)


def times_in_force(draft: Draft, running: Running) -> Times | None:
    """When a limit is due by the rules in force; None for one that no clock of the law gives, or not any more."""
    timetable = draft.rules.timetable
    rule = timetable.clocks.by_id.get(running.clock) if running.place >= 0 else None
    if rule is None or (rule.recorded_only and not rule.by_letter):
        return None
    try:
        return timetable.times(rule, running.since or "", running.facts)
    except FactNotAllowed:
        return None


HANDLERS: dict[str, Callable[[Draft], None]] = {"hub.rules_changed": rules_changed}
