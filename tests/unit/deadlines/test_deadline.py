"""What moves a deadline, case by case, where a worked example has no place: custody, caps, letters, corrections."""

import json
from datetime import UTC, date, datetime

import pytest

from hub.domain.calendar import Calendar
from hub.domain.clock_set import Clocks
from hub.domain.deadline import Deadline, compute
from hub.domain.deadline_change import begin_clock, recompute, tell
from hub.domain.deadline_facts import (
    SHANGHAI,
    CustodyChanged,
    Excluded,
    Extended,
    Fact,
    Restarted,
    Started,
    facts_from_data,
)
from hub.domain.derivation import Step, follow
from hub.errors import FactNotAllowed
from hub.rules.calendar_files import load_calendar


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.fixture
def due(clocks: Clocks, calendar: Calendar) -> "Due":
    return Due(clocks, calendar)


class Due:
    """Asks for a deadline by a clock's id."""

    def __init__(self, clocks: Clocks, calendar: Calendar) -> None:
        self._clocks, self._calendar = clocks, calendar

    def __call__(self, clock: str, *facts: Fact) -> Deadline:
        return compute(self._clocks.get(clock), facts, self._calendar)


def test_what_counts_is_custody_on_the_last_day(due: Due) -> None:
    start, last = Started(day("2026-02-10")), day("2026-02-17")
    held, released = CustodyChanged(day("2026-02-01"), True), CustodyChanged(last, False)
    assert due("C45", start, held).due == last
    assert due("C45", start, held, released).due == day("2026-02-24")
    assert due("C45", start, held, CustodyChanged(day("2026-02-18"), False)).due == last


def test_custody_moves_nothing_that_bounds_no_custody(due: Due) -> None:
    held = CustodyChanged(day("2026-02-01"), True)
    assert due("C13", Started(day("2026-02-10")), held).due == day("2026-02-24")


def test_three_months_from_the_arrest_bound_the_first_extension(due: Due) -> None:
    end = day("2026-02-28")
    assert due("CD2", Started(end)).raw == day("2026-03-31")
    assert due("CD2", Started(end, since=day("2025-12-29"))).raw == day("2026-03-29")


def test_five_years_from_the_act_and_twenty_for_real_estate(due: Due) -> None:
    known, act = day("2026-03-02"), day("2021-04-01")
    assert due("J19j", Started(known)).raw == day("2026-05-01")
    assert due("J19j", Started(known, since=act)).raw == day("2026-04-01")
    assert due("J19j", Started(known, since=act, circumstance="real_estate")).raw == day("2026-05-01")


def test_an_exclusion_moves_the_cap_too(due: Due) -> None:
    facts = [Started(day("2025-12-29")), Extended(1, day("2026-01-10"))]
    away = Excluded(day("2026-01-05"), day("2026-01-09"), "psychiatric_appraisal")
    assert due("C48", *facts).raw == day("2026-03-29")
    assert due("C48", *facts, away).raw == day("2026-04-03")


def test_days_are_taken_off_once(due: Due) -> None:
    start = Started(day("2026-03-02"))
    one = Excluded(day("2026-03-04"), day("2026-03-10"), "appraisal")
    over = Excluded(day("2026-03-08"), day("2026-03-12"), "hearing")
    assert due("A1", start, one, over).raw == day("2026-04-10")
    assert due("A1", start, one, over, one).raw == day("2026-04-10")


def test_a_period_that_ends_before_the_start_or_begins_after_the_end_takes_nothing_off(due: Due) -> None:
    start = Started(day("2026-03-02"))
    before = Excluded(day("2026-02-20"), day("2026-03-02"), "appraisal")
    after = Excluded(day("2026-04-02"), day("2026-04-09"), "appraisal")
    last = Excluded(day("2026-04-01"), day("2026-04-09"), "appraisal")
    assert due("A1", start, before, after).raw == day("2026-04-01")
    assert due("A1", start, last).raw == day("2026-04-10")


def test_what_is_excluded_from_an_extension_is_taken_off_it(due: Due) -> None:
    start, away = Started(day("2026-03-02")), Excluded(day("2026-04-05"), day("2026-04-06"), "hearing")
    assert due("A1", start, away).raw == day("2026-04-01")
    assert due("A1", start, away, Extended(30, day("2026-03-30"))).raw == day("2026-05-03")


def test_a_ground_that_the_clock_does_not_know_takes_nothing_off(due: Due) -> None:
    start = Started(day("2026-03-02"))
    assert due("X7", start, Excluded(day("2026-03-04"), day("2026-03-10"), "hearing")).raw == day(
        "2026-05-01"
    )


def test_hours_without_two_days(due: Due) -> None:
    start = Started(datetime(2026, 3, 1, 10, 15, tzinfo=SHANGHAI))
    away = Excluded(day("2026-03-02"), day("2026-03-03"), "travel")
    assert due("C4", start).due == datetime(2026, 3, 2, 11, tzinfo=SHANGHAI)
    assert due("C4", start, away).due == datetime(2026, 3, 4, 11, tzinfo=SHANGHAI)


def test_a_moment_of_another_zone_is_taken_by_shanghai_time(due: Due) -> None:
    assert due("X1", Started(datetime(2026, 3, 2, 20, tzinfo=UTC))).raw == day("2026-03-18")


def test_an_extension_counts_up_to_what_the_rule_allows(due: Due) -> None:
    start = Started(day("2026-03-02"))
    assert due("C74", start, Extended(5, day("2026-05-30"))).raw == day("2026-09-02")
    assert due("X7", start, Extended(20, day("2026-04-20")), Extended(20, day("2026-04-25"))).raw == day(
        "2026-05-31"
    )
    assert due("X1", start, Extended(5, day("2026-03-10"))).raw == day("2026-03-17")


def test_the_latest_restart_counts_and_takes_earlier_extensions_with_it(due: Due) -> None:
    start, granted = Started(day("2026-01-05")), Extended(15, day("2026-01-20"))
    first, second = (Restarted(day(on), "supplement_returned") for on in ("2026-03-02", "2026-05-06"))
    assert due("C36", start, granted).raw == day("2026-02-20")
    assert due("C36", start, granted, second, first).raw == day("2026-06-06")


def test_a_corrected_start_annuls_a_restart_before_it(due: Due) -> None:
    facts = [Started(day("2026-01-05")), Restarted(day("2026-02-02"), "supplemented")]
    assert due("J1", *facts).raw == day("2026-02-09")
    assert due("J1", *facts, Started(day("2026-03-02"))).raw == day("2026-03-09")


def test_a_restart_before_the_start_of_the_same_day_does_not_count(due: Due) -> None:
    at = [datetime(2026, 3, 2, hour, tzinfo=SHANGHAI) for hour in (9, 15)]
    again = [Restarted(moment, "jurisdiction_changed") for moment in at]
    assert due("A2", Started(at[1]), again[0]).due == datetime(2026, 3, 3, 16, tzinfo=SHANGHAI)
    assert due("A2", Started(at[0]), again[1]).due == datetime(2026, 3, 3, 16, tzinfo=SHANGHAI)


def test_only_days_that_were_counted_can_make_a_date_provisional(due: Due) -> None:
    start = Started(day("2003-12-29"))
    assert due("J19", start).provisional
    assert not due("J19", start, Restarted(day("2004-01-05"), "supplemented")).provisional


def test_the_term_of_a_letter(due: Due) -> None:
    until = day("2026-05-02")
    assert due("X14", Started(day("2026-03-02"), until=until)).due == until
    with pytest.raises(FactNotAllowed, match="stands in the letter"):
        due("X14", Started(day("2026-03-02")))


def test_what_has_no_number_or_no_start_is_not_computed(due: Due) -> None:
    with pytest.raises(FactNotAllowed, match="no number"):
        due("X6", Started(day("2026-03-02")))
    with pytest.raises(FactNotAllowed, match="has not started"):
        due("X1", Extended(1, day("2026-03-02")))
    with pytest.raises(FactNotAllowed, match="counts hours"):
        due("C4", Started(day("2026-03-02")))


def test_the_first_moment_too_late(due: Due) -> None:
    assert due("X1", Started(day("2026-03-02"))).passed_at == datetime(2026, 3, 18, tzinfo=SHANGHAI)
    hours = due("C4", Started(datetime(2026, 3, 1, 10, 15, tzinfo=SHANGHAI)))
    assert hours.passed_at == hours.due


def test_the_strictest_reading(due: Due) -> None:
    assert due("X1", Started(day("2026-02-05"))).earliest == day("2026-02-20")  # not moved
    assert due("CD1", Started(day("2026-02-28"))).earliest == day("2026-04-28")  # not month-end to month-end
    assert due("C58", Started(day("2026-07-01"))).earliest == day(
        "2026-07-31"
    )  # thirty days in the other text
    assert due("C46", Started(day("2026-10-15"))).earliest == day("2026-09-30")  # 10-05 is a day off
    assert due("J12", Started(day("2026-03-02"))).earliest == day("2026-03-05")
    anew = Restarted(day("2026-02-28"), "supplement_returned")
    assert due("C36", Started(day("2026-01-05")), anew).earliest == day("2026-03-28")
    # What else moved the end is in the end alone.
    away = Excluded(day("2026-03-04"), day("2026-03-05"), "psychiatric_appraisal")
    assert due("CD1", Started(day("2026-02-28")), away).earliest == day("2026-05-02")


def test_each_recomputation_says_before_after_and_why(clocks: Clocks, calendar: Calendar) -> None:
    clock = clocks.get("X7")
    begun = begin_clock(clock, Started(day("2026-07-01")), calendar)
    assert begun.data() == {
        "clock": "X7",
        "why": "started",
        "fact": {"at": "2026-07-01", "nth": 1, "f": "started"},
        "after": {"raw": "2026-08-30", "due": "2026-08-31", "earliest": "2026-08-30", "provisional": False},
    }
    extended = tell(begun.after, clock, Extended(30, day("2026-08-25")), calendar)
    assert extended.moved
    assert (extended.why, extended.data()["before"]["due"], extended.data()["after"]["due"]) == (
        "extended",
        "2026-08-31",
        "2026-09-29",
    )
    dated_back = tell(extended.after, clock, Started(day("2026-06-30")), calendar)
    assert (dated_back.why, str(dated_back.after.due)) == ("corrected", "2026-09-28")
    assert not tell(dated_back.after, clock, CustodyChanged(day("2026-07-01"), True), calendar).moved


def test_a_loaded_year_settles_a_provisional_date(
    clocks: Clocks, calendar: Calendar, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "calendar").mkdir()
    (home / "calendar" / "2027.yaml").write_text(
        "year: 2027\nnotices: [{title: 通知}]\nverified: true\nworking: [2027-01-09]\n"
        "holidays: [{zh: 元旦, en: New Year, from: 2027-01-01, to: 2027-01-05}]\n",
        encoding="utf-8",
    )
    longer, clock = load_calendar(home), clocks.get("J12b")
    before = begin_clock(clock, Started(day("2026-12-30")), calendar).after
    change = recompute(before, clock, longer, "calendar_loaded")
    assert change is not None
    assert (str(before.due), before.provisional) == ("2027-01-04", True)
    assert (str(change.after.due), change.after.provisional) == ("2027-01-06", False)
    assert change.moved
    assert change.data()["why"] == "calendar_loaded"
    assert recompute(change.after, clock, longer, "calendar_loaded") is None


def test_facts_of_the_journal_that_are_no_facts_are_refused() -> None:
    for wrong in (
        {"f": "dreamt"},
        {"f": "started", "at": "2026-13-01"},
        {"f": "started", "at": "2026-01-01T10:00:00"},
    ):
        with pytest.raises(ValueError, match="validation error"):
            facts_from_data([wrong])


def test_a_moment_at_midnight_stays_a_moment() -> None:
    (fact,) = facts_from_data([{"f": "started", "at": "2026-01-01T00:00:00+08:00"}])
    assert isinstance(fact, Started)
    assert fact.at == datetime(2026, 1, 1, tzinfo=SHANGHAI)


def test_a_derivation_with_a_wrong_step_is_found(due: Due, calendar: Calendar) -> None:
    deadline = due("X1", Started(day("2026-02-05")))
    start, count, roll = deadline.steps
    false = Step("count", count.frm, day("2026-02-21"), amount=15, unit="D")
    with pytest.raises(ValueError, match="count leads to 2026-02-20, not to 2026-02-21"):
        follow([start, false, roll], "petition", "D", calendar)
    with pytest.raises(ValueError, match="before any start"):
        follow([count], "petition", "D", calendar)
    with pytest.raises(ValueError, match="without a step"):
        follow([], "petition", "D", calendar)


def test_a_deadline_is_the_same_bytes_each_time(due: Due) -> None:
    facts = (Started(day("2026-01-31")), Excluded(day("2026-03-01"), day("2026-03-10"), "appraisal"))
    first, again = (json.dumps(due("J4", *facts).data()) for _ in range(2))
    assert first == again
