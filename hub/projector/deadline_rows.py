"""What entries change in the projected table of time limits. Pure: entries in, changes out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hub.domain import deadline_events as de
from hub.domain.entry import Entry
from hub.domain.events import Event


class DeadlineRow(NamedTuple):
    """A new time limit, column by column. `next`: when the hub's clock speaks of it; None: never again."""

    id: str
    case_id: str
    number: int
    shard: int
    task: str
    clock: str
    owner: str
    since: str | None
    due: datetime
    next: datetime | None
    provisional: bool
    state: str = "running"


@dataclass(slots=True)
class DeadlineRows:
    """`new` rows by id, and the columns to set in those that are there already (`changes`), the last value wins."""

    new: dict[str, DeadlineRow] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, entry: Entry, event: Event) -> None:
        """Add what an event changes; one of another matter changes nothing."""
        if event.e == "deadline_started":
            name, due = deadline_id(entry, event.deadline), _time(event.due)
            self.new[name] = DeadlineRow(
                name,
                entry.case or "",
                event.deadline,
                entry.shard,
                event.task,
                event.clock,
                event.owner,
                event.since,
                due,
                due if event.warn is None else _time(event.warn),
                event.provisional,
            )
        elif (rule := _CHANGES.get(event.e)) is not None:
            self.changes.setdefault(deadline_id(entry, event.deadline), {}).update(rule(entry, event))  # type: ignore[union-attr, arg-type]


def deadline_id(entry: Entry, number: int) -> str:
    """How the table names a time limit."""
    return f"{entry.case}/{number}"


def _recomputed(entry: Entry, event: de.DeadlineRecomputed) -> dict[str, Any]:
    due = "computed" if event.beside else "due"
    moved = {due: _time(event.after), "provisional": event.provisional} | _waits(entry, event.next)
    return moved | ({"since": event.since} if event.since is not None else {})


def _set(entry: Entry, event: de.DateSet) -> dict[str, Any]:
    return {"due": _time(event.after), "computed": _time(event.computed)} | _waits(entry, event.next)


def _lifted(entry: Entry, event: de.DateLifted) -> dict[str, Any]:
    return {"due": _time(event.after), "computed": None} | _waits(entry, event.next)


def _waits(entry: Entry, next_: str | None) -> dict[str, Any]:
    """From here on it waits for a moment anew, also for one that has been there before."""
    return {"next": _or_none(next_), "moved": entry.seq}


def _warned(entry: Entry, event: de.DeadlineWarned) -> dict[str, Any]:
    return {"next": _time(event.next), "warned_at": _time(entry.received_at)}


def _breached(entry: Entry, event: de.DeadlineBreached | de.ReceiptMissed) -> dict[str, Any]:
    return {"next": None, "state": "breached", "breached_at": _time(event.at)}


def _annulled(entry: Entry, event: de.BreachAnnulled) -> dict[str, Any]:
    running = {"state": "running"} if event.next is not None else {}
    return _waits(entry, event.next) | {"breached_at": None} | running


def _ended(entry: Entry, event: de.DeadlineEnded) -> dict[str, Any]:
    return {"next": None, "state": "ended", "ended_at": _time(event.at or entry.received_at)}


def _or_none(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


# The events of one entry, and of many around it, share their moments.
_time = lru_cache(256)(datetime.fromisoformat)

_CHANGES: dict[str, Callable[[Entry, Any], dict[str, Any]]] = {
    "deadline_recomputed": _recomputed,
    "deadline_warned": _warned,
    "deadline_breached": _breached,
    "receipt_missed": _breached,
    "breach_annulled": _annulled,
    "deadline_ended": _ended,
    "date_set": _set,
    "date_lifted": _lifted,
}
