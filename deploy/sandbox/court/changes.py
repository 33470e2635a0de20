"""The query view of changes: by time window and page, and a little behind the books.

The view is filled by a batch job, later for some filings than for others, so a change can show up after
changes that are younger. Who asks by time must ask again for a while back. The changes of one filing
keep their order.
"""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from deploy.sandbox.core.records import Records

PAGE_LIMIT = 50
_BATCH = 500
RAISED_LAG = timedelta(seconds=2)
RECEIVED_LAGS = (timedelta(0), timedelta(0), timedelta(seconds=1))


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One step of the log as the view sorts it."""

    at: datetime
    seq: int


class Changes:
    """Follows the log of steps. `page` reads what is new in it and what has become visible."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._read = 0
        self._waiting: list[tuple[datetime, Change]] = []
        self._visible: list[Change] = []

    def page(
        self, since: datetime, until: datetime, page: int, size: int, now: datetime
    ) -> tuple[int, list[int]]:
        """How many visible changes the window holds, ends included, and the `seq` of one page of them."""
        self._follow(now)
        first = bisect_left(self._visible, since, key=lambda change: change.at)
        end = bisect_right(self._visible, until, key=lambda change: change.at)
        found = self._visible[first:end]
        return len(found), [change.seq for change in found[(page - 1) * size : page * size]]

    def _follow(self, now: datetime) -> None:
        while steps := self._records.steps_after(self._read, _BATCH):
            for step in steps:
                at = datetime.fromisoformat(step.at)
                self._waiting.append((at + self._lag(step.number), Change(at, step.seq)))
            self._read = steps[-1].seq
        for shown_at, change in self._waiting:
            if shown_at <= now:
                insort(self._visible, change)
        self._waiting = [waiting for waiting in self._waiting if waiting[0] > now]

    def _lag(self, number: str) -> timedelta:
        """New filings are always the last to show, so none overtakes the decision from which it follows."""
        if self._records.record(number).direction == "raised":
            return RAISED_LAG
        return RECEIVED_LAGS[sha256(number.encode()).digest()[0] % len(RECEIVED_LAGS)]
