"""The person on whom a task rests (承办人, 包案人), and what a risk changes about it (风险升级).

A person is known by the officer id that the department gives; the name stays in the sealed part of the message.
"""

from hub.domain import deadline_events as de
from hub.domain import events as ev
from hub.domain.case import OPEN, Referral, Task
from hub.domain.decision import Draft, legal_day
from hub.domain.lifecycle import Step
from hub.domain.roster import posted
from hub.domain.urgency import more_pressing, outranks
from hub.errors import Refusal, RefusalName
from schemas.messages.base import OwnerRank

GONE = ("returned", "cancelled")
RISK = "risk_level"


def received_by_leader(draft: Draft, referral: Referral) -> None:
    """领导接访: the leader who received the citizen becomes the owner of the lead's task."""
    officer = draft.message.open.get("leader_id")
    if officer is None:
        return
    task = next(one for one in draft.case.tasks_of(referral.id) if one.role == "lead")
    draft.add(ev.OwnerRankWanted(referral.id, OwnerRank.LEADER.value, draft.at))
    _name(draft, task, officer, OwnerRank.LEADER.value, "reception")


def at_the_window(draft: Draft, referral: Referral) -> None:
    """驻岗: what a hall takes in rests on the officer whom the lead has posted there that day; the hall learns whom to call.

    A leader who received the citizen goes before.
    """
    roster, data = draft.rules.directory.roster, draft.message.open
    if not roster or data.get("leader_id") is not None:
        return
    post = posted(roster, referral.sender, referral.lead, legal_day(data["legal_at"]))
    if post is None:
        return
    task = next(one for one in draft.case.tasks_of(referral.id) if one.role == "lead")
    _name(draft, task, post.officer, OwnerRank.OFFICER.value, post.manner)
    ceiling = draft.flow(referral).visibility.ceiling("sender")
    own = _owner(referral.id, task.id, post.officer, OwnerRank.OFFICER.value, post.manner)
    draft.tell(referral.sender, ceiling, "owner.named.v1", own)


def check_hand_over(draft: Draft, task: Task, referral: Referral, target: str) -> str:
    """Refuse an owner of a lower rank than the matter wants. Returns the state after the step."""
    given = draft.message.open.get("rank") or OwnerRank.OFFICER.value
    if outranks(referral.owner_rank, given):
        allowed = [one.value for one in OwnerRank if not outranks(referral.owner_rank, one)]
        detail = f"rank {given!r}: the owner of this matter is at least {referral.owner_rank!r}"
        raise Refusal(RefusalName.OWNER_RANK_TOO_LOW, detail, allowed)
    return target


def after_hand_over(draft: Draft, task: Task, referral: Referral, step: Step) -> None:
    """移交, 包案: another person is the owner."""
    data = draft.message.open
    rank = data.get("rank") or OwnerRank.OFFICER.value
    draft.add(ev.OwnerNamed(task.id, data.get("officer_id"), rank, "handed_over", draft.at))


def check_risk(draft: Draft, value: str) -> None:
    """Refuse a level of risk that the rules do not know."""
    known = draft.rules.urgency.risks
    if value not in known:
        raise Refusal(RefusalName.UNKNOWN_RISK, f"value {value!r} of {RISK}", sorted(known))


def follow_risk(draft: Draft, value: str, only: str | None = None) -> None:
    """Raise priority and owner's rank of the open referrals, or of one, to what the risk wants.

    Nothing is lowered by the hub: a risk that has gone is for people to judge.
    """
    risk = draft.rules.urgency.risks[value]
    for referral in list(draft.case.referrals.values()):
        if referral.state != OPEN or only not in (None, referral.id):
            continue
        if more_pressing(risk.priority, referral.priority):
            _hurry(draft, referral, risk.priority.value)
        if outranks(risk.owner, referral.owner_rank):
            draft.add(ev.OwnerRankWanted(referral.id, risk.owner.value, draft.at))
        _want_owner(draft, draft.case.referrals[referral.id], value)


def _hurry(draft: Draft, referral: Referral, priority: str) -> None:
    """Another priority from now on: what runs on the ladder is due earlier, if the new limits say so, and never later."""
    draft.add(ev.ReferralPrioritised(referral.id, priority, draft.at))
    tasks = {task.id for task in draft.case.tasks_of(referral.id)}
    for number, running in list(draft.case.deadlines.items()):
        if running.task not in tasks or running.place >= 0 or running.breached or running.met_at is not None:
            continue
        asked = referral.flow, referral.flow_version, running.owner, referral.track, priority
        within = draft.rules.limits(*asked).get(running.clock)
        due = None if within is None else draft.rules.timetable.limit(within, draft.at)
        before = running.computed or running.due
        if due is None or due >= before:
            continue
        if running.computed is not None:
            # A person's date stays; what is due earlier is only what is computed beside it.
            moved = de.DeadlineRecomputed(number, "prioritised", before, due, running.next, beside=True)
            draft.add(moved)
        else:
            draft.add(de.DeadlineEnded(number, "stopped"))
            draft.add(
                de.DeadlineStarted(draft.case.numbered + 1, running.clock, running.task, running.owner, due)
            )


def _want_owner(draft: Draft, referral: Referral, risk: str) -> None:
    """Tell the lead when its owner is not of the rank that the matter wants."""
    flow = draft.flow(referral)
    for task in draft.case.tasks_of(referral.id):
        if task.role != "lead" or task.state in GONE or not outranks(referral.owner_rank, task.rank):
            continue
        own = {"referral": referral.id, "task": task.id, "rank": referral.owner_rank, "risk": risk}
        own["priority"] = referral.priority
        draft.tell(task.department, flow.visibility.ceiling("lead"), "owner.wanted.v1", own)


def _name(draft: Draft, task: Task, officer: str, rank: str, ground: str) -> None:
    draft.add(ev.OwnerNamed(task.id, officer, rank, ground, draft.at))
    flow = draft.flow(draft.case.referrals[task.referral])
    own = _owner(task.referral, task.id, officer, rank, ground)
    draft.tell(task.department, flow.visibility.ceiling("lead"), "owner.named.v1", own)


def _owner(referral: str, task: str, officer: str, rank: str, ground: str) -> dict[str, str]:
    return {"referral": referral, "task": task, "officer_id": officer, "rank": rank, "ground": ground}
