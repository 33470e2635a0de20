"""Who answers for a referral at this moment, and how often it was passed on. Pure, from the case alone and the lifecycle."""

from hub.domain.case import OPEN, Case, Referral, Task
from hub.domain.lifecycle import Lifecycle

GONE = ("returned", "cancelled")
NOT_ACCEPTED = ("assigned", "delivered", "signed")


def lead_of(case: Case, referral: Referral) -> Task | None:
    """The lead's task that has not been returned or cancelled; there is never more than one."""
    for task in case.tasks_of(referral.id):
        if task.role == "lead" and task.state not in GONE:
            return task
    return None


def accountable(case: Case, referral: Referral, lifecycle: Lifecycle) -> str | None:
    """The one department on which the referral rests; None when it has ended.

    While a request waits, who must answer it; while a lead that came later has not accepted, who received it first.
    """
    task = lead_of(case, referral)
    if referral.state != OPEN or task is None:
        return None
    if referral.pending == "withdrawal":
        return referral.lead
    if task.pending == "return":
        return referral.conference or referral.superior or referral.sender
    if task.pending is not None or lifecycle.states[task.state].owner == "sender":
        return referral.sender
    if referral.keeper is not None and task.state in NOT_ACCEPTED:
        return referral.keeper
    return task.department


def ping_pong(case: Case, referral: Referral) -> tuple[int, int]:
    """How often a return was asked for, and through how many departments' hands the referral went as lead."""
    leads = {task.department for task in case.tasks_of(referral.id) if task.role == "lead"}
    return referral.returns, len(leads)
