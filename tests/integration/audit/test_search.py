"""Finding cases by number, person, officer, place, matter and period; and that the indexes follow the journal."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from typer.testing import CliRunner

from hub.audit.commands import app
from hub.audit.search import Answer, Query, search
from hub.store.indexes import forget_indexes
from hub.store.person_index import forget_case, forget_person
from tests.support.city import START, City, Raised

ZHANG = {"role": "party", "name": "张 三·甲", "id_type": "111", "id_number": "11010519491231002x"}
LI = {"role": "party", "name": "李四乙", "phone": "+86 138-0000-0001"}


async def asked(city: City, **query: object) -> Answer:
    async with city.store.snapshot() as view:
        return await search(view, Query(**query), city.sealer.person_token)  # type: ignore[arg-type]


async def cases(city: City, **query: object) -> set[str]:
    return {hit.case for hit in (await asked(city, **query)).hits}


async def two_cases(city: City) -> tuple[Raised, Raised]:
    """The first in 990101 about 0102 with 张三, the second in 990202 about 0305 with both; its officer is 王警官."""
    first = city.raise_referral(
        "（2026）测1号", "F20", parties=[ZHANG], region="990101001", matter="0102", document="测政〔2026〕5号"
    )
    city.work(first)
    city.at += timedelta(days=30)
    second = city.raise_referral("B-2", parties=[ZHANG, LI], region="990202", matter="0305", officer="王警官")
    await city.drain()
    await city.index()
    return first, second


async def test_a_case_is_found_by_what_an_auditor_knows_of_it(database: str) -> None:
    async with City(database) as city:
        first, second = await two_cases(city)
        both = {first.case, second.case}
        received = f"收{first.referral[:8]}"
        for number in ("（2026）测1号", "(2026) 测1号", received, "测政[2026]5号"):
            assert await cases(city, number=number) == {first.case}, number
        assert await cases(city, person="张三•甲") == both
        assert await cases(city, id_number="11010519491231002X") == both
        assert await cases(city, person="李四乙") == {second.case}
        assert await cases(city, phone="13800000001") == {second.case}
        assert await cases(city, person="张三·甲", phone="13800000001") == {second.case}
        assert await cases(city, officer="王警官") == {second.case}
        assert await cases(city, person="王警官") == set()
        assert await cases(city, officer="李四乙") == set()
        assert await cases(city, place="9901") == {first.case}
        assert await cases(city, place="99") == both
        assert await cases(city, matter="0305") == {second.case}
        assert await cases(city, flow="F20") == {first.case}
        assert await cases(city, kind="request") == {second.case}
        assert await cases(city, department="procuratorate") == {second.case}
        assert await cases(city, department="petition") == {first.case}
        assert await cases(city, since=START + timedelta(days=1)) == {second.case}
        assert await cases(city, until=START + timedelta(days=1)) == {first.case}
        assert await cases(city, person="张三·甲", flow="F1") == {second.case}
        assert await cases(city, number="nobody's") == set()
        (hit,) = (await asked(city, phone="13800000001")).hits
        assert [(each.field, each.place, each.message) for each in hit.named] == [
            ("phone", "parties/1", second.message)
        ]
        assert hit.referrals[0].region == "990202"


async def test_a_correction_moves_what_a_referral_is_about(database: str) -> None:
    async with City(database) as city:
        first, second = await two_cases(city)
        fields = {"referral": first.referral, "legal_at": "2026-04-02T10:00:00+08:00", "reason": "填报有误"}
        corrected = {"fields": ["region", "matter", "parties"], "region": "990202", "parties": [LI]}
        city.say(first.sender, "referral.corrected", first.case, fields | corrected)
        await city.drain()
        assert (await asked(city, place="990202")).behind == 1
        await city.index()
        assert await cases(city, place="990101") == set()
        assert await cases(city, place="990202") == {first.case, second.case}
        assert await cases(city, matter="0102") == set()
        # The history keeps the name that was corrected, and it can still be asked for.
        assert await cases(city, person="张三·甲") == {first.case, second.case}
        assert await cases(city, person="李四乙") == {first.case, second.case}


async def test_what_waits_or_was_refused_is_found_by_its_person(database: str) -> None:
    async with City(database) as city:
        raised = city.raise_referral("A1", parties=[])
        early = city.raise_referral("A2")
        city.bus.logs = {
            place: log for place, log in city.bus.logs.items() if log[0].key != early.case.encode()
        }
        city.step(early, "task.signed", officer="早到员")
        city.step(raised, "reply.confirmed", raised.sender, officer="被拒员")
        await city.drain()
        await city.index()
        (waiting,) = (await asked(city, officer="早到员")).hits
        assert (waiting.case, waiting.referrals) == (early.case, ())
        assert await cases(city, officer="被拒员") == {raised.case}
        assert await cases(city, officer="被拒员", flow="F20") == set()


async def test_the_index_holds_no_name_and_is_built_anew_to_the_row(database: str) -> None:
    async with City(database) as city:
        await two_cases(city)
        tables = {"person_index": 7, "number_index": 4, "referral_index": 2}

        async def rows() -> dict[str, list[str]]:
            async with city.pool.connection() as connection:
                return {
                    table: [str(row) for row in await connection.fetch(f"SELECT * FROM {table} t ORDER BY t")]
                    for table in tables
                }

        before = await rows()
        assert {table: len(found) for table, found in before.items()} == tables
        text = str(before)
        assert all(name not in text for name in ("张三", "李四", "王警官", "13800000001", "002X"))
        await forget_indexes(database)
        assert not any((await rows()).values())
        assert (await asked(city, flow="F20")).behind > 0
        await city.index()
        assert await rows() == before


async def test_what_is_erased_is_not_found_and_not_put_back(database: str) -> None:
    async with City(database) as city:
        first, second = await two_cases(city)
        owner = await asyncpg.connect(database)
        async with owner.transaction():
            token = city.sealer.person_token("phone", "13800000001")
            assert await forget_person(owner, second.case, [token]) == 2
        assert await cases(city, person="李四乙") == set()
        assert await cases(city, person="张三·甲") == {first.case, second.case}
        async with owner.transaction():
            await owner.execute("DELETE FROM case_key WHERE case_id = $1", first.case)
            assert await forget_case(owner, first.case) == 2
        await owner.close()
        assert await cases(city, person="张三·甲") == {second.case}
        await forget_indexes(database)
        await city.index()
        assert await cases(city, person="张三·甲") == {second.case}
        assert await cases(city, place="9901") == {first.case}


async def test_an_erasure_waits_for_an_indexer_that_has_read_the_key(database: str) -> None:
    """Whatever their order, no row of the erased case is left."""
    async with City(database) as city:
        for number in range(40):
            city.raise_referral(f"A{number}", parties=[LI], case=None)
        await city.drain()
        owner = await asyncpg.connect(database)

        async def erase() -> None:
            async with owner.transaction():
                for (case,) in await owner.fetch("DELETE FROM case_key RETURNING case_id"):
                    await forget_case(owner, case)

        indexing = asyncio.create_task(city.index())
        await asyncio.sleep(0.01)
        await erase()
        await indexing
        assert await owner.fetchval("SELECT count(*) FROM person_index") == 0
        assert await owner.fetchval("SELECT count(*) FROM referral_index") == 40
        await owner.close()


async def test_the_command_notes_who_searched_and_never_the_name(database: str, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "kek").write_bytes(bytes(range(32)))
    async with City(database) as city:
        first, second = await two_cases(city)
        where = ["--database", database, "--home", str(tmp_path)]
        look = ["--operator", "市监督室 李某", "--purpose", "核对投诉", "--reference", "督〔2026〕7号"]

        def run(*arguments: str) -> tuple[int, str]:
            result = CliRunner().invoke(app, [*arguments, *where], env={"COLUMNS": "200"})
            return result.exit_code, result.output

        code, text = await asyncio.to_thread(run, "search", "--person", "李四乙", *look)
        assert (code, second.case[:8] in text) == (0, True), text
        code, text = await asyncio.to_thread(run, "search", "--person", "李四乙")
        assert (code, "operator_missing" in text) == (2, True), text
        code, text = await asyncio.to_thread(run, "search", "--person", "李四乙", *look[:2])
        assert (code, "purpose_missing" in text) == (2, True), text
        code, text = await asyncio.to_thread(run, "search", *look)
        assert (code, "at least one" in text) == (2, True), text
        code, text = await asyncio.to_thread(run, "search", "--since", "gestern", *look)
        assert (code, "since 'gestern'" in text) == (2, True), text
        code, text = await asyncio.to_thread(run, "search", "--until", "2026-03-02", "--json", *look)
        assert (code, json.loads(text)["hits"][0]["case"]) == (0, first.case), text
        code, text = await asyncio.to_thread(run, "reads", "--case", second.case, "--json")
        (seen,) = json.loads(text)
        assert (seen["operator"], seen["purpose"], seen["reference"]) == (look[1], look[3], look[5])
        assert seen["asked"] == {"name": city.sealer.person_token("name", "李四乙").hex()}
        assert "李四乙" not in text
        code, text = await asyncio.to_thread(run, "reads")
        assert (text.count("audit search"), "核对投诉" in text) == (2, True), text
        assert datetime.fromisoformat(seen["at"]).tzinfo is UTC
