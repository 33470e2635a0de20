"""Deciding on steps of one task: the lifecycle table first, then what is special to a step."""

from collections.abc import Callable

from hub.domain import decide_dispute, decide_owner, decide_return
from hub.domain import events as ev
from hub.domain.case import RETURNED, WITHDRAWN, Referral, Task
from hub.domain.decide_referral import close, refuse_if_raced
from hub.domain.decision import Draft
from hub.domain.lifecycle import Step
from hub.errors import Refusal, RefusalName
from schemas.classes import FieldClass


def step_on_task(draft: Draft) -> None:
    """Any step of the lifecycle table."""
    task = draft.task()
    referral = draft.case.referrals[task.referral]
    step = draft.rules.lifecycle.steps[draft.message.step]
    _by_whom(draft, task, referral, step)
    if task.state in step.again:
        if not task.received:
            draft.add(ev.ReceiptCameLate(task.id, step.rung or "delivered", draft.at))
            _tell(draft, task, referral, step)
        _learn_number(draft, task)
        return
    target = step.target(task.role, task.state)
    if target is None:
        allowed = draft.rules.lifecycle.allowed(task.role, task.state)
        raise Refusal(RefusalName.ILLEGAL_STEP, f"{draft.message.step} in state {task.state!r}", allowed)
    refuse_if_raced(draft, task, draft.message.step)
    if step.answers is not None and task.pending != step.answers:
        raise Refusal(RefusalName.ILLEGAL_STEP, f"no {step.answers} is waiting on this task")
    target = _CHECKS.get(draft.message.step, _no_check)(draft, task, referral, target)

    by, legal_at = draft.message.source, draft.message.open.get("legal_at", draft.at)
    # A reply that is not the flow's last one leaves the task in handling: it is no receipt yet.
    rung = None if step.rung == "replied" and target == "handling" else step.rung
    draft.add(ev.TaskStepped(task.id, draft.message.step, target, by, draft.at, legal_at, rung))
    if step.opens is not None:
        returns = referral.returns + 1 if step.opens == "return" else 0
        draft.add(ev.RequestOpened(step.opens, referral.id, task.id, by, draft.at, returns))
    _learn_number(draft, task)
    _tell(draft, task, referral, step)
    _EFFECTS.get(draft.message.step, _no_effect)(draft, draft.case.tasks[task.id], referral, step)


def _by_whom(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    expected = [task.department if step.by == "handler" else referral.sender]
    if step.answers == "return":
        expected += [one for one in (referral.superior, referral.conference) if one is not None]
    if draft.message.source not in expected:
        raise Refusal(
            RefusalName.NOT_YOUR_TASK,
            f"{draft.message.step} is for {' or '.join(map(repr, expected))}, not {draft.message.source!r}",
            expected,
        )


def _tell(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    flow = draft.flow(referral)
    told: dict[str, FieldClass] = {}
    for who in step.tells:
        if who == "sender":
            told.setdefault(referral.sender, flow.visibility.ceiling("sender"))
        elif who == "handler":
            told.setdefault(task.department, flow.visibility.ceiling(task.role))
        else:
            told.setdefault(referral.lead, flow.visibility.ceiling("lead"))
    if step.answers == "return":
        # Whichever of them decides, the others learn of it.
        told.setdefault(referral.sender, flow.visibility.ceiling("sender"))
        for above in (referral.superior, referral.conference):
            if above is not None:
                told.setdefault(above, flow.visibility.ceiling("lead"))
    told.pop(draft.message.source, None)
    for department, ceiling in told.items():
        draft.tell(department, ceiling)


def _learn_number(draft: Draft, task: Task) -> None:
    """The first number that a department gives is the task's; further ones (统一受案号 …) are aliases of the case."""
    data = draft.message.open
    number = data.get("local_number")
    if number is None or number == task.local_number:
        return
    kind = data.get("number_kind", "case_number")
    named = task.id if task.local_number is None else None
    draft.add(ev.NumberLearned(task.department, kind, number, task.referral, named))


def _no_check(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    return target


def _check_reply(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    data, flow = draft.message.open, draft.flow(referral)
    may_come = due = flow.replies[task.replies :]
    while due and not due[0].required and due[0].code != data["reply"]:
        due = due[1:]
    if not due or due[0].code != data["reply"]:
        required = next((n for n, reply in enumerate(may_come, 1) if reply.required), 0)
        expected = [reply.code for reply in may_come[:required]]
        raise Refusal(
            RefusalName.REPLY_OUT_OF_ORDER, f"reply {data['reply']!r} after {task.replies} replies", expected
        )
    if not due[0].final:
        return "handling"
    codes = [outcome.code for outcome in flow.outcomes]
    if data.get("outcome") not in codes:
        raise Refusal(RefusalName.UNKNOWN_OUTCOME, f"outcome {data.get('outcome')!r} in {flow.flow}", codes)
    return "replied" if flow.confirm.required else "confirmed"


def _check_confirmation(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    given = {paper["code"] for paper in draft.message.open.get("papers", ())}
    missing = [paper.title for paper in draft.flow(referral).confirm.papers if paper.code not in given]
    if missing:
        raise Refusal(RefusalName.PAPER_MISSING, f"papers: {missing} missing for the confirmation", missing)
    return target


def _check_rework(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    if referral.state in (RETURNED, WITHDRAWN):
        # A co-handler may have been confirmed before: nothing is owed for a referral that is gone.
        raise Refusal(RefusalName.REFERRAL_CLOSED, f"referral {referral.id} is {referral.state}")
    cap = draft.flow(referral).limits.reworks
    if referral.reworks >= cap:
        raise Refusal(RefusalName.LIMIT_REACHED, f"{referral.flow} allows {cap} reworks")
    return target


def _no_effect(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    return


def _after_supplement(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    draft.add(ev.RequestClosed("supplement", referral.id, task.id, "provided", draft.at))


def _after_reply(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    data = draft.message.open
    final = task.state != "handling"
    outcome = data.get("outcome") if final else None
    place = [reply.code for reply in draft.flow(referral).replies].index(data["reply"]) + 1
    draft.add(ev.ReplyGiven(task.id, data["reply"], place, final, outcome, draft.at))
    if task.state == "confirmed" and task.role == "lead":
        close(draft, referral, data.get("outcome"))


def _after_confirmation(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    if task.role == "lead":
        close(draft, referral, task.outcome)


def _after_rework(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    if task.role == "lead" and referral.state != "open":
        draft.add(ev.ReferralReopened(referral.id, draft.at))


_Check = Callable[[Draft, Task, Referral, str], str]
_Effect = Callable[[Draft, Task, Referral, Step], None]

_CHECKS: dict[str, _Check] = {
    "task.return_proposed": decide_return.check_reason,
    "return.decided": decide_return.check_decision,
    "return.consulted": decide_dispute.check_consultation,
    "task.handed_over": decide_owner.check_hand_over,
    "task.replied": _check_reply,
    "reply.confirmed": _check_confirmation,
    "rework.requested": _check_rework,
}
_EFFECTS: dict[str, _Effect] = {
    "task.return_proposed": decide_return.after_proposal,
    "return.decided": decide_return.after_decision,
    "return.consulted": decide_dispute.after_consultation,
    "task.handed_over": decide_owner.after_hand_over,
    "task.accepted": decide_return.after_acceptance,
    "supplement.provided": _after_supplement,
    "task.replied": _after_reply,
    "reply.confirmed": _after_confirmation,
    "rework.requested": _after_rework,
}
HANDLERS: dict[str, Callable[[Draft], None]] = {}
