"""Deciding on a follow-up 回访: who was asked, how satisfied; a citizen who is not opens the closed referral again."""

from hub.domain import events as ev
from hub.domain.case import CLOSED, Referral, Task
from hub.domain.decide_deadline import meet
from hub.domain.decide_referral import lead_task
from hub.domain.decision import Draft
from hub.domain.flow import Followup
from hub.domain.supervision_events import FollowedUp
from schemas.classes import FieldClass

RUNG, STEP = "followed_up", "followup.recorded"
_OVER = ("replied", "confirmed")


def recorded(draft: Draft) -> None:
    """Keep who was reached and the rating, and tell the other side. It counts once there is a result to be asked about.

    Below the flow's rating of satisfaction a closed referral opens again, as often as the flow allows: the lead has its
    task back, as after a rework, and owes the final reply anew.
    """
    referral = draft.referral()
    flow, lead, data = draft.flow(referral), lead_task(draft, referral), draft.message.open
    reached, rating = bool(data["reached"]), data.get("rating")
    rule = flow.followup
    satisfied = None if rating is None or rule is None else rating >= rule.satisfied
    counts = reached and lead is not None and lead.state in _OVER
    task = lead.id if counts and lead is not None else None
    source, legal_at = draft.message.source, data["legal_at"]
    draft.add(FollowedUp(referral.id, source, reached, draft.at, legal_at, task, rating, satisfied))
    reopens = counts and satisfied is False and _may_reopen(referral, rule)
    to, role = (referral.sender, "sender") if source == referral.lead else (referral.lead, "lead")
    own = {} if satisfied is None else {"satisfied": satisfied, "reopened": reopens}
    draft.tell(to, flow.visibility.ceiling(role), own=own)
    for number, running in list(draft.case.deadlines.items()):
        if task is not None and (running.clock, running.task) == (RUNG, task):
            meet(draft, number, legal_at)
    if reopens and lead is not None:
        _reopen(draft, referral, lead)


def _may_reopen(referral: Referral, rule: Followup | None) -> bool:
    return referral.state == CLOSED and rule is not None and referral.reopenings < rule.reopenings


def _reopen(draft: Draft, referral: Referral, lead: Task) -> None:
    """It counts as open again, once, with the lead as its owner."""
    state = draft.rules.lifecycle.reopens[lead.state]
    legal_at = draft.message.open["legal_at"]
    draft.add(ev.TaskStepped(lead.id, STEP, state, draft.message.source, draft.at, legal_at))
    draft.add(ev.ReferralReopened(referral.id, draft.at))
    reopenings = draft.case.referrals[referral.id].reopenings
    # Systems know what to do with a task that is sent back; why, they read in the reason.
    back = {
        "legal_at": draft.at,
        "referral": referral.id,
        "task": lead.id,
        "reason": "回访不满意 not satisfied",
    }
    draft.tell(lead.department, FieldClass.INTERNAL, "rework.requested.v1", back)
    own = {"referral": referral.id, "task": lead.id, "reopenings": reopenings}
    told = [referral.sender, *(one.department for one in draft.case.tasks_of(referral.id) if _hears(one))]
    for department in dict.fromkeys(told):
        draft.tell(department, FieldClass.INTERNAL, "referral.reopened.v1", own)


def _hears(task: Task) -> bool:
    return task.role != "copy" and task.state not in ("returned", "cancelled")


HANDLERS = {STEP: recorded}
