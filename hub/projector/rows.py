"""What a batch of entries changes in the projected tables. Pure: entries in, changes out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hub.domain import events as ev
from hub.domain.decision import CHINA
from hub.domain.entry import Entry
from hub.projector.deadline_rows import DeadlineRows
from hub.projector.duplicate_rows import DuplicateRows
from hub.projector.duplicate_rows import Event as DuplicateEvent
from hub.projector.supervision_rows import Event as SupervisionEvent
from hub.projector.supervision_rows import SupervisionRows
from hub.projector.tallies import COUNTED, Key, key_of

RUNGS = ("delivered", "signed", "accepted", "replied", "confirmed")


class ReferralRow(NamedTuple):
    """A new referral, column by column."""

    id: str
    case_id: str
    shard: int
    flow: str
    kind: str
    sender: str
    lead: str
    local_number: str
    legal_at: datetime
    raised_at: datetime
    raised_on: date
    state: str = "open"


class TaskRow(NamedTuple):
    """A new task, column by column. `flow` and `sender` are its referral's, where that is at hand."""

    id: str
    referral: str
    case_id: str
    department: str
    role: str
    state: str
    since: datetime
    assigned_at: datetime
    assigned_seq: int
    flow: str | None = None
    sender: str | None = None


@dataclass(slots=True)
class Projection:
    """`referrals` and `tasks` are new rows; `*_changes` are the columns to set afterwards by id, the last value wins."""

    referrals: dict[str, ReferralRow] = field(default_factory=dict)
    referral_changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, TaskRow] = field(default_factory=dict)
    task_changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    deadlines: DeadlineRows = field(default_factory=DeadlineRows)
    supervisions: SupervisionRows = field(default_factory=SupervisionRows)
    duplicates: DuplicateRows = field(default_factory=DuplicateRows)
    aliases: set[tuple[str, str, str, str]] = field(default_factory=set)
    tallies: dict[Key, int] = field(default_factory=dict)

    def take(self, entries: Sequence[Entry]) -> None:
        """Add what these entries change, in order."""
        for entry in entries:
            self._count(key_of(entry))
            for event in entry.events:
                rule = _RULES.get(event.e)
                if rule is not None:
                    rule(self, entry, event)
                else:
                    self.deadlines.take(entry, event)

    def count(self, event: ev.Event) -> None:
        """One more of what an event counts as."""
        self._count(COUNTED[event.e](event))

    def _count(self, key: Key | None) -> None:
        if key is not None:
            self.tallies[key] = self.tallies.get(key, 0) + 1

    def set_task(self, task: str, **columns: Any) -> None:
        """Columns of a task."""
        self.task_changes.setdefault(task, {}).update(columns)

    def set_referral(self, referral: str, **columns: Any) -> None:
        """Columns of a referral."""
        self.referral_changes.setdefault(referral, {}).update(columns)


def _raised(to: Projection, entry: Entry, event: ev.ReferralRaised) -> None:
    raised_at = _time(event.raised_at)
    to.referrals[event.referral] = ReferralRow(
        event.referral,
        entry.case or "",
        entry.shard,
        event.flow,
        event.kind,
        event.sender,
        event.lead,
        event.local_number,
        _time(event.legal_at),
        raised_at,
        raised_on(raised_at),
    )


def _assigned(to: Projection, entry: Entry, event: ev.TaskAssigned) -> None:
    at, case, new = _time(event.at), entry.case or "", to.referrals.get(event.referral)
    known = (None, None) if new is None else (new.flow, new.sender)
    to.tasks[event.task] = TaskRow(
        event.task, event.referral, case, event.department, event.role, "assigned", at, at, entry.seq, *known
    )


def _stepped(to: Projection, entry: Entry, event: ev.TaskStepped) -> None:
    at = _time(event.at)
    to.set_task(event.task, state=event.state, since=at)
    if event.rung is not None:
        to.set_task(event.task, **{f"{event.rung}_at": at})
    if event.step == "rework.requested":
        to.set_task(event.task, outcome=None)


def _receipt_late(to: Projection, entry: Entry, event: ev.ReceiptCameLate) -> None:
    to.set_task(event.task, **{f"{event.rung}_at": _time(event.at)})


def _request_opened(to: Projection, entry: Entry, event: ev.RequestOpened) -> None:
    if event.task is None:
        to.set_referral(event.referral, pending=event.request)
    else:
        to.set_task(event.task, pending=event.request)
        to.count(event)


def _request_closed(to: Projection, entry: Entry, event: ev.RequestClosed) -> None:
    if event.task is None:
        to.set_referral(event.referral, pending=None)
    else:
        to.set_task(event.task, pending=None)


def _reply(to: Projection, entry: Entry, event: ev.ReplyGiven) -> None:
    if event.final:
        to.set_task(event.task, outcome=event.outcome)


def _ended(to: Projection, entry: Entry, event: ev.ReferralEnded) -> None:
    to.set_referral(
        event.referral, state=event.state, outcome=event.outcome, ended_at=_time(event.at), pending=None
    )


def _reopened(to: Projection, entry: Entry, event: ev.ReferralReopened) -> None:
    to.set_referral(event.referral, state="open", outcome=None, ended_at=None)


def _lead(to: Projection, entry: Entry, event: ev.LeadChanged) -> None:
    to.set_referral(event.referral, lead=event.lead)
    to.count(event)


def _escalated(to: Projection, entry: Entry, event: ev.ReferralEscalated) -> None:
    to.count(event)


def _number(to: Projection, entry: Entry, event: ev.NumberLearned) -> None:
    to.aliases.add((event.department, event.kind, event.number, entry.case or ""))
    if event.task is not None:
        to.set_task(event.task, local_number=event.number)


def _corrected(to: Projection, entry: Entry, event: ev.ReferralCorrected) -> None:
    if event.legal_at is not None:
        to.set_referral(event.referral, legal_at=_time(event.legal_at))


def _supervision(to: Projection, entry: Entry, event: SupervisionEvent) -> None:
    to.supervisions.take(entry, event)


def _duplicate(to: Projection, entry: Entry, event: DuplicateEvent) -> None:
    to.duplicates.take(entry, event)


_RULES: dict[str, Any] = {
    "referral_raised": _raised,
    "task_assigned": _assigned,
    "task_stepped": _stepped,
    "receipt_came_late": _receipt_late,
    "request_opened": _request_opened,
    "request_closed": _request_closed,
    "reply_given": _reply,
    "referral_ended": _ended,
    "referral_reopened": _reopened,
    "lead_changed": _lead,
    "referral_escalated": _escalated,
    "number_learned": _number,
    "referral_corrected": _corrected,
    "supervision_raised": _supervision,
    "supervision_answered": _supervision,
    "supervision_cleared": _supervision,
    "followed_up": _supervision,
    "duplicate_offered": _duplicate,
    "duplicate_answered": _duplicate,
}


# The events of one entry, and of many around it, share their moments.
_time = lru_cache(256)(datetime.fromisoformat)


@lru_cache(256)
def raised_on(at: datetime) -> date:
    """The cohort of a referral: the day in China on which the hub decided it was raised (5a.12)."""
    return at.astimezone(CHINA).date()
