"""Telling departments of a time limit: whom is data (`hub/rules/telling.yaml`), what is the contract's notice."""

from typing import Any

from hub.domain.case import ANSWER, STANDS, Referral, Running, Supervised
from hub.domain.decision import Draft
from hub.domain.telling import Told
from schemas.classes import FieldClass


def tell_warned(draft: Draft, running: Running) -> None:
    """The due moment is near."""
    _tell(draft, running, draft.rules.telling.warned, "deadline.warned.v1", {})


def tell_breached(draft: Draft, running: Running, number: int, paper: str | None = None) -> None:
    """It has passed: a breach of a clock of the law, or a receipt that is missing.

    `paper`: what may go out now, by its code; who issues it is told so whatever the data says.
    """
    telling = draft.rules.telling
    if running.place < 0:
        whom = telling.missed.get(running.clock, [])  # type: ignore[call-overload]
        _tell(draft, running, whom, "receipt.missed.v1", {"rung": running.clock}, number)
    else:
        own = {"breached_at": draft.at}
        if paper is not None:
            own |= {"paper": paper, "issuer": other_side(draft, running)}
        _tell(draft, running, telling.breached, "deadline.breached.v1", own, issuer=_issuer(draft, running))


def tell_annulled(draft: Draft, running: Running, number: int, reason: str) -> None:
    """A fact that came later disproves what was told before."""
    own = {"annulled_at": draft.at, "reason": reason}
    whom = draft.rules.telling.annulled
    _tell(draft, running, whom, "breach.annulled.v1", own, number, _issuer(draft, running))


def tell_set(draft: Draft, running: Running, number: int, lifted: bool) -> None:
    """An authorised person set the date, or took that back. The order's reason goes with it."""
    order = draft.message.open
    own: dict[str, Any] = {
        "computed_at": running.computed or running.due,
        "set_at": draft.at,
        "under": order["article"],
        "reason": order["reason"],
        **({"lifted": True} if lifted else {}),
    }
    whom = draft.rules.telling.set_by_person
    _tell(draft, running, whom, "deadline.set.v1", own, number, _issuer(draft, running))


def other_side(draft: Draft, running: Running) -> str:
    """Who stands opposite to who must act: the sender of the referral, or for a limit of the sender the task's department."""
    task = draft.case.tasks[running.task]
    sender = draft.case.referrals[task.referral].sender
    return task.department if running.owner == sender else sender


def _issuer(draft: Draft, running: Running) -> str | None:
    """Who issues the paper that the rule triggers; it is told of the breach, and of its end, in every case."""
    rule = draft.rules.timetable.clocks.by_id.get(running.clock) if running.place >= 0 else None
    return None if rule is None or rule.trigger is None else other_side(draft, running)


def _step_of(draft: Draft, running: Running, number: int | None) -> Supervised | None:
    """The step of supervision whose answer, or whose end, a limit waits for."""
    if running.place not in (ANSWER, STANDS):
        return None
    return next((one for one in draft.case.supervisions.values() if number in (one.answer, one.stands)), None)


def _tell(
    draft: Draft,
    running: Running,
    whom: list[Told],
    type_: str,
    own: dict[str, Any],
    number: int | None = None,
    issuer: str | None = None,
) -> None:
    step = _step_of(draft, running, number)
    referral = draft.case.referrals[draft.case.tasks[running.task].referral]
    notice = {
        "referral": referral.id,
        "task": running.task,
        "clock": running.clock,
        "article": _article(draft, referral, running, step),
        "owner": running.owner,
        "due_at": running.due,
        **({} if running.computed is None else {"computed_at": running.computed}),
        **({"provisional": True} if running.provisional and running.computed is None else {}),
        **own,
    }
    owner = draft.rules.departments.get(running.owner)
    named = {
        "owner": running.owner,
        "sender": referral.sender,
        "superior": None if owner is None else owner.superior,
        "keeper": referral.keeper,
    }
    told = [*(named[who] for who in whom), issuer]
    if step is not None and step.by in draft.rules.departments:
        told.append(step.by)
    for department in dict.fromkeys(told):
        if department is not None:
            draft.tell(department, FieldClass.INTERNAL, type_, notice)


def _article(draft: Draft, referral: Referral, running: Running, step: Supervised | None) -> str:
    """The article of the law; of a rung, the house rule of the flow; of a step of supervision, the step."""
    if step is not None:
        return f"supervision {step.step}.{'answer' if running.place == ANSWER else 'stands'}"
    if running.place < 0:
        return f"{referral.flow} within.{running.clock}"
    watch = draft.rules.timetable.watch(referral.flow, referral.flow_version, running.place)
    return watch.article[:300]
