"""The hub's clock says that a moment of a time limit has come. It counts only if the case still waits for that moment."""

from collections.abc import Callable

from hub.domain import deadline_events as de
from hub.domain.decide_deadline import breach
from hub.domain.decision import Draft
from hub.domain.telling_deadlines import tell_warned


def due(draft: Draft) -> None:
    """Warn, or find the breach or the missing receipt. A moment that was moved or met meanwhile changes nothing."""
    data = draft.message.open
    running = draft.case.deadlines.get(data["deadline"])
    if running is None or running.next is None or running.next != data["moment"]:
        return
    if running.next == running.due:
        breach(draft, data["deadline"])
    else:
        draft.add(de.DeadlineWarned(data["deadline"], running.due))
        tell_warned(draft, running)


HANDLERS: dict[str, Callable[[Draft], None]] = {"hub.deadline_due": due, "hub.receipt_due": due}
