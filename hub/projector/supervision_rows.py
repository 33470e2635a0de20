"""What entries change in the projected tables of supervision and of follow-ups. Pure: entries in, changes out."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hub.domain.entry import Entry
from hub.domain.supervision_events import (
    FollowedUp,
    SupervisionAnswered,
    SupervisionCleared,
    SupervisionRaised,
)
from hub.projector.deadline_rows import deadline_id

Event = SupervisionRaised | SupervisionAnswered | SupervisionCleared | FollowedUp


class SupervisionRow(NamedTuple):
    """A new step of supervision, column by column. `deadline`: the time limit that was its cause."""

    id: str
    case_id: str
    shard: int
    referral: str
    task: str
    step: str
    against: str
    raised_by: str
    trigger: str
    deadline: str | None
    counted: int | None
    lower: str | None
    raised_at: datetime
    answer: str | None
    state: str = "open"


class FollowupRow(NamedTuple):
    """A follow-up, column by column; nothing changes it later."""

    case_id: str
    shard: int
    seq: int
    referral: str
    by: str
    reached: bool
    counts: bool
    rating: int | None
    satisfied: bool | None
    at: datetime


@dataclass(slots=True)
class SupervisionRows:
    """`new` steps by id, the columns to set in steps that are there already (`changes`), and follow-ups."""

    new: dict[str, SupervisionRow] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    followups: list[FollowupRow] = field(default_factory=list)

    def take(self, entry: Entry, event: Event) -> None:
        """Add what an event changes."""
        if isinstance(event, SupervisionRaised):
            self.new[event.supervision] = _row(entry, event)
        elif isinstance(event, FollowedUp):
            self.followups.append(
                FollowupRow(
                    entry.case or "",
                    entry.shard,
                    entry.seq,
                    event.referral,
                    event.by,
                    event.reached,
                    event.task is not None,
                    event.rating,
                    event.satisfied,
                    _time(event.at),
                )
            )
        elif isinstance(event, SupervisionAnswered):
            answered = {"state": "answered", "answered_at": _time(event.at)}
            self.changes.setdefault(event.supervision, {}).update(answered)
        else:
            cleared = {"state": "cleared", "cleared_at": _time(event.at)}
            cleared |= {"cleared_by": event.by, "cleared_why": event.why}
            self.changes.setdefault(event.supervision, {}).update(cleared)


def _row(entry: Entry, event: SupervisionRaised) -> SupervisionRow:
    return SupervisionRow(
        event.supervision,
        entry.case or "",
        entry.shard,
        event.referral,
        event.task,
        event.step,
        event.against,
        event.by,
        event.trigger,
        None if event.deadline is None else deadline_id(entry, event.deadline),
        event.count,
        event.lower,
        _time(event.at),
        None if event.answer is None else deadline_id(entry, event.answer),
    )


_time = lru_cache(256)(datetime.fromisoformat)
