"""When the instants of a flow's clocks came, in law, and whether a clock applies, as the case stands."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from hub.domain.case import Referral, Task
from hub.domain.decision import Draft
from hub.domain.timetable import Watch


def holds(draft: Draft, referral: Referral, task: Task, watch: Watch) -> bool:
    """Whether the rule applies: the facts are so, and the outcome is one of those that it is for."""
    if watch.of.outcomes and task.outcome not in watch.of.outcomes:
        return False
    return all(_is(draft, referral, asked, value) for asked, value in watch.of.when.items())


def _is(draft: Draft, referral: Referral, asked: str, value: str) -> bool:
    own: Mapping[str, str] = {"kind": referral.kind, "track": referral.track, "priority": referral.priority}
    if asked in own:
        return own[asked] == value
    if asked in ("sender", "lead"):
        known = draft.rules.departments.get(referral.sender if asked == "sender" else referral.lead)
        return known is not None and value in known.roles
    return draft.case.facts.get(asked) == value


def end_of(draft: Draft, referral: Referral, task: Task, watch: Watch) -> str | None:
    """The first of the steps that end the clock, by its legal moment."""
    found = [at for one in watch.of.ends if (at := instant(draft, referral, task, one)) is not None]
    return min(found, key=datetime.fromisoformat) if len(found) > 1 else (found[0] if found else None)


def instant(draft: Draft, referral: Referral, task: Task, name: str) -> str | None:
    """The legal moment of an instant, None while it has not come."""
    if name == "raised":
        return referral.legal_at
    kind, dot, code = name.partition(".")
    if dot and kind == "fact":
        return draft.case.moments.get(code)
    if dot and kind == "opened":
        return next(_opened(draft, referral, code), None)
    return task.instants.get(name)


def _opened(draft: Draft, referral: Referral, flow: str) -> Iterator[str]:
    for other in draft.case.referrals.values():
        if other.opened_by == referral.id and other.flow == flow:
            yield other.legal_at
