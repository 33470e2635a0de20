"""Whose matter it is, when they do not agree: consult, superior, conference, each with its limit; who owns it meanwhile."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.case import OPEN, Referral, Task
from hub.domain.entry import Entry, Outcome
from hub.domain.ownership import accountable, lead_of, ping_pong
from hub.domain.rules import Rules
from hub.errors import Parking, Refusal, RefusalName
from hub.projector.rows import Projection
from tests.unit.domain.play import LEGAL_AT, Play, open_fields, step_data
from tests.unit.domain.town import FLOW, stage_of, town_rules, whistle

SUPERIOR, CONVENER = "city_centre", "party_office"
PROPOSED = {"reason_code": "not_in_remit", "reason": "不属本镇"}


def disputed(under: Rules | None = None) -> tuple[Play, Referral, Task]:
    """East Town has signed what the county's centre gave it, and asks for a return."""
    stage = stage_of("county_centre", under)
    referral, task = whistle(stage, lead="east_town", region="990101001", matter="0201")
    stage.act(task, "task.signed")
    stage.act(task, "task.return_proposed", **PROPOSED)
    return stage, referral, task


def say(stage: Play, by: str, task: Task, step: str, **data: Any) -> None:
    stage.send(by, step, referral=task.referral, task=task.id, legal_at=LEGAL_AT, **data)


def now(stage: Play, referral: Referral) -> Referral:
    return stage.case.referrals[referral.id]


def limit(stage: Play, task: Task) -> tuple[str, str, str]:
    """What the task waits for on the ladder, on whom, until when."""
    (one,) = [d for d in stage.case.deadlines.values() if d.task == task.id and d.place < 0]
    return one.clock, one.owner, one.due


def strike(stage: Play, task: Task) -> None:
    """The hub's clock says that the limit has passed."""
    (number,) = [n for n, d in stage.case.deadlines.items() if d.task == task.id and d.place < 0]
    due = stage.case.deadlines[number].due
    stage.at = max(stage.at, datetime.fromisoformat(due) + timedelta(seconds=1))
    stage.send("hub", "hub.receipt_due", deadline=number, moment=due)


def escalations(stage: Play) -> list[tuple[str | None, str, str]]:
    return [(event.to, event.stage, event.why) for event in stage.events if event.e == "referral_escalated"]


def test_consulting_that_settles_it_leaves_the_decision_to_the_sender() -> None:
    stage, referral, task = disputed()
    assert limit(stage, task)[:2] == ("return_decided", "county_centre")
    stage.act(task, "return.consulted", settled=True, with_departments=["west_town"])
    assert escalations(stage) == []
    assert stage.told("east_town")[-1].type == "return.consulted.v1"
    assert stage.case.tasks[task.id].pending == "return"
    stage.act(task, "return.decided", agreed=True, reassign_to="west_town")
    assert now(stage, referral).lead == "west_town"


def test_not_settled_it_goes_to_the_superior_and_from_there_to_the_conference_each_with_its_limit() -> None:
    stage, referral, task = disputed()
    stage.act(task, "return.consulted", settled=False, with_departments=["west_town"])
    assert escalations(stage) == [(SUPERIOR, "superior", "not_settled")]
    assert limit(stage, task)[:2] == ("superior_decided", SUPERIOR)
    assert accountable(stage.case, now(stage, referral), stage.under.lifecycle) == SUPERIOR
    say(stage, SUPERIOR, task, "return.consulted", settled=False)
    assert escalations(stage)[1:] == [(CONVENER, "conference", "not_settled")]
    assert limit(stage, task)[:2] == ("conference_decided", CONVENER)
    assert [one.type for one in stage.told(CONVENER)] == ["task.assigned.v1", "referral.escalated.v1"]
    assert stage.told(CONVENER)[-1].own["hands"] == 1
    with pytest.raises(Refusal) as refused:
        say(stage, CONVENER, task, "return.consulted", settled=False)
    assert (refused.value.name, list(refused.value.allowed)) == (
        RefusalName.ILLEGAL_STEP,
        ["return.decided"],
    )
    say(stage, CONVENER, task, "return.decided", agreed=True, reassign_to="west_town")
    assert now(stage, referral).lead == "west_town"
    assert {one.type for one in stage.told(SUPERIOR)} >= {"return.decided.v1"}


def test_what_the_conference_decides_is_the_last_word() -> None:
    stage, referral, task = disputed()
    stage.act(task, "return.consulted", settled=False)
    say(stage, SUPERIOR, task, "return.consulted", settled=False)
    say(stage, CONVENER, task, "return.decided", agreed=False)
    assert now(stage, referral).settled
    with pytest.raises(Refusal) as refused:
        stage.act(task, "task.return_proposed", **PROPOSED)
    assert (refused.value.name, list(refused.value.allowed)) == (RefusalName.LIMIT_REACHED, ["task.accepted"])
    stage.act(task, "task.accepted")


def test_what_nobody_decides_in_time_goes_up_by_itself() -> None:
    stage, referral, task = disputed()
    first = limit(stage, task)
    strike(stage, task)
    assert escalations(stage) == [(SUPERIOR, "superior", "overdue")]
    second = limit(stage, task)
    assert second[:2] == ("superior_decided", SUPERIOR)
    assert second[2] > first[2]
    strike(stage, task)
    assert escalations(stage)[1:] == [(CONVENER, "conference", "overdue")]
    assert limit(stage, task)[:2] == ("conference_decided", CONVENER)
    strike(stage, task)
    assert len(escalations(stage)) == 2
    assert [event.rung for event in stage.events if event.e == "receipt_missed"] == [
        "return_decided",
        "superior_decided",
        "conference_decided",
    ]
    assert accountable(stage.case, now(stage, referral), stage.under.lifecycle) == CONVENER
    say(stage, CONVENER, task, "return.decided", agreed=False)
    assert limit(stage, task)[0] == "accepted"


def test_where_nobody_is_above_it_stays_and_can_not_be_sent_up() -> None:
    known = town_rules().departments
    alone = {name: one.model_copy(update={"superior": None}) for name, one in known.items()}
    del alone[CONVENER]
    stage, _, task = disputed(replace(town_rules(), departments=alone))
    with pytest.raises(Refusal) as refused:
        stage.act(task, "return.consulted", settled=False)
    assert "nobody is above" in refused.value.detail
    strike(stage, task)
    assert escalations(stage) == []


def test_without_a_superior_the_conference_comes_at_once() -> None:
    known = town_rules().departments
    alone = {name: one.model_copy(update={"superior": None}) for name, one in known.items()}
    stage, _, task = disputed(replace(town_rules(), departments=alone))
    strike(stage, task)
    assert escalations(stage) == [(CONVENER, "conference", "overdue")]


def test_returns_and_hands_are_counted_and_the_third_goes_up() -> None:
    stage, referral, task = disputed()
    assert ping_pong(stage.case, now(stage, referral)) == (1, 1)
    for n, to in enumerate(("west_town", "east_town"), 2):
        stage.act(task, "return.decided", agreed=True, reassign_to=to)
        task = [one for one in stage.case.tasks_of(referral.id) if one.role == "lead"][-1]
        stage.act(task, "task.signed")
        stage.act(task, "task.return_proposed", **PROPOSED)
        assert ping_pong(stage.case, now(stage, referral)) == (n, 2)
    assert escalations(stage) == [(SUPERIOR, "superior", "limit")]
    changed = [event.hands for event in stage.events if event.e == "lead_changed"]
    asked = [event.returns for event in stage.events if event.e == "request_opened"]
    assert (changed, asked) == ([2, 2], [1, 2, 3])
    assert stage.told(SUPERIOR)[-1].own["returns"] == 3


def test_who_received_it_first_owns_it_until_another_accepts() -> None:
    stage, referral, task = disputed()
    stage.act(task, "return.decided", agreed=True, reassign_to="west_town")
    after = lead_of(stage.case, now(stage, referral))
    assert after is not None
    assert (after.department, now(stage, referral).keeper) == ("west_town", "east_town")
    assert accountable(stage.case, now(stage, referral), stage.under.lifecycle) == "east_town"
    (kept,) = [one for one in stage.told("east_town") if one.type == "ownership.changed.v1"]
    assert kept.own == {"referral": referral.id, "owner": "east_town", "ground": "first_receiver"}
    stage.act(after, "task.signed")
    assert accountable(stage.case, now(stage, referral), stage.under.lifecycle) == "east_town"
    stage.act(after, "task.accepted")
    assert now(stage, referral).keeper is None
    assert accountable(stage.case, now(stage, referral), stage.under.lifecycle) == "west_town"
    assert stage.told("east_town")[-1].own["ground"] == "accepted"


def test_what_the_next_one_gives_back_comes_back_to_who_received_it_first() -> None:
    stage, referral, task = disputed()
    stage.act(task, "return.decided", agreed=True, reassign_to="west_town")
    after = lead_of(stage.case, now(stage, referral))
    assert after is not None
    stage.act(after, "task.signed")
    stage.act(after, "task.return_proposed", **PROPOSED)
    stage.act(after, "return.decided", agreed=True)
    back = lead_of(stage.case, now(stage, referral))
    assert back is not None
    assert (now(stage, referral).state, back.department, back.state) == (OPEN, "east_town", "assigned")
    assert stage.told("east_town")[-1].own["ground"] == "came_back"
    stage.act(back, "task.signed")
    stage.act(back, "task.return_proposed", **PROPOSED)
    stage.act(back, "return.decided", agreed=True)
    assert now(stage, referral).state == "returned"


def test_who_received_it_first_is_told_when_the_next_one_does_not_take_it() -> None:
    stage, referral, task = disputed()
    stage.act(task, "return.decided", agreed=True, reassign_to="west_town")
    after = lead_of(stage.case, now(stage, referral))
    assert after is not None
    strike(stage, after)
    assert [one.type for one in stage.told("east_town")][-1] == "receipt.missed.v1"


def test_what_is_passed_on_and_goes_up_is_counted_in_the_projection() -> None:
    stage, referral, task = disputed()
    stage.act(task, "return.decided", agreed=True, reassign_to="west_town")
    after = lead_of(stage.case, now(stage, referral))
    assert after is not None
    stage.act(after, "task.signed")
    stage.act(after, "task.return_proposed", **PROPOSED)
    stage.act(after, "return.consulted", settled=False)
    entry = Entry(
        shard=0,
        seq=1,
        received_at="2026-03-02T02:00:00.000Z",
        outcome=Outcome.DECIDED,
        case=stage.case.id,
        rules="",
    )
    entry.events = stage.events
    projection = Projection()
    projection.take([entry])
    counted = {
        key: count for key, count in projection.tallies.items() if key[0] in ("passed_on", "escalated")
    }
    assert counted == {
        ("passed_on", "west_town", "", "hands_2"): 1,
        ("escalated", SUPERIOR, "", "superior_not_settled"): 1,
    }


WAYS = st.lists(st.integers(0, 10_000), min_size=5, max_size=40)


@given(WAYS)
def test_there_is_always_one_lead_and_one_who_answers_for_it(ways: list[int]) -> None:
    """Any messages by anybody, in any order: an open referral has one lead and rests on one party to the case."""
    stage, referral, _ = disputed()
    for way in ways:
        source, step, data = _choice(stage, referral, way)
        try:
            stage.decide(source, step, data)
        except (Refusal, Parking):
            continue
        one = now(stage, referral)
        leads = [
            t
            for t in stage.case.tasks_of(one.id)
            if t.role == "lead" and t.state not in ("returned", "cancelled")
        ]
        owner = accountable(stage.case, one, stage.under.lifecycle)
        if one.state != OPEN:
            assert owner is None
            continue
        assert [task.department for task in leads] == [one.lead]
        assert owner in stage.case.parties()
        assert ping_pong(stage.case, one)[1] <= ping_pong(stage.case, one)[0] + 1


def _choice(stage: Play, referral: Referral, way: int) -> tuple[str, str, dict[str, Any]]:
    sources = ("county_centre", "east_town", "west_town", SUPERIOR, CONVENER)
    steps = (
        "task.signed", "task.accepted", "task.return_proposed", "task.replied", "reply.confirmed", "rework.requested",
        "referral.withdrawal_requested", "referral.withdrawal_decided", "return.decided", "return.decided", "return.consulted",
    )  # fmt: skip
    tasks = list(stage.case.tasks.values())
    source, step, task = sources[way % 5], steps[way // 5 % 11], tasks[way // 55 % len(tasks)]
    data: dict[str, Any] = {"legal_at": LEGAL_AT, "referral": referral.id}
    if step.startswith("referral."):
        more: dict[str, Any] = {"reason": "另案"} if step.endswith("requested") else {"agreed": bool(way & 1)}
        return source, step, data | more
    data["task"] = task.id
    if step == "return.decided":
        to = (None, "east_town", "west_town")[way % 3]
        agreed = way % 4 > 0
        return source, step, data | {"agreed": agreed} | ({"reassign_to": to} if to and agreed else {})
    if step == "return.consulted":
        return source, step, data | {"settled": bool(way & 1)}
    return source, step, data | step_data(step, FLOW, 1)


def test_the_choice_reaches_every_step() -> None:
    """The walk above tries what it says: of every step some message passes."""
    stage, referral, _ = disputed()
    tried = {_choice(stage, referral, way)[:2] for way in range(10_000)}
    assert len(tried) == 5 * 10
    for way in range(0, 10_000, 7):
        _, step, data = _choice(stage, referral, way)
        open_fields(f"{step}.v1", data)
