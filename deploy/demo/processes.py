"""The demo's child processes: started, waited for, killed and stopped; none survives the demo."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.embedded import launch

READY_SECONDS = 60.0


class ChildFailed(Exception):
    """A child ended or did not get ready; carries the end of its log."""


@dataclass
class Child:
    """One process with its log file. `ready_line`: it prints `ready <address>` when it serves.

    `death_signal`: what it gets when this process dies. A process that is stopped (SIGSTOP) heeds only SIGKILL.
    """

    name: str
    arguments: Sequence[str]
    log: Path
    ready_line: bool = False
    address: str = ""
    death_signal: signal.Signals = signal.SIGTERM
    process: "asyncio.subprocess.Process | None" = field(default=None, repr=False)

    async def start(self) -> None:
        """Start it so that it dies with this process, even by kill -9. Raises ChildFailed."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        guard = [
            launch.__file__,
            "--die-with",
            str(os.getpid()),
            "--signal",
            str(int(self.death_signal)),
            "--",
        ]
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *guard,
                sys.executable,
                *self.arguments,
                stdout=asyncio.subprocess.PIPE if self.ready_line else log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
            )
        if self.ready_line:
            await self._wait_ready()

    async def _wait_ready(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), READY_SECONDS)
        except TimeoutError:
            raise ChildFailed(
                f"{self.name} is not ready after {READY_SECONDS:.0f} s\n{self.tail()}"
            ) from None
        word, _, address = line.decode().strip().partition(" ")
        if word != "ready":
            raise ChildFailed(f"{self.name} did not start\n{self.tail()}")
        self.address = address

    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.process is None or self.process.returncode is not None

    async def kill(self) -> None:
        """kill -9 and wait."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self, seconds: float = 12.0) -> None:
        """SIGTERM, wait, then SIGKILL."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            await self.kill()

    def tail(self, lines: int = 15) -> str:
        """The end of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


async def stop_all(children: Sequence[Child]) -> None:
    """Stop all at once."""
    await asyncio.gather(*(child.stop() for child in children))
