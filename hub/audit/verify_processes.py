"""Shards are verified in processes of their own, all in one snapshot. Run as a module, this is such a process.

It takes a task from a line of its standard input, says its state on a line now and then, and ends with its input or when
nobody listens any more.
"""

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub import loop
from hub.audit.shard_state import ShardState
from hub.audit.signatures import Signatures
from hub.audit.verify_checkpoints import Trust
from hub.audit.verify_journal import Tell
from hub.audit.verify_shard import Moment, moment_of, verify_shard
from hub.errors import HubError, StoreTrouble
from hub.store.reading import ReadStore
from schemas.notes import Note

_LINE, _EACH_SECONDS = 1 << 28, 0.5


class _Task(msgspec.Struct):
    database: str
    snapshot: str
    state: ShardState
    keys: dict[str, list[bytes]] | None
    kept: list[tuple[str, bytes]]
    signatures: Signatures | None


class _Said(msgspec.Struct):
    state: ShardState | None = None
    trouble: str | None = None


async def verify_beside(
    database: str,
    snapshot: str,
    moment: Moment,
    states: Sequence[ShardState],
    trust: Trust,
    signatures: Signatures | None,
    jobs: int,
    tell: Tell,
) -> None:
    """Verify these shards with so many processes; the largest first. Raises StoreTrouble when one of them fails."""
    keys = None
    if trust.keys is not None:
        keys = {source: [key.public_bytes_raw() for key in own] for source, own in trust.keys.items()}
    kept = [(name, note.to_bytes()) for name, note in trust.kept]
    waiting = sorted(states, key=lambda state: moment.heads[state.scope.shard].seq)
    tasks = [_Task(database, snapshot, state, keys, kept, signatures) for state in waiting]
    working = [asyncio.create_task(_work_off(tasks, tell)) for _ in range(min(jobs, len(tasks)))]
    try:
        await asyncio.gather(*working)
    finally:
        for one in working:
            one.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def _work_off(tasks: list[_Task], tell: Tell) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub.audit.verify_processes"), stdin=PIPE, stdout=PIPE, limit=_LINE
    )
    try:
        while tasks:
            await _one(process, tasks.pop(), tell)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _one(process: Process, task: _Task, tell: Tell) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        await process.stdin.drain()
        while line := await process.stdout.readline():
            said = msgspec.json.decode(line, type=_Said)
            if said.state is None:
                raise StoreTrouble(f"shard {task.state.scope.shard}: {said.trouble}")
            tell(said.state)
            if said.state.done:
                return
    except OSError as error:
        raise StoreTrouble(f"the process that verifies is gone: {error!r}") from error
    raise StoreTrouble(f"shard {task.state.scope.shard}: the process that verifies it has ended")


async def _serve(task: _Task) -> None:
    keys = None
    if task.keys is not None:
        load = Ed25519PublicKey.from_public_bytes
        keys = {source: [load(raw) for raw in own] for source, own in task.keys.items()}
    trust = Trust(keys, [(name, Note.parse(raw)) for name, raw in task.kept])
    said_at = time.monotonic()

    def tell(state: ShardState) -> None:
        nonlocal said_at
        now = time.monotonic()
        if state.done or now - said_at > _EACH_SECONDS:
            said_at = now
            _say(_Said(state))

    store = ReadStore(task.database, size=1)
    await store.start()
    try:
        async with (
            store.snapshot(task.snapshot) as view,
            Signatures.looking(task.signatures, store) as look,
        ):
            await verify_shard(view, await moment_of(view), task.state, trust, tell, look)
    finally:
        await store.stop()


def _say(said: _Said) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Work until there are no more tasks."""
    for line in sys.stdin.buffer:
        try:
            loop.run(_serve(msgspec.json.decode(line, type=_Task)))
        except HubError as problem:
            _say(_Said(trouble=str(problem)))
        except BrokenPipeError:
            os._exit(1)  # whoever asked is gone


if __name__ == "__main__":
    main()
