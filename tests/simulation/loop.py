"""A deterministic event loop: virtual time, processes that are killed and paused, a seeded choice of who goes next.

Callbacks of one process run in their order, as in a loop of its own; between processes the seed chooses. Nothing
waits: when nobody is ready, time jumps to the next timer.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any

PROCESS: ContextVar["Process"] = ContextVar("PROCESS")
# What one callback takes, so that a loop that never sleeps still reaches the next timer.
TICK = 0.000_02
MOST_STEPS = 3_000_000


class Process:
    """What a process of the operating system is to the others: it runs, stands still, or is gone with its memory."""

    def __init__(self, loop: "SimLoop", name: str) -> None:
        self.name, self.loop = name, loop
        self.alive, self.paused = True, False
        self.steps = 0
        self.kill_at: int | None = None
        self.on_kill: list[Callable[[Process], None]] = []
        self.queue: deque[asyncio.Handle] = deque()
        self.tasks: list[asyncio.Task[Any]] = []

    def spawn(self, coroutine: Coroutine[Any, Any, Any], name: str | None = None) -> "asyncio.Task[Any]":
        """A task of this process; so is everything that it starts."""
        context = copy_context()
        context.run(PROCESS.set, self)
        return self.loop.create_task(coroutine, name=name or self.name, context=context)

    def kill(self) -> None:
        """Gone at once, as by kill -9: nothing of it runs any more, no `finally` either."""
        if not self.alive:
            return
        for told in self.on_kill:
            told(self)
        self.alive = False
        self.queue.clear()
        self.loop.forget(self)

    def pause(self, seconds: float) -> None:
        """Stand still for a while (SIGSTOP, a virtual machine that is moved). What falls due meanwhile waits."""
        self.paused = True
        self.loop.forget(self)
        self.loop.outside.call_later(seconds, self._go_on)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """A timer of this process."""
        context = copy_context()
        context.run(PROCESS.set, self)
        return self.loop.call_later(seconds, callback, context=context)

    def waiting(self) -> list["asyncio.Task[Any]"]:
        """Its tasks that are not done."""
        self.tasks = [task for task in self.tasks if not task.done()]
        return self.tasks

    def _go_on(self) -> None:
        self.paused = False
        if self.alive and self.queue:
            self.loop.ready(self)


class SimLoop(asyncio.AbstractEventLoop):
    """See the module. `outside` is what belongs to no process: broker, database, officers, the faults themselves."""

    def __init__(self, random: Random) -> None:
        self._random = random.random
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._made = 0
        self._runnable: list[Process] = []
        self._processes: list[Process] = []
        self.steps = 0
        self.problems: list[str] = []
        self.outside = self.process("outside")

    def process(self, name: str) -> Process:
        """A new process."""
        made = Process(self, name)
        self._processes.append(made)
        return made

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run until this task of `outside` is done. Raises what it raises, and RuntimeError when nothing can go on."""
        asyncio._set_running_loop(self)
        try:
            task = self.outside.spawn(coroutine)
            while not task.done():
                self._step()
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def bury(self) -> None:
        """Close what was left behind, so that nothing of it shows up later."""
        for process in self._processes:
            process.alive = False
            for task in process.waiting():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                for _ in range(10):
                    try:
                        task.get_coro().close()  # type: ignore[union-attr]
                        break
                    except BaseException:  # a `finally` that waits: there is no loop any more
                        continue
        self._processes.clear()
        self._timers.clear()

    def ready(self, process: Process) -> None:
        """The process has something to do."""
        self._runnable.append(process)

    def forget(self, process: Process) -> None:
        """The process has nothing to do, or may not."""
        if process in self._runnable:
            self._runnable.remove(process)

    def _step(self) -> None:
        runnable = self._runnable
        if not runnable:
            self._jump()
            return
        at = int(self._random() * len(runnable)) if len(runnable) > 1 else 0
        process = runnable[at]
        handle = process.queue.popleft()
        if not process.queue:
            del runnable[at]
        if handle._cancelled:  # type: ignore[attr-defined]
            return
        self._now += TICK
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise RuntimeError("the simulation does not come to an end")
        process.steps += 1
        handle._run()  # type: ignore[attr-defined]
        if process.kill_at is not None and process.steps >= process.kill_at:
            process.kill()
        if self._timers and self._timers[0][0] <= self._now:
            self._ring()

    def _jump(self) -> None:
        while self._timers and self._timers[0][2]._cancelled:  # type: ignore[attr-defined]
            heapq.heappop(self._timers)
        if not self._timers:
            raise RuntimeError("nobody can go on and no timer is set")
        self._now = max(self._now, self._timers[0][0])
        self._ring()

    def _ring(self) -> None:
        while self._timers and self._timers[0][0] <= self._now:
            _, _, handle = heapq.heappop(self._timers)
            if not handle._cancelled:  # type: ignore[attr-defined]
                self._add(handle, handle._context)  # type: ignore[attr-defined]

    def _add(self, handle: asyncio.Handle, context: Context | None) -> None:
        process = (PROCESS.get(None) if context is None else context.get(PROCESS)) or self.outside
        if process.alive:
            process.queue.append(handle)
            if len(process.queue) == 1 and not process.paused:
                self._runnable.append(process)

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._add(handle, context)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._made += 1
        heapq.heappush(self._timers, (when, self._made, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        return

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(
        self, coroutine: Any, *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=self, name=name, context=context)
        process = (PROCESS.get(None) if context is None else context.get(PROCESS)) or self.outside
        process.tasks.append(task)
        if len(process.tasks) > 200:
            process.waiting()
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if "exception" in context and "never retrieved" not in context["message"]:
            self.problems.append(f"{context['message']}: {context['exception']!r}")

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False
