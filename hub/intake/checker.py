"""Signatures of a backlog are checked in a process beside: an Ed25519 check costs more than any other step of a message.

Run as a module, this is that process: it answers until its standard input ends, so it never outlives the hub.
"""

import asyncio
import contextlib
import marshal
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import BinaryIO

from hub.errors import CheckerTrouble
from hub.intake.signature_check import holds

# What is to be checked: the raw public key, the attributes of the message, its data.
Check = tuple[bytes, dict[str, str], bytes]
_LENGTH = 8


class Checker:
    """One child process, started at the first call; several callers take turns."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def check(self, checks: Sequence[Check]) -> list[bool]:
        """Which of the signatures hold. Raises CheckerTrouble when the child is gone; the next call starts another.

        Cancelled in between, it gives the child up: its answer would be taken for the next one.
        """
        async with self._turn:
            try:
                return await self._ask(marshal.dumps(list(checks)), len(checks))
            except (OSError, asyncio.IncompleteReadError) as error:
                await self._end()
                raise CheckerTrouble(f"the process that checks signatures is gone: {error!r}") from error
            except asyncio.CancelledError:
                await self._end()
                raise

    async def stop(self) -> None:
        """End the child."""
        async with self._turn:
            await self._end()

    async def _ask(self, question: bytes, number: int) -> list[bool]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hub.intake.checker", stdin=PIPE, stdout=PIPE
            )
        asked, answer = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answer is not None
        asked.write(len(question).to_bytes(_LENGTH, "big") + question)
        await asked.drain()
        return [bool(one) for one in await answer.readexactly(number)]

    async def _end(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more questions."""
    while length := questions.read(_LENGTH):
        checks: list[Check] = marshal.loads(questions.read(int.from_bytes(length, "big")))
        answers.write(bytes(holds(attributes, data, key) for key, attributes, data in checks))
        answers.flush()


if __name__ == "__main__":
    # A signal to the whole group is the hub's to handle.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
