"""When to warn that something will be due: a policy over the length of the clock, or the clock's own word."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from hub.domain.calendar import Calendar
from hub.domain.clock import Clock
from hub.domain.clock_basis import BASES, Span, Unit
from hub.domain.deadline import Deadline
from hub.domain.deadline_counting import count
from hub.domain.deadline_facts import Point, day_of
from hub.domain.rule_data import RuleData


class WarnRule(RuleData):
    """Clocks of so many units or fewer are warned of so long before."""

    unit: Unit
    up_to: Annotated[int, Field(ge=1)]
    before: Span


def warn_on(deadline: Deadline, clock: Clock, policy: Sequence[WarnRule], calendar: Calendar) -> Point:
    """The day (of clocks in hours, the moment) from which to warn: before `earliest`, but not before the start.

    The first rule of the clock's unit that is long enough decides; without one the warning comes on `earliest`.
    """
    start, at = deadline.steps[0].to, deadline.earliest
    before = clock.warn_before or _by_policy(deadline, clock, policy)
    for amount, unit in before.parts() if before else ():
        at = count(at, -amount, unit, BASES[clock.basis], calendar)
    # Of a clock that counts back the start is the event to come.
    return at if (clock.amount or 0) < 0 else max(at, start)


def _by_policy(deadline: Deadline, clock: Clock, policy: Sequence[WarnRule]) -> Span | None:
    unit, amount = clock.unit, abs(clock.amount or 0)
    if unit is None:
        unit, amount = "D", (day_of(deadline.raw) - day_of(deadline.steps[0].to)).days
    return next((rule.before for rule in policy if rule.unit == unit and amount <= rule.up_to), None)
