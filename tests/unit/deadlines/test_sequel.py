"""What must be done ahead of a deadline, and what follows when nothing was."""

from datetime import date

from hub.domain.calendar import Calendar
from hub.domain.clock_set import Clocks
from hub.domain.deadline import compute
from hub.domain.deadline_facts import Extended, Fact, Started
from hub.domain.deadline_sequel import ahead, triggered


def test_an_extension_of_custody_is_asked_for_seven_days_ahead(clocks: Clocks, calendar: Calendar) -> None:
    for clock in ("CD1", "CD2", "CD3"):
        deadline = compute(clocks.get(clock), [Started(date(2026, 1, 12))], calendar)
        (before,) = ahead(deadline, clocks, calendar)
        assert before.clock == "CD5"
        assert isinstance(deadline.raw, date)
        assert (deadline.raw - date.fromisoformat(str(before.due))).days == 7


def test_more_time_for_a_trial_is_asked_for_before_the_raw_end(clocks: Clocks, calendar: Calendar) -> None:
    facts: list[Fact] = [Started(date(2025, 12, 18))]
    deadline = compute(clocks.get("C48"), facts, calendar)
    assert (str(deadline.raw), str(deadline.due)) == ("2026-02-18", "2026-02-24")
    assert [(one.clock, str(one.due)) for one in ahead(deadline, clocks, calendar)] == [
        ("C48c", "2026-02-03"),
        ("C48d", "2026-02-13"),
    ]
    longer = compute(clocks.get("C48"), [*facts, Extended(1, date(2026, 2, 1))], calendar)
    assert [str(one.due) for one in ahead(longer, clocks, calendar)] == ["2026-03-03", "2026-03-13"]


def test_on_the_sixteenth_day_the_notice_of_correction(clocks: Clocks, calendar: Calendar) -> None:
    clock = clocks.get("C29")
    after = triggered(compute(clock, [Started(date(2026, 3, 2))], calendar), clock)
    assert after is not None
    assert (str(after.on), after.trigger.paper.zh) == ("2026-03-18", "纠正违法通知书")
    assert after.trigger.then is not None


def test_after_three_months_the_reminder(clocks: Clocks, calendar: Calendar) -> None:
    clock = clocks.get("C17")
    after = triggered(compute(clock, [Started(date(2026, 3, 31))], calendar), clock)
    assert after is not None
    assert (str(after.on), after.trigger.paper.zh) == ("2026-07-01", "立案监督案件催办函")
    assert (
        triggered(compute(clocks.get("X1"), [Started(date(2026, 3, 2))], calendar), clocks.get("X1")) is None
    )
