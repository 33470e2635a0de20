"""`evolve(case, event) -> case`: the only place where the state of a case changes. Total, pure, order-dependent."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hub.domain import events as ev
from hub.domain.case import OPEN, Case, Referral, Task, Waiting


def fold(case: Case, events: Iterable[ev.Event]) -> Case:
    """All events in order."""
    for event in events:
        case = evolve(case, event)
    return case


def evolve(case: Case, event: ev.Event) -> Case:
    """The case after the event. The given case is left as it is."""
    changed: Case = _RULES[event.e](case, event)
    changed.version = case.version + 1
    return changed


def _task(case: Case, task_id: str, **changes: Any) -> Case:
    return replace(case, tasks={**case.tasks, task_id: replace(case.tasks[task_id], **changes)})


def _referral(case: Case, referral_id: str, **changes: Any) -> Case:
    return replace(
        case, referrals={**case.referrals, referral_id: replace(case.referrals[referral_id], **changes)}
    )


def _opened(case: Case, event: ev.CaseOpened) -> Case:
    return replace(case, born=True)


def _raised(case: Case, event: ev.ReferralRaised) -> Case:
    referral = Referral(
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
    )
    return replace(case, referrals={**case.referrals, referral.id: referral})


def _assigned(case: Case, event: ev.TaskAssigned) -> Case:
    task = Task(event.task, event.referral, event.department, event.role, state="assigned", since=event.at)
    return replace(case, tasks={**case.tasks, task.id: task})


def _stepped(case: Case, event: ev.TaskStepped) -> Case:
    return _task(case, event.task, state=event.state, since=event.at)


def _request_opened(case: Case, event: ev.RequestOpened) -> Case:
    if event.task is None:
        return _referral(case, event.referral, pending=event.request)
    case = _task(case, event.task, pending=event.request)
    if event.request == "return":
        return _referral(case, event.referral, returns=case.referrals[event.referral].returns + 1)
    return case


def _request_closed(case: Case, event: ev.RequestClosed) -> Case:
    if event.task is None:
        return _referral(case, event.referral, pending=None)
    return _task(case, event.task, pending=None)


def _reply(case: Case, event: ev.ReplyGiven) -> Case:
    return _task(case, event.task, replies=event.place, outcome=event.outcome)


def _ended(case: Case, event: ev.ReferralEnded) -> Case:
    return _referral(case, event.referral, state=event.state, outcome=event.outcome, pending=None)


def _reopened(case: Case, event: ev.ReferralReopened) -> Case:
    return _referral(case, event.referral, state=OPEN, outcome=None)


def _rework(case: Case, event: ev.TaskStepped) -> Case:
    task = case.tasks[event.task]
    case = _task(case, event.task, state=event.state, since=event.at, replies=task.replies - 1, outcome=None)
    return _referral(case, task.referral, reworks=case.referrals[task.referral].reworks + 1)


def _lead(case: Case, event: ev.LeadChanged) -> Case:
    return _referral(case, event.referral, lead=event.lead)


def _number(case: Case, event: ev.NumberLearned) -> Case:
    if event.task is None:
        return replace(case)
    return _task(case, event.task, local_number=event.number)


def _corrected(case: Case, event: ev.ReferralCorrected) -> Case:
    referral = case.referrals[event.referral]
    legal_at = event.legal_at or referral.legal_at
    return _referral(case, event.referral, contents=(*referral.contents, event.content), legal_at=legal_at)


def _fact(case: Case, event: ev.FactRecorded) -> Case:
    return replace(case, facts={**case.facts, event.fact: event.value})


def _linked(case: Case, event: ev.CaseLinked) -> Case:
    return replace(case, links=tuple(dict.fromkeys((*case.links, event.other))))


def _merged(case: Case, event: ev.CaseMerged) -> Case:
    return replace(case, merged_into=event.into)


def _waits(case: Case, event: ev.MessageWaits) -> Case:
    return replace(case, waiting=(*case.waiting, Waiting(event.message, event.since, event.held)))


def _taken_up(case: Case, event: ev.MessageTakenUp) -> Case:
    return replace(case, waiting=tuple(w for w in case.waiting if w.message != event.message))


def _notified(case: Case, event: ev.Notified) -> Case:
    return replace(case, sequences={**case.sequences, event.to: event.sequence})


def _unchanged(case: Case, event: ev.Event) -> Case:
    return replace(case)


def _step(case: Case, event: ev.TaskStepped) -> Case:
    return _rework(case, event) if event.step == "rework.requested" else _stepped(case, event)


_RULES: dict[str, Callable[[Case, Any], Case]] = {
    "case_opened": _opened,
    "referral_raised": _raised,
    "task_assigned": _assigned,
    "task_stepped": _step,
    "request_opened": _request_opened,
    "request_closed": _request_closed,
    "reply_given": _reply,
    "referral_ended": _ended,
    "referral_reopened": _reopened,
    "lead_changed": _lead,
    "number_learned": _number,
    "referral_corrected": _corrected,
    "fact_recorded": _fact,
    "case_linked": _linked,
    "case_merged": _merged,
    "message_waits": _waits,
    "message_taken_up": _taken_up,
    "redelivery_granted": _unchanged,
    "hub_message_issued": _unchanged,
    "notified": _notified,
}
