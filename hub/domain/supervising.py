"""Steps of supervision taken and cleared: by persons, and by the hub as the ladder (`hub/rules/supervision.yaml`) says.

On a task at most one step stands that the hub took; one that climbs takes the place of the lower one. What stands is
looked at after each message like a clock (decision 0029): a step is cleared because of how the case stands.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hub.domain import deadline_events as de
from hub.domain import supervision_events as se
from hub.domain.case import ANSWER, STANDS, Referral, Running, Supervised, Task
from hub.domain.decision import CHINA, Draft
from hub.domain.supervision import SupervisionStep
from schemas.classes import FieldClass

HUB, PERSON, CLEARED = "hub", "person", "cleared"
ANSWERED_RUNG, STANDS_CLOCK = "supervision_answered", "supervision_stands"
_GONE = ("returned", "cancelled")
_DONE = ("replied", "confirmed", "noted")


def take_step(
    draft: Draft,
    step: SupervisionStep,
    task: Task,
    against: str,
    trigger: str,
    *,
    supervision: str,
    deadline: int | None = None,
    count: int | None = None,
    answer_by: date | None = None,
    lower: str | None = None,
) -> None:
    """Raise a step, start its limits and tell whom the ladder names. `trigger`: what made the hub take it, or `person`."""
    by = draft.message.source if trigger == PERSON else HUB
    due = _answer_due(draft, step, answer_by)
    answer = None if due is None else _limit(draft, task, against, ANSWERED_RUNG, ANSWER, due)
    follows = draft.rules.supervision.after("uncleared", step.code)
    stands = None
    if follows is not None and follows.after is not None:
        until = draft.rules.timetable.limit(follows.after, draft.at)
        stands = _limit(draft, task, against, STANDS_CLOCK, STANDS, until)
    draft.add(
        se.SupervisionRaised(
            supervision,
            step.code,
            task.referral,
            task.id,
            against,
            by,
            trigger,
            draft.at,
            deadline,
            count,
            lower,
            answer,
            stands,
        )
    )
    own: dict[str, Any] = {"supervision": supervision, "task": task.id}
    if due is not None:
        own["answer_by"] = _last_day(due)
    if trigger != PERSON:
        own |= {
            "legal_at": draft.at,
            "referral": task.referral,
            "step": step.code,
            "against": against,
            "trigger": trigger,
            "reason": _reason(draft, step, trigger, deadline, count),
        }
    tell_step(draft, draft.case.supervisions[supervision], "supervision.raised.v1", own)


def trigger_at_limit(draft: Draft, on: str, number: int) -> None:
    """A limit was warned of or has passed: the step that the ladder has for it, or the next one above an unanswered step."""
    running = draft.case.deadlines[number]
    if running.place == ANSWER:
        climb(draft, "unanswered", number)
        return
    task = draft.case.tasks[running.task]
    flow = draft.case.referrals[task.referral].flow
    code = draft.rules.supervision.at_limit(on, running.clock, flow)
    if code is not None:
        _by_hub(draft, code, task, running.owner, on, deadline=number)


def trigger_at_return(draft: Draft, referral: Referral, task: Task) -> None:
    """Another return of the referral was asked for."""
    returns = draft.case.referrals[referral.id].returns
    code = draft.rules.supervision.at_returns(returns, referral.flow)
    if code is not None:
        _by_hub(draft, code, task, task.department, "returns", count=returns)


def trigger_at_breaches(
    draft: Draft, code: str, task: Task, against: str, deadline: int | None, count: int
) -> None:
    """The breaches of a department were counted, over all cases."""
    _by_hub(draft, code, task, against, "breaches", deadline=deadline, count=count)


def climb(draft: Draft, on: str, number: int) -> None:
    """A step had no answer or stands too long: the next one above takes its place, if the ladder has one."""
    for supervision, one in list(draft.case.supervisions.items()):
        if one.state == CLEARED or number not in (one.answer, one.stands):
            continue
        follows = draft.rules.supervision.after(on, one.step)
        if follows is not None:
            task = draft.case.tasks[one.task]
            step = draft.rules.supervision.step(follows.step)
            clear_step(draft, supervision, HUB, "climbed", tell=False)
            take_step(
                draft,
                step,
                task,
                one.against,
                on,
                supervision=draft.message.derive("supervision"),
                deadline=one.deadline,
                lower=supervision,
            )
        elif one.stands == number:
            draft.add(de.DeadlineEnded(number, "stopped"))


def clear_step(draft: Draft, supervision: str, by: str, why: str, tell: bool = True) -> None:
    """销号、解除: the step stands no longer and its limits end. The hub tells of it; a department's message is passed on."""
    one = draft.case.supervisions[supervision]
    for number in (one.answer, one.stands):
        if number is not None and number in draft.case.deadlines:
            draft.add(de.DeadlineEnded(number, "stopped"))
    draft.add(se.SupervisionCleared(supervision, by, why, draft.at))
    if not tell:
        return
    own: dict[str, Any] = {}
    if by == HUB:
        own = {
            "legal_at": draft.at,
            "referral": one.referral,
            "supervision": supervision,
            "ground": why,
            "reason": _WHY[why],
        }
    tell_step(draft, one, "supervision.cleared.v1", own)


def follow_supervision(draft: Draft) -> None:
    """Clear what no longer stands: its task is gone, its cause was disproved, or, for a step that ends so, was done."""
    annulled = {event.deadline for event in draft.events if event.e == "breach_annulled"}
    for supervision, one in list(draft.case.supervisions.items()):
        if one.state != CLEARED and (why := _over(draft, one, annulled)) is not None:
            clear_step(draft, supervision, HUB, why)


def tell_step(draft: Draft, one: Supervised, type_: str, own: dict[str, Any]) -> None:
    """The supervised, the raiser and whom the step names. A message that is passed on is not told to who sent it.

    `own`: with a legal moment, the hub's own words whole; else what it sets on top of the message.
    """
    by_hub = "legal_at" in own
    for department in dict.fromkeys((one.against, *named(draft, one))):
        if by_hub or department != draft.message.source:
            draft.tell(department, FieldClass.INTERNAL, type_ if by_hub else None, own)


def named(draft: Draft, one: Supervised) -> list[str]:
    """Who is told of a step beside the supervised: its raiser, and by the ladder the sender and the superior."""
    step = next((s for s in draft.rules.supervision.steps if s.code == one.step), None)
    found = [] if one.by == HUB else [one.by]
    for who in step.tells if step is not None else ():
        sender = draft.case.referrals[one.referral].sender
        department = sender if who == "sender" else _superior(draft, one.against)
        if department is not None and department != one.against:
            found.append(department)
    return list(dict.fromkeys(found))


def superiors(draft: Draft, department: str) -> list[str]:
    """All that stand above a department, by the directory; the loader has seen to it that they come to an end."""
    found = []
    above = _superior(draft, department)
    while above is not None:
        found.append(above)
        above = _superior(draft, above)
    return found


def _by_hub(
    draft: Draft,
    code: str,
    task: Task,
    against: str,
    trigger: str,
    deadline: int | None = None,
    count: int | None = None,
) -> None:
    """Take a step unless this one or a higher one stands on the task already; a lower one gives way."""
    ladder = draft.rules.supervision
    if task.state in _GONE:
        return
    lower = None
    for supervision, one in draft.case.supervisions.items():
        if one.state == CLEARED or (one.task, one.against) != (task.id, against):
            continue
        if ladder.rank(one.step) >= ladder.rank(code):
            return
        if one.by == HUB:
            lower = supervision
    if lower is not None:
        clear_step(draft, lower, HUB, "climbed", tell=False)
    take_step(
        draft,
        ladder.step(code),
        task,
        against,
        trigger,
        supervision=draft.message.derive("supervision"),
        deadline=deadline,
        count=count,
        lower=lower,
    )


def _over(draft: Draft, one: Supervised, annulled: set[int]) -> str | None:
    case, task = draft.case, draft.case.tasks[one.task]
    if task.state in _GONE or case.merged_into is not None:
        return "task_gone"
    if one.deadline in annulled:
        return "annulled"
    ladder = draft.rules.supervision
    rank = ladder.rank(one.step)
    if rank < 0 or ladder.steps[rank].ends != "cause":
        return None
    if one.deadline is None:
        return "done" if task.state in _DONE else None
    cause: Running | None = case.deadlines.get(one.deadline)
    return "done" if cause is None or cause.met_at is not None else None


def _limit(draft: Draft, task: Task, against: str, clock: str, place: int, due: str) -> int:
    number = draft.case.numbered + 1
    draft.add(de.DeadlineStarted(number, clock, task.id, against, due, place))
    return number


def _answer_due(draft: Draft, step: SupervisionStep, answer_by: date | None) -> str | None:
    if answer_by is not None:
        ends = datetime.combine(answer_by + timedelta(days=1), datetime.min.time(), CHINA)
        return ends.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return None if step.answer is None else draft.rules.timetable.limit(step.answer, draft.at)


def _last_day(due: str) -> str:
    last = datetime.fromisoformat(due) - timedelta(milliseconds=1)
    return last.astimezone(CHINA).date().isoformat()


def _superior(draft: Draft, department: str) -> str | None:
    known = draft.rules.departments.get(department)
    return None if known is None else known.superior


_WHY = {
    "done": "督办事由已办理完毕 what it was raised for is done",
    "annulled": "逾期已撤销 the breach was annulled",
    "task_gone": "任务已终止 the task has ended",
}
_TRIGGERS = {
    "warned": "即将到期 near its end",
    "breached": "逾期 breached",
    "missed": "回执逾期 receipt missed",
    "unanswered": "前一督办未答复 the step below had no answer",
    "uncleared": "前一督办未销号 the step below stands too long",
    "returns": "多次退回 returned too often",
    "breaches": "一定期间内多次逾期 breached too often in the period",
}


def _reason(
    draft: Draft, step: SupervisionStep, trigger: str, deadline: int | None, count: int | None
) -> str:
    """What the hub states as its ground: nothing but rule, limit and count; it knows no more."""
    running = None if deadline is None else draft.case.deadlines.get(deadline)
    parts = [f"{step.title} {step.en}: {_TRIGGERS[trigger]}"]
    if running is not None:
        beside = "" if running.computed is None else f" (推算 computed {running.computed})"
        parts.append(f"{running.clock}, {running.due}{beside}")
    if count is not None:
        parts.append(f"× {count}")
    return "; ".join(parts)
