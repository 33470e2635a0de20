"""How far a long reading has come: on a terminal a line that stays, elsewhere a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console

_LINE_SECONDS = 10.0


class Pace:
    """Tells done and all, the rate since this run began, and how long the rest takes at that rate."""

    def __init__(self, console: Console, whole: int) -> None:
        self._console, self._whole = console, whole
        self._began = self._told = time.monotonic()
        self._first: int | None = None
        self._status = console.status("reading") if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, what: str, done: int, shard: int) -> None:
        """So many are done now."""
        now = time.monotonic()
        if self._first is None:
            self._first = done
        if self._status is not None:
            self._status.update(self.line(what, done, shard, now))
        elif now - self._told > _LINE_SECONDS:
            self._told = now
            self._console.print(self.line(what, done, shard, now))

    def line(self, what: str, done: int, shard: int, now: float) -> str:
        """The words."""
        rate = (done - (self._first or 0)) / max(now - self._began, 0.001)
        left = f"{max(self._whole - done, 0) / rate:,.0f} s left" if rate else "beginning"
        return f"{what}: {done:,} of {self._whole:,} read, {rate:,.0f}/s, {left} (shard {shard})"
