"""Polling a system that is asked by time window and page, and that may show changes late.

A window opens a while (`overlap`) before the moment at which the system answered the one before, and has no
end. So what showed up late is found by the next windows. What was read already is known by its digest, which
the cursor carries as long as the overlap lists it again. All moments are the system's own, none is ours.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self


@dataclass(frozen=True, slots=True)
class Listed:
    """One change as the system listed it: its moment (None when unreadable) and its raw form."""

    at: datetime | None
    raw: bytes

    @property
    def digest(self) -> str:
        return sha256(self.raw).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Window:
    """Where the next poll goes on: page `page` of the window that opens at `since` less the overlap.

    `answered_at` is the system's time at the first page, `seen` what earlier windows gave, `found` what the
    pages before of this one listed and the next window will list again.
    """

    since: datetime
    page: int = 1
    answered_at: datetime | None = None
    seen: frozenset[str] = field(default=frozenset())
    found: frozenset[str] = field(default=frozenset())

    @classmethod
    def read(cls, cursor: str | None, start: datetime) -> Self:
        """From a cursor, or the first window when there is none. Raises ValueError for any other text."""
        if cursor is None:
            return cls(start)
        try:
            since, page, at, seen, found = json.loads(cursor)
            answered_at = datetime.fromisoformat(at) if at else None
            return cls(
                datetime.fromisoformat(since), int(page), answered_at, frozenset(seen), frozenset(found)
            )
        except (TypeError, ValueError):
            raise ValueError(f"cursor {cursor!r} must be [since, page, answered_at, seen, found]") from None

    def cursor(self) -> str:
        at = self.answered_at.isoformat() if self.answered_at else None
        return json.dumps([self.since.isoformat(), self.page, at, sorted(self.seen), sorted(self.found)])

    def opens(self, overlap: timedelta) -> datetime:
        return self.since - overlap

    def is_new(self, change: Listed) -> bool:
        """Whether no window before gave this change with this content."""
        return change.digest not in self.seen

    def after(
        self, page: Iterable[Listed], more: bool, system_time: datetime, overlap: timedelta
    ) -> "Window":
        """The next page when there is more, else the next window.

        A change that shows up later than `overlap` after its moment is missed: the overlap must be longer
        than the system's longest delay.
        """
        answered_at = self.answered_at or system_time
        again = {one.digest for one in page if one.at is None or one.at >= answered_at - overlap}
        found = self.found | again
        if more:
            return Window(self.since, self.page + 1, answered_at, self.seen, found)
        return Window(answered_at, seen=found)
