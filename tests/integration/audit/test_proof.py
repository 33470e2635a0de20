"""The proof of an entry: checked with nothing but itself, the entry and public keys."""

from base64 import b64decode
from collections.abc import Sequence

import pytest

from hub.audit.proof import HEAD, prove
from hub.domain.merkle import leaf_hash
from hub.errors import ConfigurationError
from hub.store.reading import Snapshot
from schemas.checkpoints import Checkpoint
from schemas.merkle import inclusion_holds
from schemas.notes import Note, cosigned_at, signature_holds
from tests.integration.audit.test_verify_checkpoints import AT, WITNESS, prepared


def read(text: str) -> tuple[int, Sequence[bytes], Note]:
    """A proof as its format says, by code of the test's own."""
    head, _, note = text.partition("\n\n")
    first, index, *hashes = head.split("\n")
    assert first == HEAD
    assert index.startswith("index ")
    return int(index[6:]), [b64decode(line) for line in hashes], Note.parse(note.encode())


@pytest.mark.covers("promise 7")
async def test_every_entry_under_a_checkpoint_is_proved_and_no_other(database: str) -> None:
    async with prepared(database) as (city, _, connection):
        rows = await connection.fetch("SELECT shard, seq, entry FROM journal ORDER BY shard, seq")
        async with city.store.snapshot() as view:
            for row in rows:
                index, path, note = read(await prove(view, row["shard"], row["seq"]))
                said = Checkpoint.of(note)
                assert index == row["seq"] - 1
                assert inclusion_holds(index, said.size, leaf_hash(row["entry"]), path, said.root)
                assert not inclusion_holds(index, said.size, leaf_hash(row["entry"] + b" "), path, said.root)
                assert signature_holds(note, said.origin, city.keys.of("hub")[0])
                assert cosigned_at(note, "court", WITNESS.public_key()) == AT
            head = max(row["seq"] for row in rows if row["shard"] == 0)
            for shard, seq in ((0, head + 1), (9, 1), (0, 0)):
                with pytest.raises(ConfigurationError, match=f"entry {seq} of shard {shard}: no checkpoint"):
                    await prove(view, shard, seq)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET leaf = set_byte(leaf, 0, get_byte(leaf, 0) # 1) WHERE seq = 2",
        "DELETE FROM journal WHERE seq = 2",
    ],
)
async def test_a_journal_that_was_changed_proves_nothing(database: str, change: str) -> None:
    async with prepared(database, shards=1) as (_, _, connection):
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(change)
        with pytest.raises(ConfigurationError, match="not the one that was signed"):
            await prove(Snapshot(connection), 0, 1)
        await transaction.rollback()
