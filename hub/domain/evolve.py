"""`evolve(case, event) -> case`: the only place where the state of a case changes. Total, pure, order-dependent."""

from collections.abc import Callable, Iterable
from sys import intern
from typing import Any

from msgspec.structs import replace

from hub.domain import events as ev
from hub.domain.case import OPEN, Case, Custody, Referral, Task, Waiting
from hub.domain.evolve_deadline import RULES as DEADLINE_RULES
from hub.domain.evolve_duplicate import RULES as DUPLICATE_RULES
from hub.domain.evolve_supervision import RULES as SUPERVISION_RULES
from hub.domain.order_events import HoldReleased, HoldSet
from hub.domain.supervision_events import FollowedUp

# Which instant each step makes, and which it takes back: a request asked anew has no answer yet.
INSTANTS = {
    "task.received": "delivered",
    "task.signed": "signed",
    "task.accepted": "accepted",
    "task.started": "started",
    "task.replied": "replied",
    "reply.confirmed": "confirmed",
    "task.return_proposed": "return_proposed",
    "return.decided": "return_decided",
    "task.supplement_requested": "supplement_requested",
    "supplement.provided": "supplement_provided",
}
TAKEN_BACK = {
    "task.return_proposed": ("return_decided",),
    "task.supplement_requested": ("supplement_provided",),
    "rework.requested": ("replied", "confirmed", "followed_up"),
    "followup.recorded": ("replied", "confirmed", "followed_up"),
}


def fold(case: Case, events: Iterable[ev.Event]) -> Case:
    """All events in order. The given case is left as it is."""
    case = case.copy()
    for event in events:
        change(case, event)
    return case


def evolve(case: Case, event: ev.Event) -> Case:
    """The case after the event. The given case is left as it is."""
    return fold(case, (event,))


def change(case: Case, event: ev.Event) -> None:
    """Move a case that nobody else holds on by the event. Its tasks and referrals may be shared: they are replaced."""
    _RULES[event.e](case, event)
    case.version += 1


def _task(case: Case, task_id: str, **changes: Any) -> None:
    case.tasks[task_id] = replace(case.tasks[task_id], **changes)


def _referral(case: Case, referral_id: str, **changes: Any) -> None:
    case.referrals[referral_id] = replace(case.referrals[referral_id], **changes)


def _opened(case: Case, event: ev.CaseOpened) -> None:
    case.born = True


def _raised(case: Case, event: ev.ReferralRaised) -> None:
    case.referrals[event.referral] = Referral(
        id=event.referral,
        flow=event.flow,
        flow_version=event.flow_version,
        kind=event.kind,
        sender=event.sender,
        lead=event.lead,
        local_number=event.local_number,
        legal_at=event.legal_at,
        raised_at=event.raised_at,
        contents=(event.content,),
        opened_by=event.opened_by,
        due_on=event.due_on,
        track=event.track,
        priority=event.priority,
        matter=event.matter,
        region=event.region,
        weight=event.weight,
    )


def _assigned(case: Case, event: ev.TaskAssigned) -> None:
    case.tasks[event.task] = Task(
        event.task, event.referral, event.department, event.role, state="assigned", since=event.at
    )


def _stepped(case: Case, event: ev.TaskStepped) -> None:
    task = case.tasks[event.task]
    received = task.received or event.step == "task.received"
    instants = _instants(task, event)
    _task(case, event.task, state=event.state, since=event.at, received=received, instants=instants)


def _instants(task: Task, event: ev.TaskStepped) -> dict[str, str]:
    instant, back = INSTANTS.get(event.step), TAKEN_BACK.get(event.step, ())
    if instant is None and not back:
        return task.instants
    instants = {name: at for name, at in task.instants.items() if name not in back}
    if instant is not None:
        instants[instant] = event.legal_at
    return instants


def _receipt_late(case: Case, event: ev.ReceiptCameLate) -> None:
    _task(case, event.task, received=True)


def _request_opened(case: Case, event: ev.RequestOpened) -> None:
    if event.task is None:
        _referral(case, event.referral, pending=event.request)
        return
    _task(case, event.task, pending=event.request)
    if event.request == "return":
        _referral(case, event.referral, returns=case.referrals[event.referral].returns + 1)


def _request_closed(case: Case, event: ev.RequestClosed) -> None:
    if event.task is None:
        _referral(case, event.referral, pending=None)
    else:
        _task(case, event.task, pending=None)


def _reply(case: Case, event: ev.ReplyGiven) -> None:
    instants = case.tasks[event.task].instants
    if not event.final:
        # The step before said "replied": it was an earlier reply of the flow.
        instants = dict(instants)
        instants[f"reply.{event.reply}"] = instants.pop("replied")
    _task(case, event.task, replies=event.place, outcome=event.outcome, instants=instants)


def _ended(case: Case, event: ev.ReferralEnded) -> None:
    ended = {"state": event.state, "outcome": event.outcome, "pending": None, "keeper": None}
    _referral(case, event.referral, **ended)


def _reopened(case: Case, event: ev.ReferralReopened) -> None:
    _referral(case, event.referral, state=OPEN, outcome=None)


def _rework(case: Case, event: ev.TaskStepped) -> None:
    task = case.tasks[event.task]
    again = {"state": event.state, "since": event.at, "replies": task.replies - 1, "outcome": None}
    _task(case, event.task, **again, instants=_instants(task, event))
    referral = case.referrals[task.referral]
    if event.step == "rework.requested":
        _referral(case, referral.id, reworks=referral.reworks + 1)
    else:
        _referral(case, referral.id, reopenings=referral.reopenings + 1)


def _followed_up(case: Case, event: FollowedUp) -> None:
    if event.rating is not None:
        _referral(case, event.referral, rating=event.rating, satisfied=event.satisfied)
    if event.task is not None:
        instants = {**case.tasks[event.task].instants, "followed_up": event.legal_at}
        _task(case, event.task, instants=instants)


def _lead(case: Case, event: ev.LeadChanged) -> None:
    _referral(case, event.referral, lead=event.lead)


def _escalated(case: Case, event: ev.ReferralEscalated) -> None:
    _referral(case, event.referral, **{event.stage: event.to})


def _settled(case: Case, event: ev.DisputeSettled) -> None:
    _referral(case, event.referral, settled=True)


def _owner(case: Case, event: ev.OwnerNamed) -> None:
    # What is the default is left out when a case is written: msgspec knows it by identity, not by what it says.
    _task(case, event.task, officer=event.officer, rank=intern(event.rank))


def _rank(case: Case, event: ev.OwnerRankWanted) -> None:
    _referral(case, event.referral, owner_rank=event.rank)


def _prioritised(case: Case, event: ev.ReferralPrioritised) -> None:
    _referral(case, event.referral, priority=event.priority)


def _kept(case: Case, event: ev.OwnershipKept) -> None:
    _referral(case, event.referral, keeper=event.by)


def _number(case: Case, event: ev.NumberLearned) -> None:
    if event.task is not None:
        _task(case, event.task, local_number=event.number)


def _corrected(case: Case, event: ev.ReferralCorrected) -> None:
    referral = case.referrals[event.referral]
    legal_at = event.legal_at or referral.legal_at
    contents = (*referral.contents, event.content)
    _referral(case, event.referral, contents=contents, legal_at=legal_at, **event.values)


def _fact(case: Case, event: ev.FactRecorded) -> None:
    case.facts[event.fact], case.moments[event.fact] = event.value, event.legal_at
    if event.fact == "in_custody":
        case.custody = (*case.custody, Custody(event.legal_at, event.value == "true"))


def _linked(case: Case, event: ev.CaseLinked) -> None:
    case.links = tuple(dict.fromkeys((*case.links, event.other)))


def _merged(case: Case, event: ev.CaseMerged) -> None:
    case.merged_into = event.into


def _waits(case: Case, event: ev.MessageWaits) -> None:
    case.waiting = (*case.waiting, Waiting(event.message, event.since, event.held))


def _taken_up(case: Case, event: ev.MessageTakenUp) -> None:
    case.waiting = tuple(w for w in case.waiting if w.message != event.message)


def _hold_set(case: Case, event: HoldSet) -> None:
    case.holds = {**case.holds, event.hold: event.article}


def _hold_released(case: Case, event: HoldReleased) -> None:
    case.holds = {hold: article for hold, article in case.holds.items() if hold != event.hold}


def _notified(case: Case, event: ev.Notified) -> None:
    case.sequences[event.to] = event.sequence


def _unchanged(case: Case, event: ev.Event) -> None:
    return


def _step(case: Case, event: ev.TaskStepped) -> None:
    if event.step in ("rework.requested", "followup.recorded"):
        _rework(case, event)
    else:
        _stepped(case, event)


_RULES: dict[str, Callable[[Case, Any], None]] = {
    "case_opened": _opened,
    "referral_raised": _raised,
    "referral_routed": _unchanged,
    "task_assigned": _assigned,
    "task_stepped": _step,
    "receipt_came_late": _receipt_late,
    "request_opened": _request_opened,
    "request_closed": _request_closed,
    "reply_given": _reply,
    "referral_ended": _ended,
    "referral_reopened": _reopened,
    "followed_up": _followed_up,
    "lead_changed": _lead,
    "referral_escalated": _escalated,
    "dispute_settled": _settled,
    "ownership_kept": _kept,
    "owner_named": _owner,
    "owner_rank_wanted": _rank,
    "referral_prioritised": _prioritised,
    "number_learned": _number,
    "referral_corrected": _corrected,
    "fact_recorded": _fact,
    "case_linked": _linked,
    "case_merged": _merged,
    "message_waits": _waits,
    "message_taken_up": _taken_up,
    "redelivery_granted": _unchanged,
    "passed_on": _unchanged,
    "erased": _unchanged,
    "hold_set": _hold_set,
    "hold_released": _hold_released,
    "hub_message_issued": _unchanged,
    "notified": _notified,
    **DEADLINE_RULES,
    **SUPERVISION_RULES,
    **DUPLICATE_RULES,
}
