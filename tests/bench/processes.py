"""Child processes of the bench, and what the system says about them. Linux: reads /proc."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Self

from tests.support.children import python

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
STOP_SECONDS = 15.0


class Child:
    """A Python module as a process of its own, `python -m MODULE ARGS`. Ends with the block or with us, at the latest
    by force.

    Its standard error goes to `log`. `line` reads what it prints.
    """

    def __init__(self, module: str, *args: str, log: Path) -> None:
        # One that is stopped (`pause`) would not see SIGTERM.
        self._argv = (*python(signal.SIGKILL), "-m", module, *args)
        self._module, self._log = module, log
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._live()
        if process.returncode is None:
            self.resume()
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()

    @property
    def pid(self) -> int:
        """The process's id. Raises RuntimeError with the end of its log when it has ended."""
        process = self._live()
        if process.returncode is not None:
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])
            raise RuntimeError(f"{self._module} ended with {process.returncode}:\n{tail}")
        return process.pid

    async def line(self) -> str:
        """The next line that it prints."""
        stdout = self._live().stdout
        assert stdout is not None
        text = await stdout.readline()
        if not text:
            await self._live().wait()
            self.pid  # raises
        return text.decode().strip()

    def pause(self) -> None:
        """Stop it where it is (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def _live(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self._module} was not started")
        return self._process


def cpu_seconds(pid: int) -> float:
    """CPU time, user and system, of a process, its living descendants and those that have ended."""
    return sum(sum(int(ticks) for ticks in fields[11:15]) for fields in _family(pid).values()) / _TICKS


def memory_mib(pid: int) -> float:
    """Resident memory of a process and its descendants in MiB; what they share counts for each."""
    return sum(int(fields[21]) for fields in _family(pid).values()) * _PAGE / 2**20


def _family(pid: int) -> dict[int, list[str]]:
    """A process and its living descendants: what /proc/PID/stat says after the name, from the state on."""
    said: dict[int, list[str]] = {}
    children: dict[int, list[int]] = {}
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (directory / "stat").read_text().rpartition(")")[2].split()
                said[int(directory.name)] = fields
                children.setdefault(int(fields[1]), []).append(int(directory.name))
    family, todo = {}, [pid]
    while todo:
        one = todo.pop()
        todo += children.get(one, [])
        if one in said:
            family[one] = said[one]
    return family
