"""What clocks that run are told: extended 延长, excluded 扣除, restarted 重新计算 by their department, custody by anybody."""

from datetime import date, datetime

from hub.domain.case import Running
from hub.domain.clock import Clock
from hub.domain.deadline_admission import admit
from hub.domain.deadline_facts import CustodyChanged, Excluded, Extended, Restarted
from hub.domain.decide_deadline import recompute
from hub.domain.decision import Draft, legal_day
from hub.domain.timetable import facts_of
from hub.domain.touched import Touched
from hub.errors import FactNotAllowed, Refusal, RefusalName

Told = Extended | Excluded | Restarted


def follow_facts(draft: Draft, touched: Touched, last: int) -> None:
    """Compute anew what the message tells of. `last`: the number of the last time limit that ran before it.

    Those that the message itself started know the custody already. Raises Refusal (clock_forbids) for a fact that the
    rule of the named clock does not allow; without a name, every clock of the task that allows it takes it.
    """
    if "in_custody" in touched.facts:
        at, held = draft.case.custody[-1]
        fact = CustodyChanged(legal_day(at), held)
        for number, running in list(draft.case.deadlines.items()):
            if number <= last and running.place >= 0 and _of(draft, running).custody:
                recompute(draft, number, fact.f, fact)
    told = _told(draft)
    if told is not None:
        for number in _taking(draft, told):
            recompute(draft, number, told.f, told)


def _told(draft: Draft) -> Told | None:
    data, step = draft.message.open, draft.message.step
    if step == "task.extended":
        return Extended(data["amount"], legal_day(data["legal_at"]))
    if step == "task.excluded":
        first, last = date.fromisoformat(data["from_on"]), date.fromisoformat(data["to_on"])
        return Excluded(first, last, data["kind"])
    if step == "task.restarted":
        return Restarted(datetime.fromisoformat(data["legal_at"]), data["reason_code"])
    return None


def _taking(draft: Draft, fact: Told) -> list[int]:
    """The clocks of the task's own department that take the fact."""
    task = draft.case.tasks[draft.message.open["task"]]
    named = draft.message.open.get("clock")
    taking = []
    for number, running in draft.case.deadlines.items():
        if running.place < 0 or running.task != task.id or running.owner != task.department:
            continue
        if named is not None and running.clock != named:
            continue
        try:
            _admit(draft, running, fact)
        except FactNotAllowed as problem:
            if named is None:
                continue
            raise Refusal(RefusalName.CLOCK_FORBIDS, str(problem)) from None
        taking.append(number)
    return taking


def _admit(draft: Draft, running: Running, fact: Told) -> None:
    rule = _of(draft, running)
    admit(rule, facts_of(running.since or "", running.facts), fact)
    unit = draft.message.open.get("unit")
    if isinstance(fact, Extended) and rule.extension is not None and unit != rule.extension.unit:
        raise FactNotAllowed("unit", unit, f"{rule.id} is extended in {rule.extension.unit}")


def _of(draft: Draft, running: Running) -> Clock:
    return draft.rules.timetable.clocks.get(running.clock)
