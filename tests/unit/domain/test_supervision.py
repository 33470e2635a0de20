"""The ladder of supervision: what takes a step, who may, who is told, what ends it, what follows when nobody answers."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from hub.domain.case import Supervised, Task
from hub.domain.rules import Rules
from hub.domain.supervision import Supervision
from hub.errors import Parking, Refusal, RefusalName
from tests.unit.domain.play import LEGAL_AT, OTHER_CASE, Play, play, rules, step_data, to_state

FLOW = rules().flows["F24"][-1]
ABOVE = "civil_affairs"


def above(*departments: str) -> Rules:
    """The rules with a superior over some departments."""
    known = rules().departments
    changed = {one: known[one].model_copy(update={"superior": ABOVE}) for one in departments}
    return replace(rules(), departments={**known, **changed})


def matter(under: Rules | None = None) -> tuple[Play, Task]:
    """A matter that the governance centre gave to the street office, which has taken it on."""
    stage, _, task = play(FLOW, sender="governance", lead="street", under=under or above("street"))
    to_state(stage, task, "accepted")
    return stage, task


def comes(stage: Play, clock: str) -> list[Any]:
    """The hub's clock says the next moment of a time limit."""
    number, running = next((n, r) for n, r in stage.case.deadlines.items() if r.clock == clock)
    assert running.next is not None
    stage.at = max(stage.at, datetime.fromisoformat(running.next))
    return stage.send("hub", "hub.deadline_due", deadline=number, moment=running.next)


def standing(stage: Play) -> list[tuple[str, str, str, str]]:
    """Step, trigger, against whom and state of what was not cleared."""
    steps = stage.case.supervisions.values()
    return [(s.step, s.trigger, s.against, s.state) for s in steps if s.state != "cleared"]


def person(stage: Play, task: Task, source: str, step: str, **more: Any) -> str:
    """A department takes a step; returns its id."""
    act = {"legal_at": LEGAL_AT, "referral": task.referral, "against": "street", "reason": "久拖不决"}
    stage.send(source, "supervision.raised", **act, step=step, **more)
    return list(stage.case.supervisions)[-1]


def act(stage: Play, task: Task, source: str, step: str, supervision: str, **more: Any) -> list[Any]:
    """An answer or a clearance."""
    stated = {"referral": task.referral, "supervision": supervision, "legal_at": LEGAL_AT}
    own = {"measures": "已整改"} if step == "answered" else {"ground": "done", "reason": "整改到位"}
    return stage.send(source, f"supervision.{step}", **stated | own | more)


def late_start() -> tuple[Play, Task]:
    """A department that did not sign in time and is urged."""
    stage, _, task = play(FLOW, sender="governance", lead="street", under=above("street"))
    to_state(stage, task, "delivered")
    comes(stage, "signed")
    return stage, task


def test_a_missed_receipt_urges_whom_it_waits_for_and_tells_the_sender() -> None:
    stage, task = late_start()
    assert standing(stage) == [("urge", "missed", "street", "open")]
    for department in ("street", "governance"):
        (told,) = [one for one in stage.told(department) if one.type == "supervision.raised.v1"]
        assert told.own["against"] == "street"
        assert (told.own["step"], told.own["trigger"], told.own["task"]) == ("urge", "missed", task.id)
        # Three working days after Monday 2 March.
        assert told.own["answer_by"] == "2026-03-05"
    assert stage.told(ABOVE) == [one for one in stage.told(ABOVE) if one.type == "receipt.missed.v1"]


def test_what_was_urged_for_clears_the_urge_and_stops_its_clocks() -> None:
    stage, task = late_start()
    events = stage.act(task, "task.signed", legal_at="2026-03-20T10:30:00+08:00")
    assert [(e.by, e.why) for e in events if e.e == "supervision_cleared"] == [("hub", "done")]
    assert not [one for one in stage.case.deadlines.values() if one.place < -1]
    assert [one.own["ground"] for one in stage.told("street") if one.type == "supervision.cleared.v1"] == [
        "done"
    ]


def test_no_answer_makes_the_negative_receipt_and_climbs_the_ladder() -> None:
    stage, _ = late_start()
    events = comes(stage, "supervision_answered")
    assert events[0].e == "receipt_missed"
    for department in ("street", "governance", ABOVE):
        assert [o.own["rung"] for o in stage.told(department) if o.type == "receipt.missed.v1"][-1] == (
            "supervision_answered"
        )
    assert standing(stage) == [("interview", "unanswered", "street", "open")]
    raised = next(e for e in events if e.e == "supervision_raised")
    lower = next(iter(stage.case.supervisions))
    assert (raised.lower, stage.case.supervisions[lower].state) == (lower, "cleared")
    assert "supervision.raised.v1" in [one.type for one in stage.told(ABOVE)]
    comes(stage, "supervision_answered")
    assert standing(stage) == [("circular", "unanswered", "street", "open")]
    # Above it people decide: nothing is left that the clock would say but the answer.
    comes(stage, "supervision_answered")
    assert standing(stage) == [("circular", "unanswered", "street", "open")]
    assert not [one for one in stage.case.deadlines.values() if one.place < -1 and not one.breached]


def test_an_answer_in_time_stops_its_clock_and_the_step_still_climbs_if_nothing_is_done() -> None:
    stage, task = late_start()
    (urge,) = stage.case.supervisions
    act(stage, task, "street", "answered", urge)
    assert standing(stage) == [("urge", "missed", "street", "answered")]
    assert "supervision.answered.v1" in [one.type for one in stage.told("governance")]
    assert not [one for one in stage.case.deadlines.values() if one.clock == "supervision_answered"]
    comes(stage, "supervision_stands")
    assert standing(stage) == [("interview", "uncleared", "street", "open")]


def test_an_annulled_breach_takes_back_every_step_that_followed_from_it() -> None:
    stage, task = late_start()
    comes(stage, "supervision_answered")
    assert standing(stage)[0][0] == "interview"
    events = stage.act(task, "task.signed", legal_at="2026-03-02T10:30:00+08:00")
    assert "breach_annulled" in [e.e for e in events]
    assert [(e.by, e.why) for e in events if e.e == "supervision_cleared"] == [("hub", "annulled")]
    assert standing(stage) == []


def test_a_formal_step_stays_when_the_work_was_done_late() -> None:
    stage, task = late_start()
    comes(stage, "supervision_answered")
    stage.act(task, "task.signed", legal_at="2026-03-20T10:30:00+08:00")
    assert standing(stage) == [("interview", "unanswered", "street", "open")]


def test_a_task_that_is_gone_ends_its_supervision() -> None:
    stage, task = late_start()
    request = {"referral": task.referral, "legal_at": LEGAL_AT}
    stage.send("governance", "referral.withdrawal_requested", **request, reason="另案处理")
    assert standing(stage) == []
    (one,) = [e for e in stage.events if e.e == "supervision_cleared"]
    assert (one.by, one.why) == ("hub", "task_gone")
    assert stage.case.deadlines == {}


@pytest.mark.parametrize("source", ["governance", ABOVE, "petition"])
def test_a_person_takes_a_step_who_may_by_the_ladder(source: str) -> None:
    stage, task = matter()
    made = person(stage, task, source, "interview", answer_by="2026-03-20")
    assert standing(stage) == [("interview", "person", "street", "open")]
    assert stage.case.supervisions[made].by == source
    told = stage.told("street")[-1]
    assert (told.type, told.actor, told.own["supervision"]) == ("supervision.raised.v1", source, made)
    assert told.own["answer_by"] == "2026-03-20"
    (limit,) = [one for one in stage.case.deadlines.values() if one.clock == "supervision_answered"]
    assert (limit.due, limit.owner) == ("2026-03-20T16:00:00.000Z", "street")
    act(stage, task, "street", "answered", made)
    for department in {source, "governance", ABOVE}:
        assert "supervision.answered.v1" in [one.type for one in stage.told(department)]


def test_whoever_was_told_may_ask_for_it_again() -> None:
    stage, task = matter()
    made = person(stage, task, "petition", "interview")
    act(stage, task, "street", "answered", made)
    assert "petition" not in stage.case.parties()
    (granted,) = stage.send("petition", "redelivery.requested", from_sequence=1)
    assert (granted.to, granted.first, granted.last) == ("petition", 1, 1)


def test_nobody_else_takes_a_step() -> None:
    stage, task = matter()
    cases: list[tuple[str, str, dict[str, Any], RefusalName]] = [
        ("court", "urge", {}, RefusalName.NOT_ENTITLED),
        ("street", "urge", {}, RefusalName.NOT_ENTITLED),
        ("petition", "listed", {}, RefusalName.NOT_ENTITLED),
        ("governance", "scold", {}, RefusalName.UNKNOWN_SUPERVISION),
        ("governance", "urge", {"against": "court"}, RefusalName.UNKNOWN_DEPARTMENT),
        ("governance", "rectify", {}, RefusalName.ILLEGAL_STEP),
    ]
    stated = {"legal_at": LEGAL_AT, "referral": task.referral, "against": "street", "reason": "x"}
    for source, step, more, name in cases:
        with pytest.raises(Refusal) as refused:
            stage.send(source, "supervision.raised", **stated | {"step": step} | more)
        assert refused.value.name is name, (source, step)
    with pytest.raises(Parking):
        act(stage, task, "street", "answered", OTHER_CASE)


def test_the_same_step_does_not_stand_twice_and_the_hub_takes_none_below_it() -> None:
    stage, _, task = play(FLOW, sender="governance", lead="street", under=above("street"))
    to_state(stage, task, "delivered")
    person(stage, task, "governance", "listed")
    with pytest.raises(Refusal, match="stands already"):
        person(stage, task, "governance", "listed")
    comes(stage, "signed")
    assert [one[0] for one in standing(stage)] == ["listed"]


def test_only_the_supervised_answers_and_only_who_may_clears() -> None:
    stage, task = matter()
    made = person(stage, task, "petition", "interview")
    with pytest.raises(Refusal) as refused:
        act(stage, task, "governance", "answered", made)
    assert refused.value.name is RefusalName.NOT_YOUR_TASK
    for source in ("street", "court"):
        with pytest.raises(Refusal) as refused:
            act(stage, task, source, "cleared", made)
        assert refused.value.name is RefusalName.NOT_ENTITLED
    act(stage, task, "petition", "cleared", made)
    assert standing(stage) == []
    assert not [one for one in stage.case.deadlines.values() if one.place < -1]
    assert stage.told("street")[-1].type == "supervision.cleared.v1"
    for step in ("answered", "cleared"):
        with pytest.raises(Refusal, match="was cleared"):
            act(stage, task, "street" if step == "answered" else "petition", step, made)


def test_a_late_answer_is_found_late_and_an_earlier_legal_date_annuls_it() -> None:
    stage, task = matter()
    made = person(stage, task, "governance", "listed", answer_by="2026-03-04")
    comes(stage, "supervision_answered")
    events = act(stage, task, "street", "answered", made, legal_at="2026-03-04T17:00:00+08:00")
    assert [e.reason for e in events if e.e == "breach_annulled"] == ["backdated"]
    assert standing(stage) == [("listed", "person", "street", "answered")]


def test_the_third_return_is_a_trigger_by_count() -> None:
    stage, _, task = play(FLOW, sender="governance", lead="street")
    to_state(stage, task, "signed")
    for n in range(3):
        if n:
            stage.act(task, "return.decided", agreed=False)
        stage.act(task, "task.return_proposed", **step_data("task.return_proposed", FLOW))
        assert bool(standing(stage)) is (n == 2)
    assert standing(stage) == [("urge", "returns", "street", "open")]
    assert [e.count for e in stage.events if e.e == "supervision_raised"] == [3]


def test_counted_breaches_raise_a_step_once_in_the_case_of_the_last() -> None:
    stage, task = matter()
    data = {"department": "street", "step": "interview", "count": 10, "period": "2026_03", "task": task.id}
    data |= {"deadline": 1, "moment": "2026-03-09T00:00:00.000Z"}
    stage.send("hub", "hub.breaches_counted", **data)
    assert standing(stage) == [("interview", "breaches", "street", "open")]
    assert stage.send("hub", "hub.breaches_counted", **data) == []
    assert stage.send("hub", "hub.breaches_counted", **data | {"count": 7}) == []


def test_a_city_says_what_a_warning_triggers_and_for_which_clock() -> None:
    given = rules().supervision.model_dump()
    given["triggers"] = [
        {"when": "warned", "step": "urge", "clocks": ["X7"]},
        {"when": "breached", "step": "interview"},
        {"when": "breached", "step": "circular", "clocks": ["X4"], "flows": ["F21"]},
    ]
    ladder = Supervision.model_validate(given)
    assert ladder.at_limit("warned", "X7", "F21") == "urge"
    assert ladder.at_limit("warned", "X4", "F21") is None
    assert ladder.at_limit("breached", "X4", "F21") == "circular"
    assert ladder.at_limit("breached", "X4", "F20") == "interview"


def test_the_sender_is_supervised_on_the_leads_task() -> None:
    stage, _, task = play(FLOW, sender="governance", lead="street", under=above("governance", "street"))
    to_state(stage, task, "accepted")
    stated = {"legal_at": LEGAL_AT, "referral": task.referral, "against": "governance", "reason": "x"}
    stage.send(ABOVE, "supervision.raised", **stated, step="interview")
    (one,) = stage.case.supervisions.values()
    assert isinstance(one, Supervised)
    assert (one.task, one.against) == (task.id, "governance")
