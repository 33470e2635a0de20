"""Deciding on returns 退回 of a task: asked for with a reason of the flow, agreed or not, and to whom it goes then."""

from hub.domain import events as ev
from hub.domain.case import RETURNED, Referral, Task
from hub.domain.decide_referral import assign, cancel_open_tasks, check_receiver
from hub.domain.decide_route import check_admission
from hub.domain.decision import Draft
from hub.domain.flow import Flow
from hub.domain.lifecycle import Step
from hub.domain.routing_rows import Asked
from hub.errors import Refusal, RefusalName

GONE = ("returned", "cancelled")


def check_reason(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    """Refuse a reason that the flow does not name. Returns the state after the step."""
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
    """At the flow's limit of returns the superior comes in: it sees what the lead sees, and may decide (条例 24)."""
    referral, flow = draft.case.referrals[referral.id], draft.flow(referral)
    if referral.returns < flow.limits.returns:
        return
    to = referral.superior or _superior(draft, task, referral)
    draft.add(ev.ReferralEscalated(referral.id, task.id, referral.returns, draft.at, to))
    own = {"referral": referral.id, "task": task.id, "returns": referral.returns, "superior": to}
    for department, role in {referral.sender: "sender", task.department: task.role}.items():
        draft.tell(department, flow.visibility.ceiling(role), "referral.escalated.v1", own)
    if to is None:
        return
    if to not in {one.department for one in draft.case.tasks_of(referral.id) if one.state not in GONE}:
        assign(draft, referral.id, draft.message.derive("task"), to, "copy", sees_as="lead")
    ceiling = flow.visibility.ceiling("lead")
    draft.tell(to, ceiling)
    draft.tell(to, ceiling, "referral.escalated.v1", own)


def _superior(draft: Draft, task: Task, referral: Referral) -> str | None:
    """The sender's superior, else the handler's; never one of the two themselves."""
    departments = draft.rules.departments
    for below in (referral.sender, task.department):
        known = departments.get(below)
        superior = None if known is None else known.superior
        if superior is not None and superior not in (referral.sender, task.department):
            return superior
    return None


def after_decision(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    """Agreed: the task goes to another department, or the referral ends with the lead's; not agreed: all stays."""
    data = draft.message.open
    verdict = "agreed" if data["agreed"] else "refused"
    draft.add(ev.RequestClosed("return", referral.id, task.id, verdict, draft.at))
    if not data["agreed"]:
        return
    to = data.get("reassign_to")
    if to is not None:
        if task.role == "lead":
            draft.add(ev.LeadChanged(referral.id, to))
        assign(draft, referral.id, draft.message.derive("task"), to, task.role)
    elif task.role == "lead":
        cancel_open_tasks(draft, referral, "returned", roles=("co_handler", "copy"))
        draft.add(ev.ReferralEnded(referral.id, RETURNED, None, draft.at))
