"""Shards are verified in processes of their own, all in one snapshot. Run as a module, this is such a process."""

import time
from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.audit.processes import Say, beside, serve
from hub.audit.shard_state import ShardState
from hub.audit.signatures import Signatures
from hub.audit.verify_checkpoints import Trust
from hub.audit.verify_journal import Tell
from hub.audit.verify_shard import Moment, moment_of, verify_shard
from hub.opened import opened
from hub.store.reading import ReadStore
from schemas.notes import Note

_EACH_SECONDS = 0.5


class _Task(msgspec.Struct):
    database: str
    snapshot: str
    state: ShardState
    keys: dict[str, list[bytes]] | None
    kept: list[tuple[str, bytes]]
    signatures: Signatures | None
    tables: bool


async def verify_beside(
    database: str,
    snapshot: str,
    moment: Moment,
    states: Sequence[ShardState],
    trust: Trust,
    signatures: Signatures | None,
    jobs: int,
    tell: Tell,
    *,
    tables: bool = True,
) -> None:
    """Verify these shards with so many processes; the largest first. Raises StoreTrouble when one of them fails."""
    keys = None
    if trust.keys is not None:
        keys = {source: [key.public_bytes_raw() for key in own] for source, own in trust.keys.items()}
    kept = [(name, note.to_bytes()) for name, note in trust.kept]
    ordered = sorted(states, key=lambda state: moment.heads[state.scope.shard].seq)
    tasks = [_Task(database, snapshot, state, keys, kept, signatures, tables) for state in ordered]

    def take(line: bytes) -> bool:
        state = msgspec.json.decode(line, type=ShardState)
        tell(state)
        return state.done

    await beside(__name__, [msgspec.json.encode(task) for task in tasks], jobs, take)


async def _verify(line: bytes, say: Say) -> None:
    task = msgspec.json.decode(line, type=_Task)
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
            say(msgspec.json.encode(state))

    async with (
        opened(ReadStore(task.database, size=1)) as store,
        store.snapshot(task.snapshot) as view,
        Signatures.looking(task.signatures, store) as look,
    ):
        await verify_shard(view, await moment_of(view), task.state, trust, tell, look, tables=task.tables)


if __name__ == "__main__":
    serve(_verify)
