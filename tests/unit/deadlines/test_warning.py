"""When to warn: by the length of the clock, before the strictest reading, never before the start."""

from datetime import date, datetime

import pytest

from hub.domain.calendar import Calendar
from hub.domain.clock_basis import Span
from hub.domain.clock_set import Clocks
from hub.domain.deadline import compute
from hub.domain.deadline_facts import SHANGHAI, Extended, Fact, Started, day_of
from hub.domain.deadline_warning import warn_on

WARNED: list[tuple[str, list[Fact], str]] = [
    ("C5", [Started(date(2026, 3, 2))], "2026-03-04"),
    ("X1", [Started(date(2026, 2, 5))], "2026-02-17"),  # three days before 02-20, not before the moved 02-24
    ("X7", [Started(date(2026, 7, 1))], "2026-08-15"),
    ("X7", [Started(date(2026, 7, 1)), Extended(30, date(2026, 8, 1))], "2026-09-14"),
    ("X5", [Started(date(2026, 9, 24))], "2026-09-30"),  # two working days before 10-09
    ("C4", [Started(datetime(2026, 3, 1, 10, 15, tzinfo=SHANGHAI))], "2026-03-02T07:00:00+08:00"),
    ("CD1", [Started(date(2026, 2, 28))], "2026-04-13"),
    ("P5a", [Started(date(2026, 3, 2))], "2028-01-02"),
    ("C46", [Started(date(2026, 10, 15))], "2026-09-27"),
    ("X14", [Started(date(2026, 3, 2), until=date(2026, 3, 12))], "2026-03-09"),
]


@pytest.mark.parametrize(("clock", "facts", "day"), WARNED, ids=[f"{w[0]} {w[2]}" for w in WARNED])
def test_warned_on(clocks: Clocks, calendar: Calendar, clock: str, facts: list[Fact], day: str) -> None:
    rule = clocks.get(clock)
    assert warn_on(compute(rule, facts, calendar), rule, clocks.warnings, calendar).isoformat() == day


def test_a_clocks_own_word_goes_before_the_policy_and_the_start_bounds_it(
    clocks: Clocks, calendar: Calendar
) -> None:
    started = [Started(date(2026, 3, 2))]
    for before, day in ((Span(D=2), date(2026, 3, 15)), (Span(M=1), date(2026, 3, 2))):
        rule = clocks.get("X1").model_copy(update={"warn_before": before})
        assert warn_on(compute(rule, started, calendar), rule, clocks.warnings, calendar) == day


def test_every_clock_is_warned_of_before_it_is_due(clocks: Clocks, calendar: Calendar) -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
    for rule in clocks.by_id.values():
        if rule.amount is None:
            continue
        deadline = compute(rule, [Started(start)], calendar)
        warned = warn_on(deadline, rule, clocks.warnings, calendar)
        assert warned < deadline.due, rule.id
        assert rule.amount < 0 or day_of(start) <= day_of(warned), rule.id
