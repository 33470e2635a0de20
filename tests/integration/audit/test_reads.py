"""The log of reads: who was noted is shown, what was noted stays, and what somebody changed is found and located."""

import asyncio
from typing import Any

import asyncpg
import pytest

from hub.audit.report import Report
from hub.audit.room import looker, room
from hub.audit.verify import verify
from hub.audit.verify_checkpoints import Trust
from hub.bus.memory import MemoryPublisher
from hub.checkpointer.checkpointer import Checkpointer
from hub.domain.look import Look, Looker
from hub.domain.merkle import Frontier, leaf_hash
from hub.errors import LookRefused
from hub.store.access import Recorder
from hub.store.checkpoints import PostgresCheckpoints
from schemas.checkpoints import ACCESS, Checkpoint, Submission, origin_of, shard_of
from tests.support.city import City

LI = Looker("市监督室 李某", "核对办理时限")
LOOKS = 7
# Each is done by the owner of the tables with the triggers off, and is found at this place.
CHANGES = [
    ("UPDATE access_record SET operator = '他人' WHERE seq = 3", "reads, seq 3: column operator"),
    ("UPDATE access_record SET cases = '{}' WHERE seq = 4", "reads, seq 4: column cases"),
    ("UPDATE access_record SET at = at + interval '1 day' WHERE seq = 2", "reads, seq 2: column at"),
    (
        "UPDATE access_record SET entry = set_byte(entry, 40, get_byte(entry, 40) # 1) WHERE seq = 5",
        "reads, seq 5: leaf hash",
    ),
    ("DELETE FROM access_record WHERE seq = 2", "reads, seq 2: sequence without gaps"),
    ("DELETE FROM access_record WHERE seq > 5", "reads, seq 6: rollback"),
    ("DELETE FROM access_record", "reads, seq 1: rollback"),
    ("UPDATE access_record SET frontier = '' WHERE seq = 6", "reads, seq 6: Merkle frontier"),
    (
        "UPDATE access_record SET seq = 8 - seq + 100; UPDATE access_record SET seq = seq - 100",
        "reads, seq 1",
    ),
]


async def seven_looks(city: City) -> Checkpointer:
    """A case that was looked at seven times, with a checkpoint after the third and after the last look."""
    role = Checkpointer(
        PostgresCheckpoints(city.pool), MemoryPublisher(city.bus), city.signer, city.names, entries=1
    )
    raised = city.raise_referral("A1")
    await city.drain()
    async with room(city.dsn, LI) as reading:
        for number in range(1, LOOKS + 1):
            await reading.look("test", [raised.case], {"number": str(number)})
            if number in (3, LOOKS):
                await role.look()
    return role


async def checked(city: City) -> Report:
    return await verify(city.store, trust=Trust({"hub": city.keys.of("hub")}))


async def tamper(dsn: str, statements: str, *rewritten: Look) -> None:
    """As a superuser who switches the guards off. `rewritten`: the whole log anew, with leaves and frontiers that fit."""
    owner = await asyncpg.connect(dsn)
    try:
        async with owner.transaction():
            await owner.execute("SET LOCAL session_replication_role = replica")
            await owner.execute(statements)
            frontier = Frontier()
            for look in rewritten:
                raw = look.to_bytes()
                frontier.append(leaf_hash(raw))
                await owner.execute(
                    "UPDATE access_record SET entry = $2, leaf = $3, frontier = $4, operator = $5 WHERE seq = $1",
                    *(look.seq, raw, leaf_hash(raw), frontier.pack(), look.operator),
                )
    finally:
        await owner.close()


async def test_looks_are_chained_signed_and_verified(database: str) -> None:
    async with City(database) as city:
        await seven_looks(city)
        report = await checked(city)
        assert (report.good, report.reads) == (True, LOOKS), report.differences
        submissions = [
            Submission.parse(record.value)
            for record in city.bus.logs[city.names.hub("hub.checkpoints"), 0]
            if record.value is not None
        ]
        found = [Checkpoint.of(each.note) for each in submissions]
        assert [said.size for said in found if shard_of(said.origin) == ACCESS] == [3, LOOKS]


@pytest.mark.parametrize(("change", "place"), CHANGES)
async def test_a_change_is_found_where_it_is(database: str, change: str, place: str) -> None:
    async with City(database, shards=1) as city:
        await seven_looks(city)
        await tamper(database, change)
        report = await checked(city)
        assert any(str(each).startswith(place) for each in report.differences), report.differences
        assert all(str(each).startswith("reads") for each in report.differences), report.differences


async def test_a_log_rewritten_with_all_its_hashes_is_not_the_one_that_was_signed(database: str) -> None:
    async with City(database, shards=1) as city:
        await seven_looks(city)
        async with city.pool.connection() as connection:
            looks = [
                Look.from_bytes(row[0])
                for row in await connection.fetch("SELECT entry FROM access_record ORDER BY seq")
            ]
        looks[4].operator = "他人"
        await tamper(database, "SELECT", *looks)
        (first, *_) = (await checked(city)).differences
        assert str(first).startswith(
            f"reads, seq {LOOKS}: checkpoint of {LOOKS} entries: root, by entries 4 to"
        )


async def test_the_checkpointer_signs_no_other_history(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with City(database, shards=1) as city:
        role = await seven_looks(city)
        await tamper(database, "DELETE FROM access_record WHERE seq > 5")
        assert await role.look() == 0
        assert "log of reads: the journal ends at 5" in caplog.text


async def test_many_recorders_write_one_log(database: str) -> None:
    async with City(database, shards=1) as city:

        async def looks() -> None:
            async with room(database, LI) as reading:
                for _ in range(10):
                    await reading.look("test", ["c"])

        await asyncio.gather(*(looks() for _ in range(4)))
        report = await checked(city)
        assert (report.good, report.reads) == (True, 40), report.differences


@pytest.mark.parametrize(
    ("operator", "purpose", "name"),
    [
        (None, "核对", "operator_missing"),
        (" ", "核对", "operator_missing"),
        ("李某", None, "purpose_missing"),
        ("李某", "\n\t", "purpose_missing"),
        ("李某", "x" * 301, "unreadable_note"),
        ("李\x00某", "核对", "unreadable_note"),
    ],
)
def test_who_and_what_for_must_be_said(operator: str | None, purpose: str | None, name: str) -> None:
    with pytest.raises(LookRefused) as refused:
        looker(operator, purpose)
    assert refused.value.name.value == name


async def test_what_cannot_be_noted_is_not_shown(database: str) -> None:
    """A server that only reads, and a login that may not note."""
    async with City(database, shards=1) as city:
        owner: Any = await asyncpg.connect(database)
        name = database.rpartition("/")[2]
        await owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        recorder = Recorder(database)
        await recorder.start()
        with pytest.raises(LookRefused, match="not_recorded"):
            await recorder.record(LI, "test", ["c"])
        await recorder.stop()
        await owner.close()
        async with city.store.snapshot() as view:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="case_key"):
                await view.rows("SELECT * FROM case_key")


def test_origins_name_their_log_both_ways() -> None:
    for shard in (0, 7, 1023, ACCESS):
        assert shard_of(origin_of("fengqiao-hub/x", shard)) == shard
    assert origin_of("fengqiao-hub/x", ACCESS) == "fengqiao-hub/x/access"
    with pytest.raises(ValueError, match="shard"):
        shard_of("fengqiao-hub/x/-1")
