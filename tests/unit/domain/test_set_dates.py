"""A person sets a date: it counts from then on, what is computed stays beside it, and both are told and kept (promise 9)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.as_of import in_law
from hub.domain.case import Case
from hub.domain.deadline_events import DeadlineRecomputed
from hub.domain.decide_rules import times_in_force
from hub.domain.decision import Draft, Message
from hub.domain.entry import Entry, Origin, Outcome
from hub.domain.evolve import fold
from hub.domain.timetable import written
from hub.errors import Refusal
from tests.unit.domain.play import Play, rules
from tests.unit.domain.test_owner import given as given_matter
from tests.unit.domain.test_owner import risk
from tests.unit.domain.test_rules_changed import changed, comes, limit, longer_april, matter

# One month from 2 March by J23: the last day is 2 April, so it is too late from 24:00 in China.
COMPUTED = "2026-04-02T16:00:00.000Z"
LATER, SOONER = "2026-04-20T16:00:00.000Z", "2026-03-20T16:00:00.000Z"
WHY = {"operator": "wang_1", "article": "信访工作条例第34条", "reason": "等待鉴定结论", "approval": "x"}


def number_of(one: Play) -> int:
    return next(number for number, running in one.case.deadlines.items() if running.clock == "J23")


def order(one: Play, step: str, number: int | None = None, **more: Any) -> list[Any]:
    """What the desk carries once intake has found the operator entitled."""
    named = number_of(one) if number is None else number
    said = {**WHY, "legal_at": one.at.isoformat(), "deadline": named, **more}
    return one.send("hub", f"hub.{step}", **said)


def set_(one: Play, until: str, number: int | None = None) -> list[Any]:
    return order(one, "date_set", number, until=until)


def same_after_replay(one: Play) -> None:
    assert fold(Case(one.case.id), one.events).to_bytes() == one.case.to_bytes()


def test_it_counts_instead_and_the_computed_date_stays_beside_it() -> None:
    one = matter("2026-03-02")
    before = limit(one.case)
    event, *told = set_(one, LATER)
    assert (event.e, event.before, event.after, event.computed) == ("date_set", COMPUTED, LATER, COMPUTED)
    assert (event.operator, event.article, event.reason) == ("wang_1", WHY["article"], WHY["reason"])
    running = limit(one.case)
    assert (running.due, running.computed) == (LATER, COMPUTED)
    # As long before the date as the rule warns before its own.
    lead = datetime.fromisoformat(COMPUTED) - datetime.fromisoformat(before.warn or "")
    assert datetime.fromisoformat(LATER) - datetime.fromisoformat(running.warn or "") == lead
    notices = {e.to: e.own for e in told if e.e == "notified"}
    assert set(notices) == {"mediation", "petition"}
    for own in notices.values():
        assert (own["due_at"], own["computed_at"]) == (LATER, COMPUTED)
        assert (own["under"], own["reason"], own["owner"]) == (WHY["article"], WHY["reason"], "mediation")
    same_after_replay(one)


def test_it_is_late_by_the_date_that_was_set_and_no_sooner() -> None:
    one = matter("2026-03-02")
    set_(one, LATER)
    number = number_of(one)
    one.at = datetime.fromisoformat(COMPUTED)
    assert one.send("hub", "hub.deadline_due", deadline=number, moment=COMPUTED) == []
    comes(one)
    assert (limit(one.case).breached, one.at >= datetime.fromisoformat(LATER)) == (True, True)
    same_after_replay(one)


def test_done_between_the_two_dates_it_is_in_time() -> None:
    one = matter("2026-03-02")
    set_(one, LATER)
    one.at = datetime(2026, 4, 10, tzinfo=UTC)
    task = next(iter(one.case.tasks.values()))
    done = {"reply": "mediation_result", "outcome": "agreement", "legal_at": "2026-04-10T09:00:00+08:00"}
    events = one.act(task, "task.replied", **done)
    assert "deadline_breached" not in [e.e for e in events]
    assert all(running.clock != "J23" for running in one.case.deadlines.values())


def test_set_after_a_breach_it_takes_the_breach_and_its_supervision_back() -> None:
    one = matter("2026-03-02")
    comes(one)
    assert limit(one.case).breached
    events = set_(one, LATER)
    (annulled,) = [e for e in events if e.e == "breach_annulled"]
    assert (annulled.reason, limit(one.case).breached) == ("date_set", False)
    assert limit(one.case).next == annulled.next
    assert {step.state for step in one.case.supervisions.values()} == {"cleared"}
    same_after_replay(one)


def test_what_was_done_too_late_can_be_found_in_time_afterwards() -> None:
    one = matter("2026-03-02")
    comes(one)
    one.at = datetime(2026, 4, 10, tzinfo=UTC)
    task = next(iter(one.case.tasks.values()))
    done = {"reply": "mediation_result", "outcome": "agreement", "legal_at": "2026-04-10T09:00:00+08:00"}
    one.act(task, "task.replied", **done)
    assert limit(one.case).met_at == done["legal_at"]
    events = set_(one, "2026-04-10T16:00:00+00:00")
    assert [e.reason for e in events if e.e == "breach_annulled"] == ["date_set"]
    assert all(running.clock != "J23" for running in one.case.deadlines.values())
    same_after_replay(one)


def test_taken_back_the_computed_date_counts_again() -> None:
    one = matter("2026-03-02")
    before = limit(one.case)
    set_(one, LATER)
    event, *told = order(one, "date_lifted")
    assert (event.e, event.before, event.after) == ("date_lifted", LATER, COMPUTED)
    assert limit(one.case) == before
    assert all(e.own["lifted"] and e.own["due_at"] == e.own["computed_at"] == COMPUTED for e in told)
    with pytest.raises(Refusal, match="nobody set the date") as refused:
        order(one, "date_lifted")
    assert refused.value.name == "illegal_step"


def test_taken_back_after_the_computed_date_has_passed_the_clock_finds_the_breach() -> None:
    one = matter("2026-03-02")
    set_(one, LATER)
    one.at = datetime(2026, 4, 10, tzinfo=UTC)
    order(one, "date_lifted")
    assert not limit(one.case).breached
    comes(one)
    assert limit(one.case).breached
    assert one.at < datetime.fromisoformat(LATER)


def test_a_sooner_date_that_was_missed_is_forgiven_when_it_is_taken_back() -> None:
    one = matter("2026-03-02")
    set_(one, SOONER)
    comes(one)
    assert limit(one.case).breached
    events = order(one, "date_lifted")
    assert [e.reason for e in events if e.e == "breach_annulled"] == ["date_lifted"]
    assert (limit(one.case).breached, limit(one.case).due) == (False, COMPUTED)
    same_after_replay(one)


def test_other_rules_move_what_is_computed_and_leave_what_was_set(tmp_path: Path) -> None:
    one = matter("2026-03-02")
    set_(one, LATER)
    speaks = limit(one.case).next
    later = longer_april(tmp_path)
    (moved,) = changed(one, later)
    assert (moved.beside, moved.before, moved.after) == (True, COMPUTED, "2026-04-07T16:00:00.000Z")
    assert (limit(one.case).due, limit(one.case).computed) == (LATER, moved.after)
    assert limit(one.case).next == speaks
    assert changed(one, later) == []
    order(one, "date_lifted")
    assert limit(one.case).due == moved.after
    same_after_replay(one)


def test_the_citys_own_limits_can_be_set_too() -> None:
    one = Play()
    one.raise_(rules().flows["F20"][0], lead="mediation")
    number, rung = next((n, r) for n, r in one.case.deadlines.items() if r.place < 0)
    event, *_ = set_(one, LATER, number)
    assert (event.computed, one.case.deadlines[number].due) == (rung.due, LATER)
    assert one.case.deadlines[number].warn is None
    order(one, "date_lifted", number)
    assert one.case.deadlines[number] == rung


def test_a_higher_risk_tightens_what_is_computed_and_not_what_was_set() -> None:
    stage, _, task = given_matter()
    stage.act(task, "task.signed")
    number, before = next(
        (n, r) for n, r in stage.case.deadlines.items() if r.task == task.id and r.place < 0
    )
    set_(stage, LATER, number)
    risk(stage, "high")
    after = stage.case.deadlines[number]
    assert (after.due, after.warn) == (LATER, None)
    assert after.computed is not None
    assert after.computed < before.due
    same_after_replay(stage)


def test_notices_of_a_set_date_name_the_computed_one_too() -> None:
    one = matter("2026-03-02")
    set_(one, LATER)
    comes(one)
    notices = [
        e
        for e in one.events
        if e.e == "notified" and e.type in ("deadline.warned.v1", "deadline.breached.v1")
    ]
    assert {e.type for e in notices} == {"deadline.warned.v1", "deadline.breached.v1"}
    assert all((e.own["due_at"], e.own["computed_at"]) == (LATER, COMPUTED) for e in notices)


def test_a_step_of_supervision_can_be_given_longer() -> None:
    one = matter("2026-03-02")
    comes(one)
    (step,) = one.case.supervisions.values()
    assert step.stands is not None
    set_(one, "2026-05-20T16:00:00+00:00", step.stands)
    (notice, *_) = [e for e in one.events if e.e == "notified" and e.type == "deadline.set.v1"]
    assert notice.own["article"] == f"supervision {step.step}.stands"


def test_no_limit_of_that_number_and_no_date_that_has_passed() -> None:
    one = matter("2026-03-02")
    for step, more in (("date_set", {"until": LATER}), ("date_lifted", {})):
        with pytest.raises(Refusal) as refused:
            order(one, step, 99, **more)
        assert refused.value.name == "unknown_deadline"
        assert str(number_of(one)) in refused.value.allowed
    for until in (one.at - timedelta(days=1), one.at):
        with pytest.raises(Refusal) as refused:
            set_(one, until.isoformat())
        assert refused.value.name == "date_passed"
    assert limit(one.case).computed is None


def test_on_the_axis_of_law_a_fact_from_before_the_lifting_moves_what_is_computed_beside() -> None:
    one = matter("2026-03-02")
    entries = [_entry(one, 1, list(one.events), "2026-03-02T09:30:00+08:00")]
    one.at = datetime(2026, 3, 5, tzinfo=UTC)
    entries.append(_entry(one, 2, set_(one, LATER), "2026-03-05T08:00:00+08:00"))
    one.at = datetime(2026, 3, 10, tzinfo=UTC)
    entries.append(_entry(one, 3, order(one, "date_lifted"), "2026-03-10T08:00:00+08:00"))
    extended = [
        DeadlineRecomputed(
            number_of(one), "extended", COMPUTED, "2026-04-12T16:00:00.000Z", "2026-04-12T16:00:00.000Z"
        )
    ]
    entries.append(_entry(one, 4, extended, "2026-03-07T08:00:00+08:00"))
    at = limit(in_law(one.case.id, entries, datetime(2026, 3, 8, tzinfo=UTC)))
    assert (at.due, at.computed) == (LATER, "2026-04-12T16:00:00.000Z")


def test_on_the_axis_of_law_it_counts_from_the_order() -> None:
    one = matter("2026-03-02")
    entries = [_entry(one, 1, list(one.events), "2026-03-02T09:30:00+08:00")]
    at = one.at
    events = set_(one, LATER)
    entries.append(_entry(one, 2, events, at.isoformat()))
    assert limit(in_law(one.case.id, entries, at - timedelta(seconds=1))).due == COMPUTED
    assert limit(in_law(one.case.id, entries, at + timedelta(seconds=1))).due == LATER


def _entry(one: Play, seq: int, events: list[Any], legal_at: str) -> Entry:
    entry = Entry(0, seq, one.at.isoformat(), Outcome.DECIDED, "", one.case.id, Origin("t", 0, seq))
    entry.source, entry.message, entry.open, entry.events = "hub", f"m{seq}", {"legal_at": legal_at}, events
    return entry


@given(
    st.lists(
        st.one_of(
            st.integers(1, 400).map(lambda hours: ("set", hours)),
            st.just(("lift", 0)),
            st.integers(1, 200).map(lambda hours: ("wait", hours)),
            st.just(("strike", 0)),
        ),
        max_size=12,
    )
)
def test_whatever_is_ordered_the_computed_date_is_never_lost(steps: list[tuple[str, int]]) -> None:
    one = matter("2026-03-02")
    number, was_set = number_of(one), None
    for what, hours in steps:
        running = limit(one.case)
        if what == "wait":
            one.at += timedelta(hours=hours)
        elif what == "strike" and running.next is not None and datetime.fromisoformat(running.next) <= one.at:
            one.send("hub", "hub.deadline_due", deadline=number, moment=running.next)
        elif what == "set":
            was_set = written(one.at + timedelta(hours=hours))
            set_(one, was_set)
        elif what == "lift" and was_set is not None:
            order(one, "date_lifted")
            was_set = None
        running = limit(one.case)
        draft = Draft(one.case, Message("hub", "m", "hub.rules_changed.v1", one.case.id, {}), one.under, "")
        by_rule = times_in_force(draft, running)
        assert by_rule is not None
        assert (running.computed or running.due) == by_rule.due
        assert running.due == (was_set or by_rule.due)
        assert running.computed is None or was_set is not None
    same_after_replay(one)
