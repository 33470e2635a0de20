"""Deciding on a referral that is there: its tasks given, withdrawn, corrected, closed."""

from collections.abc import Callable
from typing import Any

from hub.domain import events as ev
from hub.domain.case import CLOSED, OPEN, WITHDRAWN, Referral, Task
from hub.domain.decision import Draft
from hub.domain.flow import CodeText
from hub.errors import Refusal, RefusalName
from schemas.messages.base import Priority


def assign(
    draft: Draft, referral_id: str, task: str, department: str, role: str, sees_as: str | None = None
) -> None:
    """Give a department a task and tell it, with what its role, or `sees_as`, may see of the referral."""
    referral = draft.case.referrals[referral_id]
    draft.add(ev.TaskAssigned(task, referral_id, department, role, draft.at))
    own: dict[str, Any] = {"referral": referral_id, "task": task, "role": role, "lead": referral.lead}
    if channels := draft.rules.urgency.priorities[Priority(referral.priority)].channels:
        own["channels"] = channels
    ceiling = draft.flow(referral).visibility.ceiling(sees_as or role)
    draft.tell(department, ceiling, "task.assigned.v1", own, list(referral.contents))


def check_receiver(draft: Draft, department: str, role: str, roles: list[CodeText]) -> None:
    """Refuse a receiver that is not registered or whose role the flow does not allow there."""
    known = draft.rules.departments.get(department)
    if known is None:
        allowed = sorted(draft.rules.departments)
        raise Refusal(RefusalName.UNKNOWN_DEPARTMENT, f"{role} {department!r} is not registered", allowed)
    if not known.plays(roles):
        raise Refusal(RefusalName.RECEIVER_NOT_IN_FLOW, f"{role} {department!r} plays {known.roles}", roles)


def withdrawal_requested(draft: Draft) -> None:
    """撤回. At once while the lead has not gone too far (flow data), else the lead decides."""
    referral = _open_referral(draft, by_sender=True)
    for task in draft.case.tasks_of(referral.id):
        refuse_if_raced(draft, task, "referral.withdrawal_requested")
    lead = lead_task(draft, referral)
    states = list(draft.rules.lifecycle.states)
    flow = draft.flow(referral)
    if lead is None or states.index(lead.state) < states.index(flow.withdraw.before):
        withdraw(draft, referral)
        return
    if lead.state == "replied":
        raise Refusal(
            RefusalName.ILLEGAL_STEP, "the lead has replied", ["reply.confirmed", "rework.requested"]
        )
    if flow.withdraw.after == "nobody":
        raise Refusal(
            RefusalName.ILLEGAL_STEP,
            f"{flow.flow} can't be withdrawn once the lead has {flow.withdraw.before}",
        )
    draft.add(ev.RequestOpened("withdrawal", referral.id, None, draft.message.source, draft.at))
    draft.tell(lead.department, flow.visibility.ceiling("lead"))


def withdrawal_decided(draft: Draft) -> None:
    """The lead agrees to the withdrawal or does not."""
    referral = _open_referral(draft)
    if draft.message.source != referral.lead:
        raise Refusal(RefusalName.NOT_YOUR_TASK, f"the lead is {referral.lead!r}", [referral.lead])
    if referral.pending != "withdrawal":
        raise Refusal(RefusalName.ILLEGAL_STEP, "no withdrawal is requested")
    agreed = bool(draft.message.open["agreed"])
    verdict = "agreed" if agreed else "refused"
    draft.add(ev.RequestClosed("withdrawal", referral.id, None, verdict, draft.at))
    draft.tell(referral.sender, draft.flow(referral).visibility.ceiling("sender"))
    if agreed:
        withdraw(draft, referral)


def withdraw(draft: Draft, referral: Referral) -> None:
    """End the referral as withdrawn and cancel what is open."""
    cancel_open_tasks(draft, referral, "withdrawn", roles=("lead", "co_handler", "copy"))
    draft.add(ev.ReferralEnded(referral.id, WITHDRAWN, None, draft.at))
    draft.tell(
        referral.sender,
        draft.flow(referral).visibility.ceiling("sender"),
        "referral.closed.v1",
        {"referral": referral.id, "state": WITHDRAWN},
    )


def close(draft: Draft, referral: Referral, outcome: str | None) -> None:
    """End the referral as closed; what becomes of co-handlers' open tasks is flow data (5a.10)."""
    draft.add(ev.ReferralEnded(referral.id, CLOSED, outcome, draft.at))
    flow = draft.flow(referral)
    if flow.on_lead_close.co_handlers == "close":
        cancel_open_tasks(draft, referral, "lead_closed", roles=("co_handler",))
    own = {"referral": referral.id, "state": CLOSED, "outcome": outcome}
    told = {referral.sender: "sender"}
    gone = ("returned", "cancelled")
    tasks = draft.case.tasks_of(referral.id)
    told |= {task.department: task.role for task in tasks if task.role != "copy" and task.state not in gone}
    opened = {referral.sender: "sender", referral.lead: "lead"}
    for department, role in told.items():
        opens = [
            {"flow": opening.flow, "must": opening.duty == "must"}
            for opening in flow.opens.get(outcome or "", ())
            if opening.by == opened.get(department)
        ]
        with_opens = {**own, "opens": opens} if opens else own
        draft.tell(department, flow.visibility.ceiling(role), "referral.closed.v1", with_opens)


def cancel_open_tasks(draft: Draft, referral: Referral, reason: str, roles: tuple[str, ...]) -> None:
    """Cancel the tasks of these roles that have not ended, and tell their departments."""
    lifecycle, flow = draft.rules.lifecycle, draft.flow(referral)
    for task in draft.case.tasks_of(referral.id):
        if task.role in roles and not lifecycle.ended(task.state):
            by, legal_at = draft.message.source, draft.message.open["legal_at"]
            if task.pending is not None:
                draft.add(ev.RequestClosed(task.pending, referral.id, task.id, "superseded", draft.at))
            draft.add(ev.TaskStepped(task.id, reason, "cancelled", by, draft.at, legal_at))
            own = {"referral": referral.id, "task": task.id, "reason": reason}
            draft.tell(task.department, flow.visibility.ceiling(task.role), "task.cancelled.v1", own)


def corrected(draft: Draft) -> None:
    """更正: the sender corrects facts; the receivers get the corrected fields, the history keeps both."""
    referral = draft.referral()
    if draft.message.source != referral.sender:
        raise Refusal(
            RefusalName.NOT_A_PARTY, f"only the sender {referral.sender!r} may correct", [referral.sender]
        )
    data = draft.message.open
    legal_at = data.get("corrected_legal_at")
    values = {name: data.get(name) for name in ("matter", "region") if name in data["fields"]}
    draft.add(ev.ReferralCorrected(referral.id, draft.message.ref, list(data["fields"]), legal_at, values))
    if "in_custody" in data["fields"] and data.get("in_custody") is not None:
        draft.add(ev.FactRecorded("in_custody", str(data["in_custody"]).lower(), data["legal_at"]))
    flow = draft.flow(referral)
    for task in draft.case.tasks_of(referral.id):
        if task.state not in ("returned", "cancelled"):
            draft.tell(task.department, flow.visibility.ceiling(task.role))


def _open_referral(draft: Draft, by_sender: bool = False) -> Referral:
    referral = draft.referral()
    if by_sender and draft.message.source != referral.sender:
        raise Refusal(
            RefusalName.NOT_A_PARTY, f"only the sender {referral.sender!r} may do this", [referral.sender]
        )
    if referral.state != OPEN:
        raise Refusal(RefusalName.REFERRAL_CLOSED, f"referral {referral.id} is {referral.state}")
    return referral


def lead_task(draft: Draft, referral: Referral) -> Task | None:
    """The lead's task that has not been returned or cancelled."""
    for task in draft.case.tasks_of(referral.id):
        if task.role == "lead" and task.state not in ("returned", "cancelled"):
            return task
    return None


def refuse_if_raced(draft: Draft, task: Task, step: str) -> None:
    """Apply the race table to a step against what waits on the task and on its referral (5a.10)."""
    referral = draft.case.referrals[task.referral]
    for waiting, scope in ((task.pending, task.id), (referral.pending, None)):
        if waiting is None:
            continue
        verdict = draft.rules.lifecycle.races[waiting].get(step, "both")  # type: ignore[index]
        if verdict == "first":
            raise Refusal(
                RefusalName.SUPERSEDED, f"a {waiting} is waiting since before; state {task.state!r}"
            )
        if verdict == "replaces":
            draft.add(ev.RequestClosed(waiting, referral.id, scope, "given_up", draft.at))


HANDLERS: dict[str, Callable[[Draft], None]] = {
    "referral.withdrawal_requested": withdrawal_requested,
    "referral.withdrawal_decided": withdrawal_decided,
    "referral.corrected": corrected,
}
