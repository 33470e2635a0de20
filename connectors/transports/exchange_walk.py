"""The walk through one exchange table by (update_time, key), whose clocks can't be trusted to run forward."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

Row = dict[str, Any]
BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Polled:
    """A table whose rows tell of changes. `changed` is local time, as text that sorts as time does."""

    name: str
    key: str = "xh"
    changed: str = "update_time"
    status: str = "upload_status"
    taken_at: str = "upload_time"
    time_format: str = "%Y-%m-%d %H:%M:%S.%f"
    time_length: int = 23
    zone: timezone = BEIJING

    def write_time(self, moment: datetime) -> str:
        return moment.strftime(self.time_format)[: self.time_length]

    def back(self, moment: str, by: timedelta) -> str:
        """So much earlier; a moment that can't be read is a fault of the row and stays as it is."""
        try:
            return self.write_time(datetime.strptime(moment, self.time_format) - by)  # noqa: DTZ007
        except ValueError:
            return moment


@dataclass(frozen=True, slots=True)
class Position:
    """Where the walk through one table is: after (`at`, `key`); `high` is the latest moment seen."""

    at: str = ""
    key: str = ""
    high: str = ""


class Walk:
    """Moves the position on; at the end back by the overlap, until nothing newer came for as long."""

    def __init__(
        self, polled: Polled, overlap_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._polled, self._overlap, self._clock = polled, overlap_seconds, clock
        self._high, self._since = "", clock()

    def moved(self, position: Position, found: Sequence[Row], full: bool) -> Position:
        """Where to go on after the rows `found` from `position` on; `full`: there may be more at once."""
        polled = self._polled
        last = max(((row[polled.changed], row[polled.key]) for row in found), default=("", ""))
        at, key = max((position.at, position.key), last)
        reached = Position(at, key, max(position.high, last[0]))
        if reached.high != self._high:
            self._high, self._since = reached.high, self._clock()
        if full or self._clock() - self._since > self._overlap:
            return reached
        window = polled.back(reached.high, timedelta(seconds=self._overlap))
        return replace(reached, at=window, key="") if window < reached.at else reached
