"""What entries change in the projected table of duplicates 重复件. Pure: entries in, changes out."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hub.domain.case import OFFERED
from hub.domain.duplicate_events import DuplicateAnswered, DuplicateOffered
from hub.domain.entry import Entry

Event = DuplicateOffered | DuplicateAnswered


class DuplicateRow(NamedTuple):
    """An offer that was made, column by column. `agrees`, `offered_to`: codes and departments with spaces between."""

    id: str
    case_id: str
    shard: int
    other_case: str
    combination: str
    agrees: str
    offered_to: str
    offered_at: datetime
    state: str = OFFERED


@dataclass(slots=True)
class DuplicateRows:
    """`new` offers by id, and the columns to set in offers that are there already (`changes`)."""

    new: dict[str, DuplicateRow] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, entry: Entry, event: Event) -> None:
        """Add what an event changes."""
        case = entry.case or ""
        name = f"{case}/{event.other}"
        if isinstance(event, DuplicateOffered):
            self.new[name] = DuplicateRow(
                name,
                case,
                entry.shard,
                event.other,
                event.combination,
                " ".join(event.agrees),
                " ".join(event.to),
                _time(event.at),
            )
        else:
            answered = {"state": event.verdict, "answered_at": _time(event.at), "answered_by": event.by}
            self.changes.setdefault(name, {}).update(answered)


_time = lru_cache(256)(datetime.fromisoformat)
