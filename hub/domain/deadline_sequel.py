"""What belongs to a deadline on either side of it: what must be done ahead of it, and what follows when nothing was done."""

from dataclasses import dataclass
from datetime import date

from hub.domain.calendar import Calendar
from hub.domain.calendar_year import ONE_DAY
from hub.domain.clock import Clock, Trigger
from hub.domain.clock_set import Clocks
from hub.domain.deadline import Deadline, compute
from hub.domain.deadline_facts import Started, day_of


@dataclass(frozen=True, slots=True)
class Triggered:
    """The paper that may go out, and the first day on which it may."""

    on: date
    trigger: Trigger


def ahead(deadline: Deadline, clocks: Clocks, calendar: Calendar) -> list[Deadline]:
    """The tasks that are due a set time before the deadline, such as asking for an extension 7 days ahead.

    They count back from the raw end: a holiday that moves the deadline gives no time to those who prepare it.
    """
    end = Started(day_of(deadline.raw))
    return [compute(clock, (end,), calendar) for clock in clocks.before_end(deadline.clock)]


def triggered(deadline: Deadline, clock: Clock) -> Triggered | None:
    """What the day after the last one triggers: after 15 days the notice on the 16th. None where the rule has nothing."""
    if clock.trigger is None:
        return None
    return Triggered(day_of(deadline.due) + ONE_DAY, clock.trigger)
