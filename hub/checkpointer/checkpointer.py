"""The checkpointer: signs how far each shard's journal has come, and publishes it for witnesses.

A checkpoint is stored before it is published, and one that may not have been published is published again: witnesses
know it by its size. It continues the last one by construction: the new root is computed from the last one's frontier
and the leaves since, and it must be the root that intake has. Intake itself does nothing for it. The log of reads is
one more beside those of the shards (`schemas.checkpoints.ACCESS`).
"""

import asyncio
import logging

from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import CHECKPOINTS, TopicNames
from hub.domain.merkle import HASH_BYTES, Frontier
from hub.domain.merkle_proofs import Ranges, consistency_ranges
from hub.errors import HistoryDiffers, Trouble
from hub.pulse import Pulse
from hub.relay.signing import HubSigner
from hub.store.checkpoints import CheckpointStore, Growth, Made
from schemas.checkpoints import Checkpoint, Submission, origin_of
from schemas.notes import Note

log = logging.getLogger(__name__)
ENTRIES = 1_000
SECONDS = 60.0
# So many leaves are read and hashed before others have their turn in the loop.
_STEP = 500


class Checkpointer:
    """Looks each `every` seconds, and signs what has grown by 1,000 entries, or at all since 60 s.

    Two of them at once do no harm: the store keeps one chain.
    """

    def __init__(
        self,
        store: CheckpointStore,
        publisher: Publisher,
        signer: HubSigner,
        names: TopicNames,
        every: float = 1.0,
        entries: int = ENTRIES,
        seconds: float = SECONDS,
    ) -> None:
        self._store, self._publisher, self._signer, self._names = store, publisher, signer, names
        self._every, self._entries, self._seconds = every, entries, seconds
        self._log: str | None = None
        self._told: dict[int, str] = {}
        self.pulse = Pulse("checkpointer")

    async def run(self) -> None:
        """Look, sign, publish, sleep, until cancelled."""
        delay = self._every
        while True:
            try:
                await self.look()
                self.pulse.beat()
                delay = self._every
            except Trouble as trouble:
                self.pulse.trouble()
                delay = min(delay * 2, 10.0)
                log.warning("checkpointer: %s; again in %.1f s", trouble, delay)
            await asyncio.sleep(delay)

    async def look(self) -> int:
        """One look. Returns how many checkpoints were made; raises Trouble.

        A shard whose history differs gets none, and is told once for each reason; the others go on.
        """
        made = 0
        for growth in await self._store.growth():
            try:
                made += await self._checkpoint(growth) if self._due(growth) else 0
            except HistoryDiffers as differs:
                if self._told.get(growth.shard) != differs.what:
                    self._told[growth.shard] = differs.what
                    log.critical("%s", differs)
        await self._publish()
        return made

    def _due(self, growth: Growth) -> bool:
        grown = growth.seq - growth.size
        return (
            grown < 0
            or grown >= self._entries
            or (grown > 0 and (growth.age or self._seconds) >= self._seconds)
        )

    async def _checkpoint(self, growth: Growth) -> bool:
        shard, size = growth.shard, growth.seq
        if size < growth.size:
            raise HistoryDiffers(shard, f"the journal ends at {size}, its last checkpoint at {growth.size}")
        if self._log is None:
            self._log = await self._store.log()
        origin = origin_of(self._log, shard)
        last = _frontier(growth, origin)
        proof = Ranges(consistency_ranges(growth.size, size), last)
        frontier = Frontier(last.size, last.hashes)
        while frontier.size < size:
            leaves = await self._store.leaves(shard, frontier.size, min(frontier.size + _STEP, size))
            for at in range(0, len(leaves), HASH_BYTES):
                leaf = leaves[at : at + HASH_BYTES]
                proof.feed(leaf)
                frontier.append(leaf)
        if frontier.pack() != growth.head:
            raise HistoryDiffers(
                shard, f"entries {growth.size + 1} to {size} are not those that intake wrote"
            )
        note = self._signer.checkpoint(Checkpoint(origin, size, frontier.root()))
        made = Made(shard, size, growth.size, note.to_bytes().decode(), b"".join(proof.hashes()))
        return await self._store.add(made, frontier.pack())

    async def _publish(self) -> None:
        waiting = await self._store.unpublished()
        if waiting:
            await self._publisher.publish([self._record(made) for made in waiting])
            await self._store.published(waiting)

    def _record(self, made: Made) -> OutRecord:
        note = Note.parse(made.note.encode())
        value = Submission(made.previous, made.hashes(), note).to_bytes()
        key = note.text.partition("\n")[0].encode()
        return OutRecord(self._names.hub(CHECKPOINTS), max(made.shard, 0), key, value, [])


def _frontier(growth: Growth, origin: str) -> Frontier:
    """The tree of the last checkpoint. Raises HistoryDiffers when what is stored of it does not fit together."""
    if growth.note is None:
        return Frontier()
    try:
        frontier = Frontier.unpack(growth.size, growth.frontier)
        said = Checkpoint.of(Note.parse(growth.note.encode()))
    except ValueError as problem:
        raise HistoryDiffers(growth.shard, f"the checkpoint of {growth.size} entries: {problem}") from None
    if said != Checkpoint(origin, growth.size, frontier.root()):
        raise HistoryDiffers(
            growth.shard, f"the checkpoint of {growth.size} entries is not the one that was made"
        )
    return frontier
