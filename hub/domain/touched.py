"""What a message changed that time limits look at."""

from hub.domain.case import Task
from hub.domain.decision import Draft
from hub.domain.evolve import INSTANTS, TAKEN_BACK


class Touched:
    """What the events of a message changed that clocks look at: instants of tasks and referrals, facts of the case."""

    __slots__ = ("facts", "referrals", "tasks")

    def __init__(self, draft: Draft) -> None:
        self.tasks: dict[str, set[str]] = {}
        self.referrals: dict[str, set[str]] = {}
        self.facts: set[str] = set()
        for event in draft.events:
            if event.e == "task_stepped":
                at = self.tasks.setdefault(event.task, set())
                if event.step in INSTANTS:
                    at.add(INSTANTS[event.step])
                at.update(TAKEN_BACK.get(event.step, ()))
            elif event.e == "task_assigned":
                self.tasks.setdefault(event.task, set()).add("raised")
            elif event.e == "reply_given" and not event.final:
                self.tasks.setdefault(event.task, set()).add(f"reply.{event.reply}")
            elif event.e == "referral_raised":
                if event.opened_by is not None:
                    self.referrals.setdefault(event.opened_by, set()).add(f"opened.{event.flow}")
            elif event.e == "referral_corrected":
                if event.legal_at is not None:
                    self.referrals.setdefault(event.referral, set()).add("raised")
            elif event.e == "request_opened" or event.e == "request_closed":
                self.tasks.setdefault(event.task or "", set())
                if event.request == "withdrawal":
                    self.referrals.setdefault(event.referral, set())
            elif event.e == "referral_escalated":
                self.tasks.setdefault(event.task, set())
            elif event.e == "referral_ended" or event.e == "followed_up":
                self.referrals.setdefault(event.referral, set())
            elif event.e == "fact_recorded":
                self.facts |= {event.fact, f"fact.{event.fact}"}

    def of(self, task: Task) -> set[str]:
        """What was touched for one task."""
        found = self.tasks.get(task.id)
        at_referral = self.referrals.get(task.referral)
        if found is None and at_referral is None:
            return self.facts
        return (found or set()) | (at_referral or set()) | self.facts
