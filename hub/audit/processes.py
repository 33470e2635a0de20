"""Long work on shards, in processes of their own: one task a line in, what became of it line by line out.

Such a process ends with its standard input, or when nobody listens any more.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence

from hub import loop
from hub.collector import tune_collector
from hub.errors import HubError, StoreTrouble

_LINE = 1 << 28
_TROUBLE = b"!"
Say = Callable[[bytes], None]


async def beside(module: str, tasks: Sequence[bytes], jobs: int, take: Callable[[bytes], bool]) -> None:
    """Have the tasks done, the last first, by so many processes of a module. `take` gets each line about a task, and
    says whether it was the last one. Raises StoreTrouble when a process fails or ends.
    """
    left = list(tasks)
    working = [asyncio.create_task(_work_off(module, left, take)) for _ in range(min(jobs, len(tasks)))]
    try:
        await asyncio.gather(*working)
    finally:
        for one in working:
            one.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def _work_off(module: str, tasks: list[bytes], take: Callable[[bytes], bool]) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module), stdin=PIPE, stdout=PIPE, limit=_LINE
    )
    try:
        while tasks:
            await _one(process, tasks.pop(), take)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _one(process: Process, task: bytes, take: Callable[[bytes], bool]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(task + b"\n")
        await process.stdin.drain()
        while line := await process.stdout.readline():
            if line.startswith(_TROUBLE):
                raise StoreTrouble(line[1:].decode().strip())
            if take(line):
                return
    except OSError as error:
        raise StoreTrouble(f"a process beside is gone: {error!r}") from error
    raise StoreTrouble("a process beside has ended")


def serve(work: Callable[[bytes, Say], Awaitable[None]]) -> None:
    """Be such a process: work until there are no more tasks."""
    tune_collector()
    for line in sys.stdin.buffer:
        try:
            loop.run(_named(work, line))
        except HubError as problem:
            _say(_TROUBLE + str(problem).replace("\n", " ").encode())
        except BrokenPipeError:
            os._exit(1)  # whoever asked is gone


async def _named(work: Callable[[bytes, Say], Awaitable[None]], line: bytes) -> None:
    await work(line, _say)


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
