"""The law's clocks follow what a message did: started, stopped, moved, found too late, annulled.

A clock is not told to start; it runs because of how the case stands. So nothing is forgotten: what a rework takes back,
a correction or a fact that comes later is looked at like the first time. Only clocks that the message touched are.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from hub.domain import deadline_events as de
from hub.domain.case import RETURNED, WITHDRAWN, Referral, Running, Task
from hub.domain.deadline_facts import CustodyChanged, Fact, day_of, facts_to_data, read_point
from hub.domain.decision import Draft, legal_day
from hub.domain.instants import end_of, holds, instant
from hub.domain.telling_deadlines import other_side, tell_annulled, tell_breached
from hub.domain.timetable import Times, Watch, counted_from, written
from hub.domain.touched import Touched

GONE = ("returned", "cancelled")


def follow_clocks(draft: Draft, touched: Touched) -> None:
    """Bring the law's clocks in line with the case. Called once, after all else that the message did."""
    if draft.case.deadlines:
        _stop_those_gone(draft)
    case, timetable = draft.case, draft.rules.timetable
    for task in case.tasks.values():
        if not (touched.facts or task.id in touched.tasks or task.referral in touched.referrals):
            continue
        referral = case.referrals[task.referral]
        watches = timetable.watches[referral.flow, referral.flow_version, task.role == "co_handler"]
        if not watches or task.role == "copy" or _gone(referral, task):
            continue
        names = touched.of(task)
        found = {watch.place: watch for name in names for watch in watches.get(name, ())}
        for place in sorted(found):
            _look(draft, referral, task, found[place], names)


def _gone(referral: Referral, task: Task) -> bool:
    return task.state in GONE or referral.state in (RETURNED, WITHDRAWN)


def _stop_those_gone(draft: Draft) -> None:
    """Nothing runs on a task that is gone, or in a case that goes on as another."""
    case = draft.case
    for number, running in list(case.deadlines.items()):
        task = case.tasks[running.task]
        referral = case.referrals[task.referral]
        if running.met_at is not None or not (case.merged_into is not None or _gone(referral, task)):
            continue
        # The step that ended the task may be the one that was waited for, such as the consent to a return.
        if running.place < 0:
            end = rung_taken(draft, running.clock, task)
        else:
            watch = draft.rules.timetable.watch(referral.flow, referral.flow_version, running.place)
            end = end_of(draft, referral, task, watch)
        if end is None:
            draft.add(de.DeadlineEnded(number, "stopped"))
        else:
            meet(draft, number, end)


def rung_taken(draft: Draft, rung: str, task: Task) -> str | None:
    """The legal moment of the step that a limit of the ladder waits for; None when it was not taken."""
    if rung == "withdrawal_decided" and draft.message.step == "referral.withdrawal_decided":
        decided: str = draft.message.open["legal_at"]
        return decided
    return task.instants.get("return_decided" if rung in ("superior_decided", "conference_decided") else rung)


def _look(draft: Draft, referral: Referral, task: Task, watch: Watch, touched: Collection[str]) -> None:
    """One clock on one task: as it should be by now, against what runs or was met too late."""
    known = [
        (number, one)
        for number, one in draft.case.deadlines.items()
        if one.place == watch.place and one.task == task.id
    ]
    start = instant(draft, referral, task, watch.of.starts)
    if start is None or not holds(draft, referral, task, watch):
        for number, _ in known:
            _void(draft, number)
        return
    since = counted_from(watch.rule, start)
    for number, one in known:
        if one.since != since:
            recompute(draft, number, "corrected", since=since)
    end = end_of(draft, referral, task, watch)
    active = next((number for number, one in known if one.met_at is None), None)
    if active is None and (end is None or not known):
        active = _begin(draft, referral, task, watch, start, since, end, touched)
    if active is not None and end is not None:
        meet(draft, active, end)


def _begin(
    draft: Draft,
    referral: Referral,
    task: Task,
    watch: Watch,
    start: str,
    since: str,
    end: str | None,
    touched: Collection[str],
) -> int | None:
    """Start a clock, also one whose end is known already: whether it was met is told then too."""
    ends = watch.of.ends
    if any(one not in touched and instant(draft, referral, task, one) is not None for one in ends):
        return None
    if end is not None and datetime.fromisoformat(end) < datetime.fromisoformat(start):
        return None
    if "raised" in ends and not _raised_first(draft, referral):
        return None
    rule, timetable = watch.rule, draft.rules.timetable
    if not rule.in_force(day_of(read_point(since))):
        return None
    facts: tuple[dict[str, Any], ...] = ()
    if rule.by_letter:
        if referral.due_on is None:
            return None
        facts = ({"f": "letter", "until": referral.due_on},)
    if rule.custody and draft.case.custody:
        changes = (CustodyChanged(legal_day(one.legal_at), one.held) for one in draft.case.custody)
        facts = (*facts, *facts_to_data(tuple(changes)))
    times = timetable.times(rule, since, facts)
    number = draft.case.numbered + 1
    draft.add(
        de.DeadlineStarted(
            deadline=number,
            clock=rule.id,
            task=task.id,
            owner=referral.sender if watch.of.bound == "sender" else task.department,
            due=times.due,
            place=watch.place,
            since=since,
            warn=times.warn,
            provisional=times.provisional,
            facts=facts,
        )
    )
    return number


def _raised_first(draft: Draft, referral: Referral) -> bool:
    """Whether this message raises it, as the first of its flow: what counts up to that is over for a second one."""
    same = [one for one in draft.case.referrals.values() if one.flow == referral.flow]
    return draft.message.step == "referral.raised" and same == [referral]


def meet(draft: Draft, number: int, end: str) -> None:
    """The step that was waited for has come; `end` is its legal moment, which says whether it was in time."""
    running = draft.case.deadlines[number]
    late = written(datetime.fromisoformat(end)) >= running.due
    if late and not running.breached:
        breach(draft, number, acted=True)
    elif running.breached and not late:
        _annul(draft, number, "backdated", None)
    draft.add(de.DeadlineEnded(number, "met", end if running.place >= 0 else None))


def breach(draft: Draft, number: int, acted: bool = False) -> None:
    """Say so, and tell whom the rules name; also which paper may go out now, and who issues it.

    `acted`: the step was taken, only too late; then no paper follows.
    """
    running = draft.case.deadlines[number]
    if running.place < 0:
        draft.add(de.ReceiptMissed(number, running.clock, draft.at))
        tell_breached(draft, running, number)
        return
    rule = draft.rules.timetable.clocks.by_id.get(running.clock)
    trigger = None if rule is None or acted else rule.trigger
    if trigger is None:
        draft.add(de.DeadlineBreached(number, draft.at))
    else:
        draft.add(de.DeadlineBreached(number, draft.at, trigger.code, other_side(draft, running)))
    tell_breached(draft, running, number, None if trigger is None else trigger.code)


def _void(draft: Draft, number: int) -> None:
    """The rule does not apply after all; what was said under it is taken back."""
    running = draft.case.deadlines[number]
    if running.breached:
        _annul(draft, number, "fact_changed", None)
    if running.met_at is None:
        draft.add(de.DeadlineEnded(number, "void"))


def _annul(draft: Draft, number: int, reason: str, next_: str | None) -> None:
    running = draft.case.deadlines[number]
    draft.add(de.BreachAnnulled(number, reason, draft.at, next_))
    tell_annulled(draft, running, number, reason)


def recompute(
    draft: Draft,
    number: int,
    why: str,
    fact: Fact | None = None,
    since: str | None = None,
    disproves: str = "fact_changed",
) -> None:
    """The same clock with one fact more, from another start or by other rules.

    A breach that this disproves is annulled, with `disproves` as the reason. A date that a person set stays in force.
    """
    running = draft.case.deadlines[number]
    rule = draft.rules.timetable.clocks.get(running.clock)
    told = None if fact is None else facts_to_data((fact,))[0]
    facts = running.facts if told is None else (*running.facts, told)
    times = draft.rules.timetable.times(rule, since or running.since or "", facts)
    after, provisional = times.due, times.provisional
    if running.computed is not None:
        moved = de.DeadlineRecomputed(
            number, why, running.computed, after, running.next, since, told, provisional, beside=True
        )
        draft.add(moved)
        return
    draft.add(
        de.DeadlineRecomputed(
            number, why, running.due, after, next_of(draft, running, times), since, told, provisional
        )
    )
    disprove(draft, number, running, times, disproves)


def disprove(draft: Draft, number: int, running: Running, times: Times, why: str) -> None:
    """Take back a breach that another due moment disproves. `running`: as it was before."""
    if not running.breached:
        return
    acted = draft.at if running.met_at is None else written(datetime.fromisoformat(running.met_at))
    if acted < times.due:
        again = None if running.met_at is not None else _speaks(draft, running, times)
        _annul(draft, number, why, again)


def next_of(draft: Draft, running: Running, times: Times) -> str | None:
    """When the hub's clock speaks next of a limit with another due moment. Of one that is breached it has spoken."""
    return None if running.breached else _speaks(draft, running, times)


def _speaks(draft: Draft, running: Running, times: Times) -> str:
    """A warning that was given is not given again but for a later due moment."""
    warned = running.warn is None
    if times.warn is None or (warned and times.warn <= draft.at):
        return times.due
    return times.warn
