"""The checkpointer on a real store: what it signs, publishes and refuses to sign."""

import logging

import asyncpg
import pytest

from hub.bus.memory import MemoryPublisher
from hub.bus.topics import CHECKPOINTS
from hub.checkpointer.checkpointer import Checkpointer
from hub.domain.merkle import EMPTY_ROOT
from hub.errors import BusTrouble
from hub.store.checkpoints import PostgresCheckpoints
from schemas.checkpoints import Checkpoint, Submission, origin_of
from schemas.merkle import consistency_holds
from schemas.notes import signature_holds
from tests.support.city import City


def checkpointer(city: City, entries: int = 1, seconds: float = 60.0) -> Checkpointer:
    return Checkpointer(
        PostgresCheckpoints(city.pool),
        MemoryPublisher(city.bus),
        city.signer,
        city.names,
        entries=entries,
        seconds=seconds,
    )


def published(city: City, shard: int = 0) -> list[Submission]:
    records = city.bus.logs.get((city.names.hub(CHECKPOINTS), shard), [])
    return [Submission.parse(record.value or b"") for record in records]


async def grow(city: City, *numbers: str) -> None:
    for number in numbers:
        city.work(city.raise_referral(number))
    await city.read()


@pytest.mark.covers("promise 7")
async def test_each_checkpoint_is_signed_and_continues_the_last(database: str) -> None:
    async with City(database, shards=2) as city:
        role = checkpointer(city)
        assert await role.look() == 0
        for number in range(12):
            await grow(city, f"A{number}")
            await role.look()
        heads = (await city.store.standing()).heads
        log = await PostgresCheckpoints(city.pool).log()
        public = city.keys.of("hub")[0]
        for shard in range(2):
            size, root = 0, EMPTY_ROOT
            for each in published(city, shard):
                said = Checkpoint.of(each.note)
                assert said.origin == origin_of(log, shard)
                assert signature_holds(each.note, said.origin, public)
                assert each.old == size < said.size
                assert consistency_holds(size, root, said.size, said.root, each.proof)
                size, root = said.size, said.root
            assert size == heads[shard] > 0
        assert await role.look() == 0


async def test_it_waits_for_entries_or_for_time(database: str) -> None:
    async with City(database, shards=1) as city:
        await grow(city, "A1")
        assert await checkpointer(city, entries=1000).look() == 1, "the first one comes at once"
        await grow(city, "A2")
        assert await checkpointer(city, entries=1000).look() == 0
        head = (await city.store.standing()).heads[0]
        grown = head - Checkpoint.of(published(city)[-1].note).size
        assert await checkpointer(city, entries=grown + 1).look() == 0
        assert await checkpointer(city, entries=grown).look() == 1
        await grow(city, "A3")
        assert await checkpointer(city, entries=1000, seconds=0.0).look() == 1


async def test_what_was_not_published_is_published_again(database: str) -> None:
    async with City(database, shards=1) as city:
        await grow(city, "A1")
        city.bus.away = True
        with pytest.raises(BusTrouble):
            await checkpointer(city).look()
        city.bus.away = False
        assert published(city) == []
        assert await checkpointer(city).look() == 0
        assert len(published(city)) == 1
        await checkpointer(city).look()
        assert len(published(city)) == 1


async def test_two_of_them_make_one_chain(database: str) -> None:
    async with City(database, shards=1) as city:
        await grow(city, "A1")
        store = PostgresCheckpoints(city.pool)
        [before] = await store.growth()
        one, two = checkpointer(city), checkpointer(city)
        assert await one._checkpoint(before)
        await grow(city, "A2")
        [after] = await store.growth()
        late = type(before)(0, after.seq, after.head, 0, None, b"", None)
        assert not await two._checkpoint(late), "another one follows the empty log already"
        assert await two.look() == 1


FLIP = "UPDATE journal SET leaf = set_byte(leaf, 0, get_byte(leaf, 0) # 1) WHERE seq = {}"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (FLIP.format("(SELECT max(seq) FROM journal)"), "not those that intake wrote"),
        ("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)", "not all there"),
        ("UPDATE shard SET seq = 2", "the journal ends at 2"),
        ("UPDATE checkpoint SET frontier = set_byte(frontier, 0, 1)", "not the one that was made"),
        ("UPDATE checkpoint SET frontier = ''", "a frontier of"),
        ("UPDATE checkpoint SET note = 'x'", "note: must be"),
    ],
)
@pytest.mark.covers("promise 7")
async def test_a_history_that_differs_is_not_signed(
    database: str, change: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with City(database, shards=1) as city:
        await grow(city, "A1")
        role = checkpointer(city)
        assert await role.look() == 1
        await grow(city, "A2")
        connection = await asyncpg.connect(database)
        await connection.execute("SET session_replication_role = replica")
        assert not (await connection.execute(change)).endswith(" 0")
        await connection.close()
        with caplog.at_level(logging.CRITICAL):
            assert (await role.look(), await role.look()) == (0, 0)
        [line] = caplog.messages
        assert told in line
        assert "fengqiao audit verify" in line
        assert len(published(city)) == 1
