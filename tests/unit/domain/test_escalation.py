"""Returns are counted; at the flow's limit the superior comes in and may decide too (信访工作条例 24: 共同的上一级决定)."""

from dataclasses import replace

import pytest

from hub.domain.case import Referral, Task
from hub.domain.rules import Rules
from hub.errors import Refusal, RefusalName
from schemas.classes import FieldClass
from tests.unit.domain.play import Play, play, rules, step_data, to_state

FLOW = rules().flows["F21"][-1]
SUPERIOR = "governance"


def below(*departments: str, superior: str = SUPERIOR) -> Rules:
    """The rules with this superior over some departments."""
    known = rules().departments
    changed = {one: known[one].model_copy(update={"superior": superior}) for one in departments}
    return replace(rules(), departments={**known, **changed})


def asked(under: Rules, times: int = FLOW.limits.returns) -> tuple[Play, Referral, Task]:
    """A referral whose lead has asked for a return so often; all but the last were refused, the last one waits."""
    stage, referral, task = play(FLOW, lead="court", under=under)
    to_state(stage, task, "signed")
    for n in range(times):
        if n:
            stage.act(task, "return.decided", agreed=False)
        stage.act(task, "task.return_proposed", **step_data("task.return_proposed", FLOW))
    return stage, referral, task


def decide_as(stage: Play, department: str, task: Task, **data: object) -> None:
    """A decision on a return by this department."""
    act = {"referral": task.referral, "task": task.id, "legal_at": "2026-03-02T09:30:00+08:00"}
    stage.send(department, "return.decided", **{**act, "agreed": True, **data})


def test_the_third_return_escalates_to_the_senders_superior() -> None:
    assert FLOW.limits.returns == 3
    stage, referral, task = asked(below("petition", "court"))
    escalated = [event for event in stage.events if event.e == "referral_escalated"]
    assert [(event.to, event.returns, event.task) for event in escalated] == [(SUPERIOR, 3, task.id)]
    assert stage.case.referrals[referral.id].superior == SUPERIOR
    assigned, proposal, escalation = stage.told(SUPERIOR)
    assert (assigned.type, assigned.own["role"]) == ("task.assigned.v1", "copy")
    assert (proposal.type, proposal.actor) == ("task.return_proposed.v1", "court")
    assert escalation.own == {
        "referral": referral.id, "task": task.id, "returns": 3, "superior": SUPERIOR,
        "stage": "superior", "why": "limit", "hands": 1,
    }  # fmt: skip
    assert {one.ceiling for one in (assigned, proposal, escalation)} == {FieldClass.SENSITIVE}
    for department in ("petition", "court"):
        assert stage.told(department)[-1].type == "referral.escalated.v1"


def test_before_the_limit_nobody_above_comes_in() -> None:
    stage, referral, task = asked(below("petition"), times=2)
    assert stage.case.referrals[referral.id].superior is None
    assert stage.told(SUPERIOR) == []
    with pytest.raises(Refusal) as refused:
        decide_as(stage, SUPERIOR, task)
    assert refused.value.name is RefusalName.NOT_A_PARTY


@pytest.mark.parametrize("by", ["petition", SUPERIOR])
def test_either_decides_and_the_other_learns_of_it(by: str) -> None:
    stage, referral, task = asked(below("petition"))
    decide_as(stage, by, task, reassign_to="justice")
    assert stage.case.referrals[referral.id].lead == "justice"
    other = {"petition": SUPERIOR, SUPERIOR: "petition"}[by]
    assert [one.type for one in stage.told(other)].count("return.decided.v1") == 1
    told = [one.type for one in stage.told("court") if not one.type.startswith("supervision")]
    assert told[-2:] == ["return.decided.v1", "ownership.changed.v1"]


def test_nobody_else_decides() -> None:
    stage, _, task = asked(below("petition"))
    for department in ("court", "procuratorate"):
        with pytest.raises(Refusal) as refused:
            decide_as(stage, department, task)
        expected = {"court": RefusalName.NOT_YOUR_TASK, "procuratorate": RefusalName.NOT_A_PARTY}
        assert refused.value.name is expected[department]


def test_the_superior_may_decide_on_returns_and_on_nothing_else() -> None:
    stage, referral, task = asked(below("petition"))
    decide_as(stage, SUPERIOR, task, agreed=False)
    assert stage.state(task) == "signed"
    to_state(stage, task, "replied")
    with pytest.raises(Refusal) as refused:
        stage.send(
            SUPERIOR,
            "reply.confirmed",
            referral=referral.id,
            task=task.id,
            legal_at="2026-03-02T09:30:00+08:00",
        )
    assert refused.value.name is RefusalName.NOT_YOUR_TASK


def test_the_handlers_superior_where_the_sender_has_none() -> None:
    stage, referral, _ = asked(below("court"))
    assert stage.case.referrals[referral.id].superior == SUPERIOR


def test_a_party_of_the_dispute_is_no_superior_in_it() -> None:
    stage, referral, _ = asked(below("court", superior="petition"))
    assert stage.case.referrals[referral.id].superior is None


def test_without_a_superior_it_is_said_all_the_same() -> None:
    stage, _, task = asked(rules())
    (escalated,) = (event for event in stage.events if event.e == "referral_escalated")
    assert (escalated.to, escalated.returns) == (None, 3)
    for department in ("petition", "court"):
        assert stage.told(department)[-1].own["superior"] is None
    stage.act(task, "return.decided", agreed=True)
    assert stage.state(task) == "returned"


def test_a_fourth_return_goes_to_the_same_superior_without_a_second_task() -> None:
    stage, referral, _ = asked(below("petition"), times=4)
    given = [task for task in stage.case.tasks_of(referral.id) if task.department == SUPERIOR]
    assert len(given) == 1
    assert [one.type for one in stage.told(SUPERIOR)].count("referral.escalated.v1") == 2
