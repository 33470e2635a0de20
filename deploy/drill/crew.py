"""The supervisor: starts again what ends, as systemd would, and knows which ends were the drill's own doing."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Sequence

from deploy.demo.processes import Child

RESTART_SECONDS = 1.0
STOP_SECONDS = 15.0


class Crew:
    """Processes by name. `tell` gets a line when one ends by itself."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.restarts: Counter[str] = Counter()
        self._tell = tell
        self._members: dict[str, Child] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._expected: set[str] = set()
        self._may_start: dict[str, asyncio.Event] = {}
        self._up: dict[str, asyncio.Event] = {}
        self._stopped: set[str] = set()

    def names(self, prefix: str = "") -> list[str]:
        """Members whose names begin so, sorted."""
        return sorted(name for name in self._members if name.startswith(prefix))

    async def start(self, child: Child) -> None:
        """Start a member and keep it running. Raises ChildFailed."""
        child.death_signal = signal.SIGKILL
        await child.start()
        name = child.name
        self._members[name] = child
        self._expected.discard(name)
        self._may_start[name], self._up[name] = asyncio.Event(), asyncio.Event()
        self._may_start[name].set()
        self._up[name].set()
        self._watches[name] = asyncio.create_task(self._watch(child), name=f"watch {name}")

    async def kill(self, name: str, hold: bool = False) -> None:
        """kill -9. It is started again soon, with `hold` only after `release`."""
        if hold:
            self._may_start[name].clear()
        if not self._members[name].ended():
            self._expected.add(name)
            self._up[name].clear()
            await self._members[name].kill()

    def release(self, name: str) -> None:
        """Let a held one start again."""
        self._may_start[name].set()

    async def up(self, name: str) -> None:
        """Wait until it runs (again). Raises what keeps it from starting."""
        waits = [asyncio.create_task(self._up[name].wait()), self._watches[name]]
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        waits[0].cancel()
        if self._watches[name] in done:
            self._watches[name].result()

    def pause(self, name: str) -> None:
        """SIGSTOP."""
        self._signal(name, signal.SIGSTOP)
        self._stopped.add(name)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        self._signal(name, signal.SIGCONT)
        self._stopped.discard(name)

    def expect_ends(self, names: Sequence[str]) -> None:
        """The next end of these is no surprise."""
        self._expected.update(names)

    def tail(self, name: str) -> str:
        """The end of a member's log."""
        return self._members[name].tail(5)

    async def stop(self, names: Sequence[str]) -> None:
        """SIGTERM to all of these at once, SIGKILL to those that do not end; they are members no longer."""
        watches = [self._watches.pop(name) for name in names]
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        for name in self._stopped & set(names):
            self.resume(name)
        await asyncio.gather(*(self._members.pop(name).stop(STOP_SECONDS) for name in names))

    def check(self) -> None:
        """Raises ChildFailed when a member can't be started any more."""
        for watch in self._watches.values():
            if watch.done() and not watch.cancelled():
                watch.result()

    async def _watch(self, child: Child) -> None:
        name = child.name
        while True:
            assert child.process is not None
            code = await child.process.wait()
            self._up[name].clear()
            self._stopped.discard(name)
            if name in self._expected:
                self._expected.discard(name)
            else:
                self.restarts[name] += 1
                self._tell(f"{name} 自行退出，重新启动 ended by itself ({code}) and is started again")
            await asyncio.sleep(RESTART_SECONDS)
            await self._may_start[name].wait()
            await child.start()
            self._up[name].set()

    def _signal(self, name: str, number: signal.Signals) -> None:
        process = self._members[name].process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
