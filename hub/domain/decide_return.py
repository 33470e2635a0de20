"""Deciding on returns 退回 of a task: asked for with a reason of the flow, agreed or not, and to whom it goes then."""

from hub.domain import events as ev
from hub.domain.case import RETURNED, Referral, Task
from hub.domain.decide_dispute import GONE, at_the_limit
from hub.domain.decide_referral import assign, cancel_open_tasks, check_receiver
from hub.domain.decide_route import check_admission
from hub.domain.decision import Draft
from hub.domain.flow import Flow
from hub.domain.lifecycle import Step
from hub.domain.routing_rows import Asked
from hub.domain.supervising import trigger_at_return
from hub.errors import Refusal, RefusalName


def check_reason(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    """Refuse a reason that the flow does not name. Returns the state after the step."""
    if referral.settled:
        raise Refusal(
            RefusalName.LIMIT_REACHED,
            "the joint conference has decided whose matter it is",
            ["task.accepted"],
        )
    codes = [reason.code for reason in draft.flow(referral).return_reasons]
    if draft.message.open["reason_code"] not in codes:
        raise Refusal(
            RefusalName.UNKNOWN_RETURN_REASON,
            f"reason_code {draft.message.open['reason_code']!r} in {referral.flow}",
            codes,
        )
    return target


def check_decision(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    """Refuse a new receiver that is unfit. Returns the state after the step."""
    data, flow = draft.message.open, draft.flow(referral)
    if not data["agreed"]:
        return target
    if (to := data.get("reassign_to")) is not None:
        check_receiver(draft, to, task.role, _roles(flow, task.role))
        asked = Asked(referral.matter, referral.region, referral.weight, referral.track, referral.priority)
        check_admission(draft, to, asked, referral.legal_at, data.get("admission"))
        open_there = {t.department for t in draft.case.tasks_of(referral.id) if t.state not in GONE}
        if to in open_there or to == referral.sender:
            raise Refusal(
                RefusalName.RECEIVER_TWICE, f"reassign_to {to!r} is the sender or has a task already"
            )
    return "returned"


def _roles(flow: Flow, role: str) -> list[str]:
    return {"lead": flow.lead, "co_handler": flow.co_handlers, "copy": flow.copies}[role]


def after_proposal(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    """At the flow's limit of returns the dispute goes up. The ladder of supervision may have a step for so many."""
    trigger_at_return(draft, referral, task)
    referral = draft.case.referrals[referral.id]
    if referral.returns >= draft.flow(referral).limits.returns:
        at_the_limit(draft, task)


def after_decision(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    """Agreed: the task goes to another department, back to who received it first, or the referral ends with the lead's.

    Not agreed: all stays. What the joint conference decides is the last word.
    """
    data = draft.message.open
    verdict = "agreed" if data["agreed"] else "refused"
    draft.add(ev.RequestClosed("return", referral.id, task.id, verdict, draft.at))
    if draft.message.source == referral.conference:
        draft.add(ev.DisputeSettled(referral.id, referral.conference, draft.at))
    if not data["agreed"]:
        return
    to = data.get("reassign_to")
    if task.role != "lead":
        if to is not None:
            assign(draft, referral.id, draft.message.derive("task"), to, task.role)
        return
    back = referral.keeper if referral.keeper != task.department else None
    if to is not None:
        _to_another(draft, task, referral, to)
    elif back is not None:
        _new_lead(draft, referral, back)
        keep(draft, referral, None, back, "came_back")
    else:
        cancel_open_tasks(draft, referral, "returned", roles=("co_handler", "copy"))
        draft.add(ev.ReferralEnded(referral.id, RETURNED, None, draft.at))


def after_acceptance(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    """首接首办: a lead that came later has accepted it, so who received it first owns it no longer."""
    if task.role == "lead" and referral.keeper is not None:
        keep(draft, referral, None, task.department, "accepted")


def _to_another(draft: Draft, task: Task, referral: Referral, to: str) -> None:
    _new_lead(draft, referral, to)
    if referral.keeper == to:
        keep(draft, referral, None, to, "came_back")
    elif referral.keeper is None and draft.flow(referral).first_receiver == "keeps":
        keep(draft, referral, task.department, task.department, "first_receiver")


def _new_lead(draft: Draft, referral: Referral, to: str) -> None:
    leads = {one.department for one in draft.case.tasks_of(referral.id) if one.role == "lead"}
    draft.add(ev.LeadChanged(referral.id, to, len(leads | {to})))
    assign(draft, referral.id, draft.message.derive("task"), to, "lead")


def keep(draft: Draft, referral: Referral, keeper: str | None, owner: str, ground: str) -> None:
    """Say who owns the referral now, to the sender, to who kept it, and to the owner."""
    draft.add(ev.OwnershipKept(referral.id, keeper, draft.at))
    visibility = draft.flow(referral).visibility
    own = {"referral": referral.id, "owner": owner, "ground": ground}
    roles = {referral.sender: "sender", referral.keeper: "lead", owner: "lead"}
    for department, role in roles.items():
        if department is not None and department != draft.message.source:
            draft.tell(department, visibility.ceiling(role), "ownership.changed.v1", own)
