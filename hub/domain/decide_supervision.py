"""Deciding on supervision 督办: a step taken by a person, its answer, its clearance, and what the hub has counted."""

from collections.abc import Callable
from datetime import date

from hub.domain import supervision_events as se
from hub.domain.case import Referral, Supervised, Task
from hub.domain.decide_deadline import meet
from hub.domain.decision import Draft
from hub.domain.supervising import (
    CLEARED,
    PERSON,
    clear_step,
    superiors,
    take_step,
    tell_step,
    trigger_at_breaches,
)
from hub.errors import Parking, ParkingName, Refusal, RefusalName


def raised(draft: Draft) -> None:
    """A department takes a step; the ladder says which departments may. It need not be a party to the case."""
    data, ladder = draft.message.open, draft.rules.supervision
    referral, against = _referral(draft), data["against"]
    codes = [step.code for step in ladder.steps]
    if data["step"] not in codes:
        raise Refusal(RefusalName.UNKNOWN_SUPERVISION, f"step {data['step']!r} is not of the ladder", codes)
    step, task = ladder.step(data["step"]), _task(draft, referral, against)
    _authorised(draft, referral, against, step.raises, step.code)
    for supervision, one in draft.case.supervisions.items():
        if one.state != CLEARED and (one.task, one.against, one.step) == (task.id, against, step.code):
            raise Refusal(RefusalName.ILLEGAL_STEP, f"{step.code} {supervision} stands already")
    answer_by = data.get("answer_by")
    if step.limit and answer_by is None:
        raise Refusal(
            RefusalName.ILLEGAL_STEP, f"answer_by: {step.code} needs the day by which it is to be done"
        )
    day = None if answer_by is None else date.fromisoformat(answer_by)
    supervision = draft.message.derive("supervision")
    take_step(draft, step, task, against, PERSON, supervision=supervision, answer_by=day)


def answered(draft: Draft) -> None:
    """The supervised department answers. Late or in time is judged by its legal moment; the step stands on."""
    supervision, one = _standing(draft)
    if draft.message.source != one.against:
        raise Refusal(RefusalName.NOT_YOUR_TASK, f"{one.against!r} has to answer", [one.against])
    draft.add(se.SupervisionAnswered(supervision, draft.at))
    tell_step(draft, one, "supervision.answered.v1", {})
    if one.answer is not None and one.answer in draft.case.deadlines:
        meet(draft, one.answer, draft.message.open["legal_at"])


def cleared(draft: Draft) -> None:
    """销号、解除: by whom the ladder names, with a ground; the reason stays in the message."""
    supervision, one = _standing(draft)
    referral, code = draft.case.referrals[one.referral], one.step
    step = next((s for s in draft.rules.supervision.steps if s.code == code), None)
    _authorised(draft, referral, one.against, ["raiser"] if step is None else step.clears, code, one.by)
    clear_step(draft, supervision, draft.message.source, draft.message.open["ground"])


def breaches_counted(draft: Draft) -> None:
    """The hub counted a department's breaches in a period. A task that is gone, or rules that changed, leave nothing to do."""
    data = draft.message.open
    task = draft.case.tasks.get(data["task"])
    counts = {(one.step, one.count) for one in draft.rules.supervision.at_breaches()}
    if task is None or (data["step"], data["count"]) not in counts:
        return
    number = data["deadline"]
    known = number if number in draft.case.deadlines else None
    trigger_at_breaches(draft, data["step"], task, data["department"], known, data["count"])


def _referral(draft: Draft) -> Referral:
    """The referral that the message names, also for those who have no part in it."""
    referral = draft.case.referrals.get(draft.message.open["referral"])
    if referral is None:
        detail = f"referral {draft.message.open['referral']!r} is not known in this case"
        raise Parking(ParkingName.EARLY, detail, "decide")
    return referral


def _task(draft: Draft, referral: Referral, against: str) -> Task:
    """The task on which a department is supervised: its own, or, for the sender, the lead's."""
    tasks = draft.case.tasks_of(referral.id)
    live = [task for task in tasks if task.state not in ("returned", "cancelled") and task.role != "copy"]
    for task in live:
        if task.department == against or (against == referral.sender and task.role == "lead"):
            return task
    allowed = [*(task.department for task in live), referral.sender]
    raise Refusal(
        RefusalName.UNKNOWN_DEPARTMENT, f"against {against!r} owes nothing in this referral", allowed
    )


def _standing(draft: Draft) -> tuple[str, Supervised]:
    supervision = draft.message.open["supervision"]
    one = draft.case.supervisions.get(supervision)
    if one is None:
        raise Parking(ParkingName.EARLY, f"supervision {supervision!r} is not known in this case", "decide")
    if one.referral != draft.message.open["referral"]:
        raise Refusal(
            RefusalName.ILLEGAL_STEP, f"supervision {supervision!r} is of another referral", [one.referral]
        )
    if one.state == CLEARED:
        raise Refusal(RefusalName.ILLEGAL_STEP, f"supervision {supervision!r} was cleared")
    return supervision, one


def _authorised(
    draft: Draft, referral: Referral, against: str, who: list[str], step: str, raiser: str | None = None
) -> None:
    source = draft.message.source
    known = draft.rules.departments.get(source)
    held = {
        "sender": source == referral.sender,
        "raiser": source == raiser,
        "superior": source in superiors(draft, against),
    }
    if source != against and any(held.get(name, known is not None and name in known.roles) for name in who):
        return
    raise Refusal(RefusalName.NOT_ENTITLED, f"{source!r} may not take or clear {step!r} here", who)


HANDLERS: dict[str, Callable[[Draft], None]] = {
    "supervision.raised": raised,
    "supervision.answered": answered,
    "supervision.cleared": cleared,
    "hub.breaches_counted": breaches_counted,
}
