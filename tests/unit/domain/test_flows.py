"""Each flow played to every end that it has: outcomes, papers, receivers, returns, withdrawal, rework."""

from dataclasses import replace
from typing import Any

import pytest

from hub.domain.case import Referral
from hub.domain.flow import Flow
from hub.errors import Refusal, RefusalName
from schemas.messages.base import ReferralKind
from tests.unit.domain.play import (
    LEGAL_AT,
    Play,
    departments,
    flows,
    papers,
    play,
    rules,
    step_data,
    to_state,
)

FLOWS = flows()
EACH_FLOW = pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: f"{flow.flow}@{flow.version}")
WAY = ["assigned", "delivered", "signed", "accepted", "handling", "replied"]


def refusal(name: RefusalName) -> Any:
    """Expect a refusal of this name."""
    return pytest.raises(Refusal, check=lambda refused: refused.name is name)


def test_every_flow_of_the_catalogue_is_there() -> None:
    codes = {flow.flow for flow in FLOWS}
    assert {f"F{number}" for number in range(1, 29)} <= codes
    assert {"F2B", "F4B", "F14B", "F16B", "F21B", "F28B", "LSC", "LLA", "LAR", "LAD", "LAM"} == {
        code for code in codes if not code.removeprefix("F").isdigit()
    }


@EACH_FLOW
def test_every_outcome_closes_the_referral(flow: Flow) -> None:
    for outcome in flow.outcomes:
        stage, referral, task = play(flow)
        for step in ("task.received", "task.signed", "task.accepted", "task.started"):
            stage.act(task, step)
        for reply in flow.replies[:-1]:
            stage.act(task, "task.replied", reply=reply.code)
            assert stage.state(task) == "handling"
        stage.act(task, "task.replied", reply=flow.replies[-1].code, outcome=outcome.code)
        if flow.confirm.required:
            assert stage.state(task) == "replied"
            assert stage.case.referrals[referral.id].state == "open"
            stage.act(task, "reply.confirmed", **step_data("reply.confirmed", flow))
        ended = stage.case.referrals[referral.id]
        assert (stage.state(task), ended.state, ended.outcome) == ("confirmed", "closed", outcome.code)
        for department, by in ((referral.sender, "sender"), (referral.lead, "lead")):
            last = stage.told(department)[-1]
            assert (last.type, last.own["outcome"]) == ("referral.closed.v1", outcome.code)
            opened = [(o.flow, o.duty == "must") for o in flow.opens.get(outcome.code, ()) if o.by == by]
            assert [(one["flow"], one["must"]) for one in last.own.get("opens", [])] == opened


@EACH_FLOW
def test_rungs_are_the_receipts_in_their_order(flow: Flow) -> None:
    stage, _, task = play(flow)
    to_state(stage, task, "confirmed")
    rungs = [event.rung for event in stage.events if event.e == "task_stepped" and event.rung is not None]
    last = ["confirmed"] if flow.confirm.required else []
    assert rungs == ["delivered", "signed", "accepted", "replied", *last]


@EACH_FLOW
def test_replies_come_in_order(flow: Flow) -> None:
    stage, _, task = play(flow)
    to_state(stage, task, "handling")
    for done in range(len(flow.replies)):
        ahead = flow.replies[done:]
        required = next(n for n, reply in enumerate(ahead) if reply.required)
        may_come = [reply.code for reply in ahead[: required + 1]]
        for reply in flow.replies:
            if reply.code not in may_come:
                with refusal(RefusalName.REPLY_OUT_OF_ORDER) as refused:
                    stage.act(task, "task.replied", reply=reply.code, outcome=flow.outcomes[0].code)
                assert list(refused.value.allowed) == may_come
        stage.act(task, "task.replied", **step_data("task.replied", flow, done))


@EACH_FLOW
def test_final_reply_needs_an_outcome_of_the_flow(flow: Flow) -> None:
    stage, _, task = play(flow)
    to_state(stage, task, "handling")
    for done in range(len(flow.replies) - 1):
        stage.act(task, "task.replied", **step_data("task.replied", flow, done))
    for outcome in (None, "no_such_outcome"):
        given = {} if outcome is None else {"outcome": outcome}
        with refusal(RefusalName.UNKNOWN_OUTCOME) as refused:
            stage.act(task, "task.replied", reply=flow.replies[-1].code, **given)
        assert list(refused.value.allowed) == [o.code for o in flow.outcomes]


@EACH_FLOW
def test_required_papers_must_be_there(flow: Flow) -> None:
    required = [paper.code for paper in flow.papers if paper.required]
    for missing in flow.papers:
        given = papers([code for code in required if code != missing.code])
        if missing.required:
            with refusal(RefusalName.PAPER_MISSING) as refused:
                play(flow, papers=given)
            assert list(refused.value.allowed) == [missing.title]
        else:
            play(flow, papers=given)


@EACH_FLOW
def test_confirmation_needs_its_papers(flow: Flow) -> None:
    for missing in flow.confirm.papers:
        stage, _, task = play(flow)
        to_state(stage, task, "replied")
        others = papers([paper.code for paper in flow.confirm.papers if paper.code != missing.code])
        with refusal(RefusalName.PAPER_MISSING):
            stage.act(task, "reply.confirmed", papers=others)


@EACH_FLOW
def test_only_kinds_of_the_flow(flow: Flow) -> None:
    for kind in ReferralKind:
        if kind in flow.kinds:
            play(flow, kind=kind.value)
        else:
            with refusal(RefusalName.KIND_NOT_IN_FLOW):
                play(flow, kind=kind.value)


@EACH_FLOW
def test_only_senders_of_the_flow(flow: Flow) -> None:
    may = departments(list(flow.senders))
    for sender in rules().departments:
        lead = next(d for d in departments(list(flow.lead)) if d != sender)
        if sender in may:
            play(flow, sender=sender, lead=lead)
        else:
            with refusal(RefusalName.SENDER_NOT_IN_FLOW):
                play(flow, sender=sender, lead=lead)


@EACH_FLOW
def test_only_receivers_of_the_flow(flow: Flow) -> None:
    sender = departments(list(flow.senders))[0]
    lead = next(d for d in departments(list(flow.lead)) if d != sender)
    for department in (d for d in rules().departments if d not in (sender, lead)):
        for role, roles in (("co_handlers", flow.co_handlers), ("copies", flow.copies)):
            if department in departments(list(roles)):
                stage, referral, _ = play(flow, sender=sender, lead=lead, **{role: [department]})
                assert len(stage.case.tasks_of(referral.id)) == 2
            else:
                with refusal(RefusalName.RECEIVER_NOT_IN_FLOW):
                    play(flow, sender=sender, lead=lead, **{role: [department]})
        if department not in departments(list(flow.lead)):
            with refusal(RefusalName.RECEIVER_NOT_IN_FLOW):
                play(flow, sender=sender, lead=department)
    with refusal(RefusalName.UNKNOWN_DEPARTMENT):
        play(flow, sender=sender, lead="no_such_department")
    for twice in ({"lead": sender}, {"lead": lead, "copies": [lead]}, {"lead": lead, "copies": [sender]}):
        with pytest.raises(Refusal) as refused:
            play(flow, **({"sender": sender} | twice))
        assert refused.value.name in (RefusalName.RECEIVER_TWICE, RefusalName.RECEIVER_NOT_IN_FLOW)


@EACH_FLOW
def test_flow_must_be_in_force_on_the_legal_day(flow: Flow) -> None:
    with refusal(RefusalName.UNKNOWN_FLOW):
        play(flow, legal_at="1999-12-31T12:00:00+08:00")


def test_the_legal_day_is_the_day_in_china() -> None:
    flow = rules().flows["F17"][-1]
    assert flow.effective_from.isoformat() == "2025-01-01"
    play(flow, legal_at="2024-12-31T16:00:00Z")
    with refusal(RefusalName.UNKNOWN_FLOW):
        play(flow, legal_at="2024-12-31T15:59:59Z")


@EACH_FLOW
def test_return_agreed_without_another_receiver_ends_the_referral(flow: Flow) -> None:
    for reason in flow.return_reasons:
        stage, referral, task = play(flow)
        to_state(stage, task, "signed")
        stage.act(task, "task.return_proposed", reason_code=reason.code, reason="不属管辖")
        assert stage.case.tasks[task.id].pending == "return"
        assert stage.case.referrals[referral.id].state == "open"
        stage.act(task, "return.decided", agreed=True)
        assert stage.state(task) == "returned"
        assert stage.case.referrals[referral.id].state == "returned"
        assert stage.told(referral.lead)[-1].type == "return.decided.v1"
        with refusal(RefusalName.ILLEGAL_STEP):
            stage.act(task, "task.accepted")


@EACH_FLOW
def test_return_with_another_receiver_moves_the_task(flow: Flow) -> None:
    stage, referral, task = play(flow)
    other = next((d for d in departments(list(flow.lead)) if d not in (referral.lead, referral.sender)), None)
    assert other is not None
    to_state(stage, task, "signed")
    stage.act(task, "task.return_proposed", **step_data("task.return_proposed", flow))
    stage.act(task, "return.decided", agreed=True, reassign_to=other)
    moved = stage.case.referrals[referral.id]
    assert (stage.state(task), moved.state, moved.lead, moved.returns) == ("returned", "open", other, 1)
    fresh = next(t for t in stage.case.tasks_of(referral.id) if t.department == other)
    assert (fresh.role, fresh.state) == ("lead", "assigned")
    told = stage.told(other)[-1]
    assert (told.type, told.own["task"], told.own["lead"]) == ("task.assigned.v1", fresh.id, other)
    to_state(stage, fresh, "confirmed")
    assert stage.case.referrals[referral.id].state == "closed"


@EACH_FLOW
def test_return_refused_leaves_the_task_where_it_is(flow: Flow) -> None:
    stage, referral, task = play(flow)
    to_state(stage, task, "signed")
    stage.act(task, "task.return_proposed", **step_data("task.return_proposed", flow))
    stage.act(task, "return.decided", agreed=False, reason="属你院管辖")
    assert (stage.state(task), stage.case.tasks[task.id].pending) == ("signed", None)
    to_state(stage, task, "confirmed")
    assert stage.case.referrals[referral.id].state == "closed"


@EACH_FLOW
def test_return_needs_a_reason_of_the_flow_and_a_fit_receiver(flow: Flow) -> None:
    stage, referral, task = play(flow)
    to_state(stage, task, "signed")
    with refusal(RefusalName.UNKNOWN_RETURN_REASON) as refused:
        stage.act(task, "task.return_proposed", reason_code="no_such_reason", reason="x")
    assert list(refused.value.allowed) == [reason.code for reason in flow.return_reasons]
    stage.act(task, "task.return_proposed", **step_data("task.return_proposed", flow))
    for to in rules().departments:
        if to in (referral.sender, referral.lead):
            expected = {RefusalName.RECEIVER_TWICE, RefusalName.RECEIVER_NOT_IN_FLOW}
        elif to not in departments(list(flow.lead)):
            expected = {RefusalName.RECEIVER_NOT_IN_FLOW}
        else:
            continue
        with pytest.raises(Refusal) as refused_to:
            stage.act(task, "return.decided", agreed=True, reassign_to=to)
        assert refused_to.value.name in expected
    with refusal(RefusalName.UNKNOWN_DEPARTMENT):
        stage.act(task, "return.decided", agreed=True, reassign_to="no_such_department")


@EACH_FLOW
def test_withdrawal_at_once_or_by_decision_as_the_flow_says(flow: Flow) -> None:
    for state in WAY:
        stage, referral, task = play(flow)
        if state == "replied" and not flow.confirm.required:
            continue
        to_state(stage, task, state)
        ask = {"referral": referral.id, "legal_at": LEGAL_AT, "reason": "另案处理"}
        if WAY.index(state) < WAY.index(flow.withdraw.before):
            stage.send(referral.sender, "referral.withdrawal_requested", **ask)
            assert stage.case.referrals[referral.id].state == "withdrawn"
            assert stage.state(task) == "cancelled"
            assert stage.told(referral.lead)[-1].type == "task.cancelled.v1"
            continue
        if state == "replied":
            with refusal(RefusalName.ILLEGAL_STEP) as refused:
                stage.send(referral.sender, "referral.withdrawal_requested", **ask)
            assert list(refused.value.allowed) == ["reply.confirmed", "rework.requested"]
            continue
        if flow.withdraw.after == "nobody":
            with refusal(RefusalName.ILLEGAL_STEP):
                stage.send(referral.sender, "referral.withdrawal_requested", **ask)
            assert stage.case.referrals[referral.id].pending is None
            continue
        stage.send(referral.sender, "referral.withdrawal_requested", **ask)
        assert stage.case.referrals[referral.id].pending == "withdrawal"
        answer = {"referral": referral.id, "legal_at": LEGAL_AT}
        stage.send(referral.lead, "referral.withdrawal_decided", **answer, agreed=False)
        assert stage.case.referrals[referral.id].pending is None
        assert stage.state(task) == state
        with refusal(RefusalName.ILLEGAL_STEP):
            stage.send(referral.lead, "referral.withdrawal_decided", **answer, agreed=True)
        stage.send(referral.sender, "referral.withdrawal_requested", **ask)
        stage.send(referral.lead, "referral.withdrawal_decided", **answer, agreed=True)
        ended = stage.case.referrals[referral.id]
        assert (ended.state, ended.pending, stage.state(task)) == ("withdrawn", None, "cancelled")
        assert stage.told(referral.sender)[-1].own == {"referral": referral.id, "state": "withdrawn"}


@EACH_FLOW
def test_everybody_sees_what_the_flow_lets_their_part_see(flow: Flow) -> None:
    """Above all the sender: of a lead handed to the supervision organ it learns no more than that it was received."""
    played: list[tuple[Play, Referral]] = []
    for last in ("confirmed", "signed", "assigned"):
        stage, referral, task = play(flow)
        to_state(stage, task, last)
        if last == "signed":
            stage.act(task, "task.supplement_requested", papers_wanted=["身份证明"])
            stage.act(task, "supplement.provided", papers=[])
            stage.act(task, "task.return_proposed", **step_data("task.return_proposed", flow))
            stage.act(task, "return.decided", agreed=True)
        elif last == "assigned":
            ask = {"referral": referral.id, "legal_at": LEGAL_AT, "reason": "另案处理"}
            stage.send(referral.sender, "referral.withdrawal_requested", **ask)
        played.append((stage, referral))
    for stage, referral in played:
        for department, role in ((referral.sender, "sender"), (referral.lead, "lead")):
            seen = {notified.ceiling for notified in stage.told(department)}
            assert seen == {int(flow.visibility.ceiling(role))}, role
    assert (flow.visibility.sender == "sensitive") is (flow.flow not in ("F26", "LLA", "LAR"))


@EACH_FLOW
def test_rework_until_the_cap(flow: Flow) -> None:
    stage, referral, task = play(flow)
    to_state(stage, task, "confirmed")
    for done in range(flow.limits.reworks):
        stage.act(task, "rework.requested", reason="事实不清")
        again = stage.case.referrals[referral.id]
        assert (stage.state(task), again.state, again.outcome, again.reworks) == (
            "handling",
            "open",
            None,
            done + 1,
        )
        stage.act(task, "task.replied", **step_data("task.replied", flow, len(flow.replies) - 1))
        if flow.confirm.required:
            stage.act(task, "reply.confirmed", **step_data("reply.confirmed", flow))
        assert stage.case.referrals[referral.id].state == "closed"
    with refusal(RefusalName.LIMIT_REACHED):
        stage.act(task, "rework.requested", reason="事实不清")


@EACH_FLOW
def test_supplement_waits_and_is_provided(flow: Flow) -> None:
    for state in ("signed", "accepted", "handling"):
        stage, _, task = play(flow)
        to_state(stage, task, state)
        stage.act(task, "task.supplement_requested", papers_wanted=["身份证明"])
        assert (stage.case.tasks[task.id].pending, stage.state(task)) == ("supplement", state)
        stage.act(task, "supplement.provided", papers=[])
        assert (stage.case.tasks[task.id].pending, stage.state(task)) == (None, state)


@EACH_FLOW
def test_raised_per_case_is_capped(flow: Flow) -> None:
    stage, referral, _ = play(flow)
    cap = flow.limits.raised_per_case
    for _ in range((cap or 4) - 1):
        stage.raise_(flow, lead=referral.lead)
    if cap is None:
        stage.raise_(flow, lead=referral.lead)
    else:
        with refusal(RefusalName.LIMIT_REACHED):
            stage.raise_(flow, lead=referral.lead)


@pytest.mark.parametrize("flow", [f for f in FLOWS if f.co_handlers], ids=lambda flow: flow.flow)
def test_co_handlers_when_the_lead_closes(flow: Flow) -> None:
    sender = departments(list(flow.senders))[0]
    lead = next(d for d in departments(list(flow.lead)) if d != sender)
    helper = next(d for d in departments(list(flow.co_handlers)) if d not in (sender, lead))
    stage, referral, task = play(flow, sender=sender, lead=lead, co_handlers=[helper])
    helping = stage.case.tasks_of(referral.id)[1]
    stage.act(helping, "task.signed")
    to_state(stage, task, "confirmed")
    kept = flow.on_lead_close.co_handlers == "keep"
    assert stage.state(helping) == ("signed" if kept else "cancelled")
    told = [event.type for event in stage.told(helper)]
    assert told[-1] == "referral.closed.v1" if kept else "task.cancelled.v1" in told
    if kept:
        stage.act(helping, "task.accepted")


def test_a_copy_takes_note_and_no_more() -> None:
    stage, referral, task = play(rules().flows["F21"][-1], lead="court", copies=["street"])
    copy = stage.case.tasks_of(referral.id)[1]
    stage.act(copy, "task.received")
    stage.act(copy, "task.signed")
    assert stage.state(copy) == "noted"
    to_state(stage, task, "confirmed")
    assert stage.state(copy) == "noted"


def test_returned_lead_leaves_no_open_task_behind() -> None:
    """Nobody owes anything any more for a referral that was returned whole."""
    stage, referral, task = play(
        rules().flows["F21"][-1], lead="court", co_handlers=["justice"], copies=["street"]
    )
    to_state(stage, task, "signed")
    stage.act(task, "task.return_proposed", **step_data("task.return_proposed", rules().flows["F21"][-1]))
    stage.act(task, "return.decided", agreed=True)
    assert stage.case.referrals[referral.id].state == "returned"
    assert [stage.state(t) for t in stage.case.tasks_of(referral.id)] == [
        "returned",
        "cancelled",
        "cancelled",
    ]
    assert stage.told("justice")[-1].own["reason"] == "returned"


@pytest.mark.parametrize("way", ["withdrawn", "returned"])
def test_nothing_is_done_again_for_a_referral_that_is_gone(way: str) -> None:
    """A co-handler whose result was confirmed before can't be made to do it again."""
    flow = rules().flows["F21"][-1]
    stage, referral, task = play(flow, lead="court", co_handlers=["justice"])
    helping = stage.case.tasks_of(referral.id)[1]
    to_state(stage, helping, "confirmed")
    if way == "withdrawn":
        stage.send(
            referral.sender,
            "referral.withdrawal_requested",
            referral=referral.id,
            legal_at=LEGAL_AT,
            reason="x",
        )
    else:
        to_state(stage, task, "signed")
        stage.act(task, "task.return_proposed", **step_data("task.return_proposed", flow))
        stage.act(task, "return.decided", agreed=True)
    assert stage.case.referrals[referral.id].state == way
    with refusal(RefusalName.REFERRAL_CLOSED):
        stage.act(helping, "rework.requested", reason="事实不清")


def test_co_handlers_return_leaves_the_referral_open() -> None:
    flow = rules().flows["F21"][-1]
    stage, referral, task = play(flow, lead="court", co_handlers=["justice"])
    helping = stage.case.tasks_of(referral.id)[1]
    stage.act(helping, "task.signed")
    stage.act(helping, "task.return_proposed", **step_data("task.return_proposed", flow))
    stage.act(helping, "return.decided", agreed=True, reassign_to="street")
    assert stage.case.referrals[referral.id].lead == "court"
    assert [t.role for t in stage.case.tasks_of(referral.id)] == ["lead", "co_handler", "co_handler"]
    to_state(stage, task, "confirmed")
    assert stage.case.referrals[referral.id].state == "closed"


def test_optional_replies_may_be_left_out() -> None:
    """A reply that is not required may be skipped; what comes after it is still due, once."""
    base = rules().flows["F4"][-1].model_dump(by_alias=True)
    base["clocks"] = []
    base["replies"] = [
        {"code": "a", "title": "甲", "en": "a", "final": False, "required": False},
        {"code": "b", "title": "乙", "en": "b", "final": False, "required": True},
        {"code": "c", "title": "丙", "en": "c", "final": True, "required": True},
    ]
    flow = Flow.model_validate(base)
    changed = replace(rules(), flows={**rules().flows, "F4": (flow,)})
    for given in (["a", "b", "c"], ["b", "c"]):
        stage, referral, task = play(flow, under=changed)
        to_state(stage, task, "handling")
        for code in given:
            stage.act(task, "task.replied", reply=code, **({"outcome": "prosecute"} if code == "c" else {}))
        assert stage.case.referrals[referral.id].state == "closed"
