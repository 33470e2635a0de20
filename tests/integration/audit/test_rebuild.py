"""Tables rebuilt from the journal: equal to the byte, beside a hub that goes on, and going on after a kill."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from hub.audit.commands import app
from hub.audit.rebuild import Rebuilt, fill_shard, rebuild
from hub.audit.verify import verify
from hub.errors import ConfigurationError, LostShard, StoreTrouble, SwapBlocked
from hub.store.shadow import COLUMNS, FOLLOWING, shadow_of
from hub.store.tables import INDEXED, metadata
from tests.integration.audit.test_verify import tampering
from tests.integration.audit.test_verify_checkpoints import history
from tests.support.city import City

# What is not made from the journal alone, and why.
OTHERS = {
    *("meta", "shard", "position", "follower", "journal"),  # the journal itself, and where who stands
    *("checkpoint", "cosignature", "case_key", "erased_key", "access_record"),  # signatures, keys, looks
    *("parked",),  # holds records that no entry holds
    *(table.name for table in INDEXED),  # made with the keys
}


def test_every_table_is_rebuilt_or_named() -> None:
    assert {table.name for table in FOLLOWING} | OTHERS == set(metadata.tables)


async def contents(database: str) -> dict[str, Any]:
    connection = await asyncpg.connect(database)
    try:
        found = {name: sorted(map(repr, await connection.fetch(f"SELECT * FROM {name}"))) for name in COLUMNS}
        found["schema"] = await connection.fetch(
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
        )
        found["grants"] = await connection.fetch(
            "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants "
            "WHERE table_schema = 'public' ORDER BY 1, 2, 3"
        )
        found["options"] = await connection.fetch(
            "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        return found
    finally:
        await connection.close()


def _silent(what: str, done: int, shard: int) -> None:
    return


async def rebuilt(city: City, **how: Any) -> Rebuilt:
    return await rebuild(city.dsn, _silent, 2, **how)


@pytest.mark.covers("promise 7")
async def test_what_was_changed_is_named_and_put_right(database: str) -> None:
    async with City(database, shards=2) as city:
        await history(city)
        before = await contents(database)
        assert (await rebuilt(city)).differences == []
        async with tampering(database) as connection:
            case = await connection.fetchval("SELECT min(case_id) FROM task")
            for statement in (
                f"UPDATE case_state SET state = set_byte(state, 20, get_byte(state, 20) # 1) "
                f"WHERE case_id = '{case}'",
                f"UPDATE task SET department = 'nobody' WHERE case_id = '{case}'",
                f"DELETE FROM deadline WHERE id = '{case}/1'",
                "INSERT INTO tally VALUES ('x', 'y', 'z', '', 1)",
                f"UPDATE inbox SET mac = 'x' WHERE seq = 1 AND shard = (SELECT shard FROM case_state WHERE case_id = '{case}')",
            ):
                assert not (await connection.execute(statement)).endswith(" 0"), statement
        found = await rebuilt(city, swap=True)
        said = [str(difference) for difference in found.differences]
        for words in (
            "case_state",
            "department: expected procuratorate, found nobody",
            f"deadline {case}/1",
            "tally x/y/z/",
        ):
            assert any(words in each for each in said), (words, said)
        assert any("inbox" in each and "mac" in each for each in said)
        assert await contents(database) == before
        assert (await verify(city.store)).good


async def test_nothing_goes_out_and_the_hub_goes_on(database: str) -> None:
    """Intake and projector run all the while; the relay's position and what it published stay."""
    async with City(database, shards=2) as city:
        await history(city)
        await city.drain(relay=True)
        told = {place: len(log) for place, log in city.bus.logs.items() if place[0].endswith(".in")}
        stop = asyncio.Event()

        async def goes_on() -> int:
            number = 0
            while not stop.is_set():
                city.work(city.raise_referral(f"on-{number}"), "task.signed")
                await city.drain()
                number += 1
            return number

        going = asyncio.create_task(goes_on())
        await asyncio.sleep(0.2)
        assert (await rebuilt(city, swap=True)).differences == []
        assert (await rebuilt(city)).differences == []
        stop.set()
        assert await going > 1
        assert {place: len(log) for place, log in city.bus.logs.items() if place[0].endswith(".in")} == told
        assert (await verify(city.store)).differences == []
        standing = await city.store.standing()
        assert sum(seq for (name, _), seq in standing.followers.items() if name == "relay") < sum(
            standing.heads.values()
        )


async def test_what_the_projector_has_not_passed_stays_open(database: str) -> None:
    async with City(database, shards=2) as city:
        await history(city)
        city.work(city.raise_referral("ahead"))
        await city.read()
        assert (await rebuilt(city, swap=True)).differences == []
        assert (await verify(city.store)).good
        await city.drain()
        assert (await verify(city.store)).good


async def test_killed_in_the_middle_it_goes_on(database: str) -> None:
    async with City(database, shards=2) as city:
        await history(city)
        async with shadow_of(database) as shadow:
            assert await shadow.begin(anew=False)
        await fill_shard(database, 1, lambda _: None)
        made = len((await contents(database))["case_state"])
        city.work(city.raise_referral("meanwhile"))
        await city.drain()
        found = await rebuilt(city, swap=True)
        assert (found.went_on, found.differences) == (True, [])
        assert 0 < found.entries < sum((await city.store.standing()).heads.values())
        assert len((await contents(database))["case_state"]) == made + 1
        assert (await verify(city.store)).good


async def test_two_at_once_do_not_mix(database: str) -> None:
    async with City(database, shards=1) as city:
        await history(city)
        async with shadow_of(database) as shadow:
            await shadow.begin(anew=False)
            with pytest.raises(ConfigurationError, match="another"):
                await rebuilt(city)
            [progress] = await shadow.progress()
            await fill_shard(database, 0, lambda _: None)
            with pytest.raises(LostShard):
                await shadow.add(progress, "", {})


async def test_somebody_who_reads_long_is_named_and_nothing_changed(database: str) -> None:
    async with City(database, shards=1) as city:
        await history(city)
        async with tampering(database) as connection:
            await connection.execute("UPDATE task SET outcome = 'x'")
        before = await contents(database)
        async with city.store.snapshot() as view, shadow_of(database) as shadow:
            await view.rows("SELECT 1 FROM task")
            await shadow.begin(anew=False)
            with pytest.raises(SwapBlocked):
                async with shadow.standing_still(patience_ms=100):
                    raise AssertionError("nobody waited")
        assert await contents(database) == before


async def test_what_hangs_on_a_table_is_named(database: str) -> None:
    async with City(database, shards=1) as city:
        async with tampering(database) as connection:
            await connection.execute("CREATE VIEW late AS SELECT * FROM task")
        with pytest.raises(ConfigurationError, match="task has the view late"):
            await rebuilt(city)


async def test_an_entry_that_can_not_be_folded_stops_it(database: str) -> None:
    async with City(database, shards=1) as city:
        await history(city)
        async with tampering(database) as connection:
            await connection.execute("UPDATE journal SET entry = 'x' WHERE seq = 1")
        with pytest.raises(StoreTrouble):
            await rebuilt(city)


async def test_the_command(database: str, tmp_path: Path) -> None:
    async with City(database, shards=1) as city:
        await history(city)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["rebuild", "--database", database, *arguments])
        return result.exit_code, result.output

    code, text = await asyncio.to_thread(run)
    assert (code, "all rows equal, byte for byte" in text) == (0, True), text
    async with tampering(database) as connection:
        await connection.execute("UPDATE referral SET outcome = 'x'")
    code, text = await asyncio.to_thread(run, "--swap")
    assert (code, "TABLES AND JOURNAL DIFFER" in text) == (1, True), text
    assert "fengqiao_before" in text
    code, text = await asyncio.to_thread(run)
    assert code == 0, text
