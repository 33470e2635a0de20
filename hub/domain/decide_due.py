"""The hub's clock says that a moment of a time limit has come. It counts only if the case still waits for that moment."""

from collections.abc import Callable

from hub.domain import deadline_events as de
from hub.domain.case import STANDS
from hub.domain.decide_deadline import breach
from hub.domain.decide_dispute import UNDECIDED, go_up
from hub.domain.decision import Draft
from hub.domain.supervising import climb, trigger_at_limit
from hub.domain.telling_deadlines import tell_warned


def due(draft: Draft) -> None:
    """Warn, or find the breach or the missing receipt, and take the step of supervision that the ladder has for it.

    A moment that was moved or met meanwhile changes nothing. A return on which nobody decided in time goes up to who
    decides next (5a.10).
    """
    data = draft.message.open
    number = data["deadline"]
    running = draft.case.deadlines.get(number)
    if running is None or running.next is None or running.next != data["moment"]:
        return
    if running.next != running.due:
        draft.add(de.DeadlineWarned(number, running.due))
        tell_warned(draft, running)
        trigger_at_limit(draft, "warned", number)
    elif running.place == STANDS:
        climb(draft, "uncleared", number)
    else:
        breach(draft, number)
        trigger_at_limit(draft, "breached" if running.place >= 0 else "missed", number)
        if running.clock in UNDECIDED:
            go_up(draft, draft.case.tasks[running.task], "overdue")


HANDLERS: dict[str, Callable[[Draft], None]] = {"hub.deadline_due": due, "hub.receipt_due": due}
