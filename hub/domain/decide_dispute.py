"""A dispute over whose matter it is: consult, then the superior, then the joint conference, whose decision is the last.

信访工作条例 24 has this order; a city's other flows follow it. Each stage has its own limit on the ladder of receipts.
"""

from hub.domain import events as ev
from hub.domain.case import Referral, Task
from hub.domain.decide_referral import assign
from hub.domain.decision import Draft
from hub.domain.lifecycle import Step
from hub.domain.ownership import ping_pong
from hub.domain.routing import nearest_of
from hub.errors import Refusal, RefusalName

GONE = ("returned", "cancelled")
CONFERENCE = "conference"
UNDECIDED = ("return_decided", "superior_decided")


def check_consultation(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    """Refuse that a dispute goes up where nobody is above. Returns the state after the step."""
    if not draft.message.open["settled"] and _next(draft, task, referral) is None:
        raise Refusal(
            RefusalName.ILLEGAL_STEP, "settled false: nobody is above who could decide", ["return.decided"]
        )
    return target


def after_consultation(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    """Not settled: it goes up."""
    if not draft.message.open["settled"]:
        go_up(draft, task, "not_settled")


def at_the_limit(draft: Draft, task: Task) -> None:
    """A return that reaches the flow's limit, or goes beyond: the superior comes in, or is told again (条例 24)."""
    referral = draft.case.referrals[task.referral]
    if referral.conference is not None:
        _up(draft, task, CONFERENCE, referral.conference, "limit")
    elif referral.superior is not None:
        _up(draft, task, "superior", referral.superior, "limit")
    else:
        _up(draft, task, *(_next(draft, task, referral) or ("superior", None)), "limit")


def go_up(draft: Draft, task: Task, why: str) -> None:
    """To who decides next; stays where it is when nobody is above."""
    found = _next(draft, task, draft.case.referrals[task.referral])
    if found is not None:
        _up(draft, task, *found, why)


def _next(draft: Draft, task: Task, referral: Referral) -> tuple[str, str | None] | None:
    if referral.conference is not None:
        return None
    if referral.superior is None and (superior := _superior(draft, task, referral)) is not None:
        return "superior", superior
    conference = _conference(draft, task, referral)
    return None if conference is None else (CONFERENCE, conference)


def _up(draft: Draft, task: Task, stage: str, to: str | None, why: str) -> None:
    """Who comes in sees what the lead sees, as a copy, and may decide from now on; the others learn of it."""
    referral = draft.case.referrals[task.referral]
    flow, (returns, hands) = draft.flow(referral), ping_pong(draft.case, referral)
    draft.add(ev.ReferralEscalated(referral.id, task.id, returns, draft.at, to, stage, why))
    own = {"referral": referral.id, "task": task.id, "returns": returns, "superior": to}
    own |= {"stage": stage, "why": why, "hands": hands}
    for department, role in {referral.sender: "sender", task.department: task.role}.items():
        draft.tell(department, flow.visibility.ceiling(role), "referral.escalated.v1", own)
    if to is None:
        return
    if to not in {one.department for one in draft.case.tasks_of(referral.id) if one.state not in GONE}:
        assign(draft, referral.id, draft.message.derive("task"), to, "copy", sees_as="lead")
    ceiling = flow.visibility.ceiling("lead")
    if draft.message.step == "task.return_proposed":
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


def _conference(draft: Draft, task: Task, referral: Referral) -> str | None:
    """Who convenes the joint conference 联席会议 for the sender's place; none when that is not one department."""
    departments, city = draft.rules.departments, draft.rules.directory.city
    sender = departments.get(referral.sender)
    place = city.region if sender is None else sender.region
    found = nearest_of([CONFERENCE], departments, place, None, [CONFERENCE])
    if len(found) != 1 or found[0] in (referral.sender, task.department, referral.superior):
        return None
    return found[0]
