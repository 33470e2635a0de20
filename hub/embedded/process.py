"""One server process: started, recorded on disk, found again by other processes, stopped."""

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.embedded.record import Identity, Record
from hub.embedded.run_as import RunAs
from hub.embedded.trouble import AlreadyRunning, PortBusy, ServerDied
from hub.errors import EmbeddedServerError

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05

OURSELVES = RunAs()

_TAIL_LINES = 15
_LAUNCH = Path(__file__).with_name("launch.py")


def port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(server: str, wanted: int | None, last: int | None) -> int:
    """The wanted port, or PortBusy. None wanted: the last one, so that clients find it, or a free one."""
    if wanted is not None:
        if not port_free(wanted):
            raise PortBusy(server, wanted)
        return wanted
    if last is not None and port_free(last):
        return last
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class ServerProcess:
    """The process of one server on one directory. Not for use from several tasks at once.

    `log` takes what the process prints; `own_logs` is a pattern, seen from the directory of `log`, of the
    files that the server writes itself.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        log: Path,
        own_logs: str,
        *,
        detached: bool,
        stop_signal: signal.Signals,
    ) -> None:
        self.name, self.directory, self.log = name, directory, log
        self._own_logs, self._detached, self._stop_signal = own_logs, detached, stop_signal
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def record(self) -> Record | None:
        return Record.read(self.directory / "process.json")

    @property
    def last_ports(self) -> Mapping[str, int]:
        record = self.record
        return record.ports if record else {}

    @property
    def pid(self) -> int | None:
        """The pid of the running server, whoever started it; None if it does not run."""
        record = self.record
        return record.server.pid if record and record.server.alive() else None

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Held while a start is under way; AlreadyRunning if another start of the same directory is."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "start.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(
                    f"{self.name} in {self.directory} is just being started by another process"
                ) from None
            yield

    async def refuse_second(self) -> None:
        """AlreadyRunning if the server runs. If its parent has died it is about to end: waits for that."""
        record = self.record
        if record is None or not record.server.alive():
            return
        orphan = record.owner is not None and not record.owner.alive()
        if orphan and await _gone(record.server, STOP_SECONDS):
            return
        where = f"pid {record.server.pid}, ports {dict(record.ports)}"
        raise AlreadyRunning(f"{self.name} in {self.directory} runs already ({where})")

    def spawn(self, command: Sequence[str], ports: Mapping[str, int], run_as: RunAs = OURSELVES) -> None:
        """Start and record the process. Unless detached it gets the stop signal when this process dies."""
        if not self._detached and threading.current_thread() is not threading.main_thread():
            # The kernel ties a child's life to the *thread* that forked it.
            raise EmbeddedServerError(f"{self.name}: start it from the main thread, or detached")
        launch = [sys.executable, "-IS", str(_LAUNCH), *run_as.arguments()]
        if not self._detached:
            launch += ["--die-with", str(os.getpid()), "--signal", str(int(self._stop_signal))]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._child = subprocess.Popen(
                [*launch, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C goes to the hub, which then stops its servers in order.
                start_new_session=True,
            )
        server, owner = Identity.of(self._child.pid), Identity.of(os.getpid())
        if server is None:
            raise self.died("ended at once")
        Record(server, None if self._detached else owner, ports).write(self.directory / "process.json")

    async def wait_healthy(self, healthy: Callable[[], Awaitable[bool]]) -> None:
        """Until it answers. If it ends or does not answer within START_SECONDS it is stopped: ServerDied.

        On cancellation the server is stopped too: a start either succeeds or leaves nothing running.
        """
        limit = time.monotonic() + START_SECONDS
        try:
            while not await healthy():
                if self.pid is None:
                    raise self.died("ended before it answered")
                if time.monotonic() > limit:
                    raise self.died(f"did not answer within {START_SECONDS:.0f} s")
                await asyncio.sleep(POLL_SECONDS)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ask it to end, then kill. Idempotent. Stops a server that another process started as well."""
        record = self.record
        if record is not None and record.server.alive():
            _signal(record.server, self._stop_signal)
            if not await _gone(record.server, STOP_SECONDS):
                _signal(record.server, signal.SIGKILL)
                if not await _gone(record.server, STOP_SECONDS):
                    raise EmbeddedServerError(f"{self.name} (pid {record.server.pid}) survives SIGKILL")
        if self._child is not None:
            self._child.wait()
            self._child = None

    def died(self, what: str) -> ServerDied:
        own = sorted(self.log.parent.glob(self._own_logs), key=lambda file: file.stat().st_mtime)[-1:]
        ends = [
            f"{file}:\n{_tail(file)}" for file in (self.log, *own) if file.exists() and file.stat().st_size
        ]
        return ServerDied(self.name, what, "\n".join(ends))


def _tail(file: Path) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-_TAIL_LINES:])


async def run_tool(name: str, command: Sequence[str], run_as: RunAs = OURSELVES) -> None:
    """Run a preparing program to its end.

    If it fails: EmbeddedServerError with its output. Cancelling kills it.
    """
    launch = [sys.executable, "-IS", str(_LAUNCH), *run_as.arguments(), "--"]
    tool = await asyncio.create_subprocess_exec(
        *launch, *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        output, _ = await tool.communicate()
    except asyncio.CancelledError:
        tool.kill()
        await tool.wait()
        raise
    if tool.returncode != 0:
        raise EmbeddedServerError(
            f"{name} failed ({tool.returncode}):\n{output.decode(errors='replace').strip()}"
        )


def _signal(server: Identity, number: signal.Signals) -> None:
    # It may have ended between the look and the signal.
    with suppress(ProcessLookupError):
        os.kill(server.pid, number)


async def _gone(server: Identity, seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while server.alive():
        if time.monotonic() > limit:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
