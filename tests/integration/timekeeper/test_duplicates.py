"""Duplicates on a real PostgreSQL: from the index of persons to the offer, its list, and a person's answer."""

import asyncio
import json
from datetime import timedelta

import asyncpg
import pytest
from typer.testing import CliRunner

from hub.audit.rebuild import rebuild
from hub.bus.memory import MemoryPublisher
from hub.bus.topics import DESK
from hub.operations.lists_commands import app
from hub.store.duplicates import PostgresDuplicates
from hub.timekeeper.duplicates import AGAIN, EVERY, Finder
from tests.support.city import City, Raised, stamp

ZHANG = {"role": "petitioner", "name": "张三甲", "id_type": "111", "id_number": "11010519491231002X"}
WANG = {"role": "petitioner", "name": "王伟", "phone": "13800000001"}
ABOUT = {"matter": "0305", "region": "990101001002"}
LOOK = ("--operator", "市信访局 李某", "--purpose", "核对重复件")


def finder(city: City, common: int | None = None, at_once: int = 200) -> Finder:
    """One that remembers nothing, as after a start."""
    rules = city.rules.duplicates.model_copy(update={} if common is None else {"common": common})
    return Finder(PostgresDuplicates(city.pool), city.signer, city.names, city.shards, rules, at_once)


async def found(city: City, one: Finder | None = None) -> int:
    """Let the finder look, and intake and the followers do what follows. Returns how many it published."""
    count = await (one or finder(city)).publish(city.at, MemoryPublisher(city.bus))
    await city.drain(relay=True)
    return count


async def raised(city: City, number: str, party: dict[str, str], flow: str = "F20", **about: str) -> Raised:
    """An indexed referral."""
    one = city.raise_referral(number, flow, parties=[party], **(ABOUT | about))
    await city.drain()
    await city.index()
    city.at += timedelta(hours=1)
    return one


async def rows(city: City, query: str) -> list[tuple[object, ...]]:
    """What the database holds."""
    async with city.pool.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


def offers(city: City) -> list[tuple[str, str]]:
    """What was offered to the justice bureau, on which everything rests: case and other case."""
    logs = [log for (topic, _), log in city.bus.logs.items() if topic == city.names.into("justice")]
    return [
        ((record.key or b"").decode(), json.loads(record.value or b"")["other_case"])
        for log in logs
        for record in log
        if ("ce_type", b"duplicate.offered.v1") in list(record.headers)
    ]


async def shown(city: City, *options: str) -> tuple[int, str]:
    """What the command shows."""
    arguments = ["duplicates", *options, "--database", city.dsn, "--home", "nowhere"]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env={"COLUMNS": "250"})
    return result.exit_code, result.output


async def listed(city: City) -> list[tuple[str, str]]:
    """The pairs that the command lists."""
    code, text = await shown(city, *LOOK, "--json")
    assert code == 0, text
    return [(one["case"], one["other_case"]) for one in json.loads(text)]


@pytest.mark.covers("P5", "P18")
async def test_the_later_case_is_offered_the_earlier_one_once_listed_and_answered(database: str) -> None:
    async with City(database) as city:
        first = await raised(city, "甲1", ZHANG)
        assert await found(city) == 0
        second = await raised(city, "甲2", {**ZHANG, "name": "张 三甲"}, region="990202")
        stranger = await raised(city, "甲3", WANG)
        criminal = await raised(city, "刑1", ZHANG, "F1")
        assert await found(city) == 1
        pair = (second.case, first.case)
        assert offers(city) == [pair]
        assert await rows(city, "SELECT case_id FROM duplicate_search") != []
        # Read by intake: nothing is left to compare, and a new start finds nothing new.
        assert await found(city) == 0
        assert await rows(city, "SELECT case_id FROM duplicate_search") == []
        code, text = await shown(city, "--lang", "en", *LOOK)
        assert (code, "identity number" in text, "kind of matter" in text) == (0, True, True), text
        assert "张三" not in text
        code, text = await shown(city, "--operator", "李某")
        assert (code, "purpose_missing" in text) == (2, True), text
        assert await listed(city) == [pair]
        looks = await rows(city, "SELECT what, cases, operator FROM access_record ORDER BY seq")
        assert looks == [("lists duplicates", sorted(pair), "市信访局 李某")] * 2
        assert [str(one) for one in (await rebuild(database, lambda *_: None, 1)).differences] == []
        said = {"legal_at": stamp(city.at), "other_case": first.case, "reason": "诉求不同"}
        city.say("justice", "duplicate.dismissed", second.case, said)
        await city.drain()
        assert await listed(city) == []
        (answered,) = await rows(city, "SELECT state, answered_by, agrees FROM duplicate")
        assert answered == ("dismissed", "justice", "name id_number matter_kind")
        # More is learnt of the case, and it is compared again: what was answered is not offered again.
        correction = {"referral": second.referral, "legal_at": stamp(city.at), "reason": "补正"}
        corrected = {**correction, "fields": ["region"], "region": "990101001002"}
        city.say("petition", "referral.corrected", second.case, corrected)
        await city.drain()
        await city.index()
        assert await rows(city, "SELECT case_id FROM duplicate_search") == [(second.case,)]
        assert await found(city) == 0
        assert offers(city) == [pair]
        assert [str(one) for one in (await rebuild(database, lambda *_: None, 1)).differences] == []
        await rows(city, "UPDATE duplicate SET answered_by = 'nobody'")
        assert any(
            "answered_by" in str(one) for one in (await rebuild(database, lambda *_: None, 1)).differences
        )
        assert {stranger.case, criminal.case}.isdisjoint(c for pair in offers(city) for c in pair)


async def test_what_was_published_and_lost_is_published_again_and_counts_once(database: str) -> None:
    async with City(database) as city:
        first = await raised(city, "乙1", ZHANG)
        second = await raised(city, "乙2", ZHANG)
        third, fourth = await raised(city, "乙3", WANG), await raised(city, "乙4", WANG)
        # What waits for intake holds back nothing, though a look takes one case at a time.
        one, lost = finder(city, at_once=1), MemoryPublisher(City(database).bus)
        assert await one.publish(city.at, lost) == 2
        for wait, count in ((timedelta(0), 0), (EVERY, 0), (AGAIN, 2)):
            city.at += wait
            assert await one.publish(city.at, MemoryPublisher(city.bus)) == count
        # A second timekeeper, and one that was started anew, before intake has read it.
        assert await finder(city).publish(city.at, MemoryPublisher(city.bus)) == 2
        published = [log for (topic, _), log in city.bus.logs.items() if topic == city.names.hub(DESK)]
        assert sum(map(len, published)) == 4
        await city.drain(relay=True)
        assert await found(city) == 0
        assert sorted(offers(city)) == sorted([(second.case, first.case), (fourth.case, third.case)])


async def test_sealed_erased_and_closed_cases_are_neither_offered_nor_listed(database: str) -> None:
    async with City(database) as city:
        kind = city.rules.record_sealing.kinds[0].code
        first = await raised(city, "丙1", ZHANG)
        fact = {"fact": "record_sealed", "value": kind, "legal_at": stamp(city.at)}
        city.say("petition", "case.fact_recorded", first.case, fact)
        second = await raised(city, "丙2", ZHANG)
        assert await found(city) == 0
        third = await raised(city, "丙3", ZHANG)
        assert await found(city) == 1
        assert await listed(city) == [(third.case, second.case)]
        city.say("petition", "case.fact_recorded", second.case, fact)
        await city.drain()
        assert await listed(city) == []
        fourth = await raised(city, "丙4", WANG)
        owner = await asyncpg.connect(database)
        erased = "INSERT INTO erased_key (key_id, case_id, erased_at) VALUES ('k', $1, now())"
        await owner.execute(erased, fourth.case)
        fifth = await raised(city, "丙5", WANG)
        sixth = await raised(city, "丙6", WANG)
        assert await found(city) == 1
        assert await listed(city) == [(sixth.case, fifth.case)]
        city.work(fifth)
        city.confirm(fifth)
        await city.drain()
        assert await rows(city, f"SELECT state FROM referral WHERE case_id = '{fifth.case}'") == [("closed",)]
        assert await listed(city) == []
        seventh = await raised(city, "丙7", WANG)
        assert await found(city) == 1
        assert await listed(city) == [(seventh.case, sixth.case)]
        await owner.execute(erased.replace("'k'", "'l'"), sixth.case)
        assert await listed(city) == []
        await owner.close()


async def test_what_very_many_cases_have_in_common_tells_nobody_apart(database: str) -> None:
    async with City(database) as city:
        for number in range(4):
            city.raise_referral(f"丁{number}", "F20", parties=[WANG], **ABOUT)
        await city.drain()
        await city.index()
        assert await found(city, finder(city, common=3)) == 0
        assert await rows(city, "SELECT case_id FROM duplicate_search") == []
