"""The ladder of receipts: each task waits for exactly one step at a time, and its limit runs until it comes.

The limits are the city's, by flow and department; they count from when the hub learned that the step is due.
"""

from hub.domain import deadline_events as de
from hub.domain.case import CLOSED, RETURNED, RUNG, WITHDRAWN, Referral, Task
from hub.domain.decide_deadline import meet, rung_taken
from hub.domain.decision import Draft
from hub.domain.touched import Touched

_OF_STATE = {
    "assigned": "delivered",
    "delivered": "signed",
    "signed": "accepted",
    "accepted": "replied",
    "handling": "replied",
    "replied": "confirmed",
}
_SENDERS = ("confirmed", "return_decided", "supplement_provided")
_RUNGS = ("delivered", "signed", "accepted", "replied", "confirmed")


def follow_receipts(draft: Draft, touched: Touched) -> None:
    """Bring the limits of the ladder in line with the case, for the tasks that the message touched."""
    case = draft.case
    limits = {one.task: number for number, one in case.deadlines.items() if one.place == RUNG}
    # Tasks themselves do not change here.
    for task in case.tasks.values():
        if task.id not in touched.tasks and task.referral not in touched.referrals:
            continue
        referral = case.referrals[task.referral]
        rung, number = expected(referral, task), limits.get(task.id)
        if number is not None:
            now = case.deadlines[number].clock
            if now == rung:
                continue
            _end(draft, number, now, task, touched.tasks.get(task.id, set()))
        if rung is not None:
            _start(draft, referral, task, rung)


def expected(referral: Referral, task: Task) -> str | None:
    """The step that the task waits for; None when it has ended. Of a copy 抄送 only that it arrived."""
    if task.state in ("returned", "cancelled") or referral.state in (RETURNED, WITHDRAWN):
        return None
    if task.role == "copy":
        return "delivered" if task.state == "assigned" else None
    if task.role == "lead" and referral.pending == "withdrawal":
        return "withdrawal_decided"
    if task.pending is not None:
        return _returned(referral) if task.pending == "return" else "supplement_provided"
    if task.state == "confirmed":
        followed = task.role != "lead" or referral.state != CLOSED or "followed_up" in task.instants
        return None if followed else "followed_up"
    return _OF_STATE.get(task.state)


def _returned(referral: Referral) -> str:
    """Before whom the dispute over a return is now."""
    if referral.conference is not None:
        return "conference_decided"
    return "return_decided" if referral.superior is None else "superior_decided"


def _owner(referral: Referral, task: Task, rung: str) -> str:
    above = {"superior_decided": referral.superior, "conference_decided": referral.conference}
    return above.get(rung) or (referral.sender if rung in _SENDERS else task.department)


def _start(draft: Draft, referral: Referral, task: Task, rung: str) -> None:
    owner = _owner(referral, task, rung)
    if rung == "followed_up":
        rule = draft.flow(referral).followup
        if rule is None:
            return
        owner = referral.sender if rule.by == "sender" else task.department
    asked = referral.flow, referral.flow_version, owner, referral.track, referral.priority
    within = draft.rules.limits(*asked).get(rung)
    if within is not None:
        due = draft.rules.timetable.limit(within, draft.at)
        draft.add(de.DeadlineStarted(draft.case.numbered + 1, rung, task.id, owner, due))


def _end(draft: Draft, number: int, rung: str, task: Task, touched: set[str]) -> None:
    """Met when the step was taken, or one that implies it: who signs has received."""
    later = _RUNGS[_RUNGS.index(rung) :] if rung in _RUNGS else (rung,)
    taken = next((one for one in later if one in touched and one in task.instants), rung)
    end = rung_taken(draft, taken, task)
    if end is None:
        draft.add(de.DeadlineEnded(number, "stopped"))
    else:
        meet(draft, number, end)
