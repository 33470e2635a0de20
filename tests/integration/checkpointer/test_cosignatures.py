"""Signatures of witnesses: gathered once, and only those that hold under a checkpoint of this store."""

import logging
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.verify import verify
from hub.audit.verify_checkpoints import Trust
from hub.bus.memory import MemoryRecord
from hub.bus.ports import InRecord
from hub.checkpointer.cosignatures import Cosignatures
from hub.errors import BusTrouble
from hub.store.checkpoints import PostgresCheckpoints
from schemas.checkpoints import Checkpoint
from schemas.notes import Note, NoteSignature, cosign_note
from tests.integration.checkpointer.test_checkpointer import checkpointer, grow, published
from tests.support.city import City

AT = 1_780_000_000


@dataclass
class Topic:
    """What departments wrote, in a group of one."""

    values: list[bytes] = field(default_factory=list)
    committed: int = 0
    away: bool = False

    async def stop(self) -> None:
        return

    async def take(self, wait_ms: int) -> list[InRecord]:
        found = self.values[self.committed :]
        return [MemoryRecord("t", 0, n, None, value, [], 0) for n, value in enumerate(found)]

    async def commit(self) -> None:
        if self.away:
            raise BusTrouble("away")
        self.committed = len(self.values)


def cosigned(city: City, note: Note, who: str, key: Ed25519PrivateKey | None = None, at: int = AT) -> bytes:
    return note.signed(cosign_note(note.text, who, key or city._keys[who], at)).to_bytes()


async def stored(city: City) -> list[tuple[int, int, str]]:
    async with city.pool.connection() as connection:
        rows = await connection.fetch("SELECT shard, size, witness FROM cosignature ORDER BY 1, 2, 3")
        return [tuple(row) for row in rows]


@pytest.mark.covers("promise 7")
async def test_what_holds_is_stored_once_and_proved_by_audit(database: str) -> None:
    async with City(database, shards=1) as city:
        await grow(city, "A1")
        await checkpointer(city).look()
        [submission] = published(city)
        size = Checkpoint.of(submission.note).size
        topic = Topic([cosigned(city, submission.note, "court"), cosigned(city, submission.note, "petition")])
        topic.values.append(cosigned(city, submission.note, "court", at=AT + 60))
        gathering = Cosignatures(topic, PostgresCheckpoints(city.pool), city.keys, city.rules.departments)
        topic.away = True
        with pytest.raises(BusTrouble):
            await gathering.gather()
        topic.away = False
        assert await gathering.gather() == 3
        assert await gathering.gather() == 0
        assert await stored(city) == [(0, size, "court"), (0, size, "petition")]
        await city.drain()
        report = await verify(city.store, trust=Trust(city.keys.by_source()))
        assert report.differences == []
        assert (report.checkpoints, report.cosignatures) == (1, 2)


@pytest.mark.covers("promise 7")
async def test_what_does_not_hold_is_not_stored(database: str, caplog: pytest.LogCaptureFixture) -> None:
    async with City(database, shards=1) as city:
        await grow(city, "A1")
        await checkpointer(city).look()
        [submission] = published(city)
        note = submission.note
        said = Checkpoint.of(note)
        thief = Ed25519PrivateKey.from_private_bytes(bytes(32))
        mine = cosign_note(note.text, "court", city._keys["court"], AT)
        renamed = note.signed(NoteSignature("petition", mine.key, mine.signature)).to_bytes()
        junk = [
            b"",
            b"junk",
            cosigned(city, note, "court", thief),
            cosigned(city, note, "nobody", thief),
            renamed,
        ]
        topic = Topic([*junk, cosigned(city, note, "petition")])
        gathering = Cosignatures(topic, PostgresCheckpoints(city.pool), city.keys, city.rules.departments)
        with caplog.at_level(logging.CRITICAL):
            assert await gathering.gather() == 6
            assert caplog.messages == []
            assert await stored(city) == [(0, said.size, "petition")]
            for other in (
                Checkpoint(said.origin, said.size, bytes(32)),
                Checkpoint(said.origin, 999, bytes(32)),
            ):
                topic.values.append(cosigned(city, city.signer.checkpoint(other), "court"))
            assert await gathering.gather() == 2
        assert [line.partition(":")[0] for line in caplog.messages] == ["split view", "split view"]
        assert "court keeps another checkpoint of shard 0 at 999" in caplog.messages[1]
        assert await stored(city) == [(0, said.size, "petition")]
