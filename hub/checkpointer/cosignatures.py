"""What witnesses sign under the hub's checkpoints, gathered from `hub.cosignatures` and stored beside them.

Anybody who may write the topic can write anything: what counts is a signature of a registered department under a
checkpoint of this store. A department that signed another one has seen another history of the hub.
"""

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from hub.bus.ports import Feed
from hub.errors import Trouble
from hub.intake.verifying import KeyRegistry
from hub.pulse import Pulse
from hub.store.checkpoints import CosignatureStore, Cosigned
from schemas.checkpoints import Checkpoint, shard_of
from schemas.notes import Note, NoteSignature, cosigned_at

log = logging.getLogger(__name__)
WAIT_MS = 1_000


class Cosignatures:
    """Stores each cosignature once. Reading the same again changes nothing."""

    def __init__(
        self, feed: Feed, store: CosignatureStore, keys: KeyRegistry, departments: Iterable[str]
    ) -> None:
        self._feed, self._store = feed, store
        self._keys = {department: keys.of(department) for department in departments}
        self.pulse = Pulse("cosignatures")

    async def run(self) -> None:
        """Gather until cancelled; trouble is waited out."""
        delay = 0.5
        while True:
            try:
                await self.gather()
                self.pulse.beat()
                delay = 0.5
            except Trouble as trouble:
                self.pulse.trouble()
                log.warning("cosignatures: %s; again in %.1f s", trouble, delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10.0)

    async def gather(self) -> int:
        """One look. Returns how many records were read; raises Trouble."""
        records = await self._feed.take(WAIT_MS)
        if records:
            found = [one for record in records for one in self._read(record.value or b"")]
            issued = await self._store.texts({(one.shard, one.size) for one, _ in found})
            good = []
            for one, text in found:
                if issued.get((one.shard, one.size)) == text:
                    good.append(one)
                else:
                    what = "split view: %s keeps another checkpoint of shard %d at %d entries than this store made"
                    log.critical(what, one.witness, one.shard, one.size)
            await self._store.cosign(good)
            await self._feed.commit()
        return len(records)

    def _read(self, raw: bytes) -> list[tuple[Cosigned, str]]:
        try:
            note = Note.parse(raw)
            said = Checkpoint.of(note)
            shard = shard_of(said.origin)
        except ValueError as problem:
            log.warning("cosignatures: a record is no cosigned checkpoint: %s", problem)
            return []
        lines = (self._of(note, line) for line in note.signatures)
        return [
            (Cosigned(shard, said.size, line.name, line.line(), datetime.fromtimestamp(at, UTC)), note.text)
            for line, at in lines
            if at is not None and at < 2**33 and shard < 2**15
        ]

    def _of(self, note: Note, line: NoteSignature) -> tuple[NoteSignature, int | None]:
        """The line, and when it was signed if it holds."""
        alone = Note(note.text, (line,))
        times = [cosigned_at(alone, line.name, key) for key in self._keys.get(line.name, ())]
        return line, next((at for at in times if at is not None), None)
