"""What the rows of the exchange tables mean, and what in them means nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.procuratorate.mapping import build
from connectors.procuratorate.outgoing import ProcuratorateSource
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import Kit, Outgoing, Unmapped
from deploy.sandbox.procuratorate.database import open_database
from deploy.sandbox.procuratorate.tables import acceptances_out, acts_out, cases_out, deletions_out
from deploy.sandbox.procuratorate.text import to_gbk
from schemas.identifiers import mint_case_id
from schemas.messages.task import TaskAccepted, TaskReplied

CASE, REFERRAL, TASK = (mint_case_id("public_security", name) for name in "abc")
KNOWN = {
    "bmsah": "枫检刑受〔2026〕1号",
    "tysah": "990100202600000001",
    "wlajh": CASE,
    "wlywh": REFERRAL,
    "wlrwh": TASK,
}
LEGAL = "20261122093000"
clock = iter(range(1_000_000))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def source(engine: AsyncEngine, database: str, tmp_path: Path) -> AsyncIterator[ProcuratorateSource]:
    kit = Kit("procuratorate", MemoryLinks(), DirectoryAttachments(tmp_path), {"dsn": database})
    source, _ = build(kit)
    yield source
    await source.aclose()


def now() -> dict[str, str]:
    second = next(clock)
    moment = f"2026-11-22 12:{second // 60:02d}:{second % 60:02d}.000"
    return {"update_time": moment, "upload_status": "0"}


async def write(engine: AsyncEngine, table: Table, **columns: object) -> None:
    row = now() | columns
    async with engine.begin() as connection:
        await connection.execute(insert(table).values({"add_time": row["update_time"], **row}))


async def rewrite(engine: AsyncEngine, table: Table, **columns: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(table).values(now() | columns))


async def act(
    engine: AsyncEngine, ordinal: int, code: str, key: str | None = None, **columns: object
) -> None:
    row = {**KNOWN, "xh": key or f"CZ{ordinal:012d}", "czxh": str(ordinal), "lsh": f"{ordinal:012d}"}
    await write(engine, acts_out, **row, czlx=code, flsj=LEGAL, **columns)


async def signed(engine: AsyncEngine) -> None:
    milestone = {"qsxh": "1", "qsls": f"{1:012d}", "qssj": LEGAL, "qsr": to_gbk("示例检察官")}
    await write(engine, acceptances_out, xh="SA1", **KNOWN, **milestone)


class Reader:
    def __init__(self, source: ProcuratorateSource) -> None:
        self._source, self._cursor = source, ""
        self.seen: dict[str, Outgoing | Unmapped] = {}

    async def new(self) -> list[Outgoing | Unmapped]:
        """What a poll brought that the kit would not know already."""
        page = await self._source.poll(self._cursor or None)
        self._cursor = page.cursor
        fresh = [item for item in page.items if self.seen.get(item.local_id) != item]
        for item in page.items:
            known = self.seen.setdefault(item.local_id, item)
            assert known == item or isinstance(known, Unmapped), "changed under the same local id"
            self.seen[item.local_id] = item
        return fresh

    async def types(self) -> list[str]:
        return [item.type if isinstance(item, Outgoing) else item.problem for item in await self.new()]


@pytest.fixture
def reader(source: ProcuratorateSource) -> Reader:
    return Reader(source)


async def test_a_milestone_filled_in_an_old_row_is_a_new_step(engine: AsyncEngine, reader: Reader) -> None:
    await signed(engine)
    assert await reader.types() == ["task.signed.v1"]
    await rewrite(engine, acceptances_out, slxh="2", slls=f"{2:012d}", slsj=LEGAL)
    (accepted,) = await reader.new()
    assert isinstance(accepted, Outgoing)
    assert isinstance(accepted.data, TaskAccepted)
    assert (accepted.case, accepted.data.referral, accepted.data.task) == (CASE, REFERRAL, TASK)
    assert (accepted.data.local_number, accepted.data.number_kind) == (KNOWN["tysah"], "tysah")


async def test_several_milestones_read_at_once_come_in_their_order(
    engine: AsyncEngine, reader: Reader
) -> None:
    await signed(engine)
    later = {"slxh": "3", "slls": f"{3:012d}", "slsj": LEGAL, "ksxh": "4", "ksls": f"{4:012d}", "kssj": LEGAL}
    await rewrite(engine, acceptances_out, **later)
    await act(engine, 2, "21", clqd=to_gbk("讯问笔录"))
    wanted = ["task.signed.v1", "task.supplement_requested.v1", "task.accepted.v1", "task.started.v1"]
    assert await reader.types() == wanted


@pytest.mark.parametrize("change", [{}, {"czr": "另一人"}], ids=["same", "another clerk"])
async def test_a_row_written_again_is_no_new_message(
    engine: AsyncEngine, reader: Reader, change: dict[str, str]
) -> None:
    await signed(engine)
    await act(engine, 2, "32", hfdm="02")
    assert len(await reader.new()) == 2
    for table in (acceptances_out, acts_out):
        await rewrite(engine, table, **change)
    assert await reader.new() == []


async def test_a_later_step_read_first_waits_for_the_one_before_it(
    engine: AsyncEngine, reader: Reader
) -> None:
    await signed(engine)
    await act(engine, 3, "32", hfdm="01", jgdm="2011")
    sign, missing = await reader.new()
    assert isinstance(sign, Outgoing)
    assert isinstance(missing, Unmapped)
    assert "czxh 2" in missing.problem
    await act(engine, 2, "31", jzdm="visit")
    assert await reader.types() == ["task.progressed.v1", "task.replied.v1"]


async def test_a_step_written_under_two_keys_is_one(engine: AsyncEngine, reader: Reader) -> None:
    await signed(engine)
    await act(engine, 2, "32", hfdm="02")
    await act(engine, 2, "32", key="CF1", hfdm="02")
    assert await reader.types() == ["task.signed.v1", "task.replied.v1"]
    await remove(engine, "CF1", 2)
    assert await reader.new() == []


async def test_a_step_deleted_for_good_is_put_before_a_person_and_the_later_ones_go_on(
    engine: AsyncEngine, reader: Reader
) -> None:
    await signed(engine)
    await act(engine, 2, "31", jzdm="visit")
    assert len(await reader.new()) == 2
    await remove(engine, f"CZ{2:012d}", 2)
    (told,) = await reader.new()
    assert isinstance(told, Unmapped)
    assert "czxh 2 of" in told.problem
    assert "重复录入" in told.problem
    await act(engine, 3, "32", hfdm="01", jgdm="2011")
    assert await reader.types() == ["task.replied.v1"]


async def remove(engine: AsyncEngine, key: str, ordinal: int) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(acts_out).where(acts_out.c.xh == key))
    said = {"bm": "T_CZ_OUT", "scxh": key, "bmsah": KNOWN["bmsah"], "czxh": str(ordinal)}
    await write(engine, deletions_out, xh=f"SC{key[:2]}", scyy=to_gbk("重复录入"), **said)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"hfdm": "4711"}, r"hfdm '4711' \(reply\): must be one of"),
        ({"hfdm": "01", "flsj": ""}, r"flsj .*\(legal_at\): Field required"),
        ({"hfdm": "01", "wlywh": "nonsense"}, r"'nonsense' \(referral\)"),
        ({"hfdm": "01", "czlx": "77"}, "czlx '77': must be one of"),
    ],
)
async def test_what_cannot_be_mapped_is_named_and_goes_on_once_mended(
    engine: AsyncEngine, reader: Reader, columns: dict[str, str], problem: str
) -> None:
    await signed(engine)
    row = {**KNOWN, "xh": "CZ2", "czxh": "2", "lsh": f"{2:012d}", "czlx": "32", "flsj": LEGAL, "hfdm": "01"}
    await write(engine, acts_out, **{**row, **columns})
    await act(engine, 3, "33")
    sign, wrong = await reader.new()
    assert isinstance(sign, Outgoing)
    assert isinstance(wrong, Unmapped)
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(wrong.problem)
    async with engine.begin() as connection:
        mended = update(acts_out).where(acts_out.c.xh == "CZ2").values({**row, **now()})
        await connection.execute(mended)
    assert await reader.types() == ["task.replied.v1", "reply.confirmed.v1"]


@pytest.mark.parametrize("columns", [{"bmsah": ""}, {"czxh": "二"}, {"czxh": ""}])
async def test_a_row_without_readable_numbers_stops_no_other(
    engine: AsyncEngine, reader: Reader, columns: dict[str, str]
) -> None:
    await signed(engine)
    row = {**KNOWN, "xh": "CZ9", "czxh": "9", "lsh": f"{9:012d}", "czlx": "32", "flsj": LEGAL, "hfdm": "01"}
    await write(engine, acts_out, **{**row, **columns})
    await act(engine, 2, "32", hfdm="02")
    wrong, *others = await reader.new()
    assert isinstance(wrong, Unmapped)
    assert "of row CZ9" in wrong.problem
    assert [item.type for item in others if isinstance(item, Outgoing)] == [
        "task.signed.v1",
        "task.replied.v1",
    ]


async def test_padding_and_blanks_mean_nothing(engine: AsyncEngine, reader: Reader) -> None:
    await signed(engine)
    await act(engine, 2, "32", hfdm="01  ", jgdm="2011 ", nr=to_gbk("批准逮捕：𠮷某"))
    replied = (await reader.new())[1]
    assert isinstance(replied, Outgoing)
    assert isinstance(replied.data, TaskReplied)
    assert (replied.data.reply, replied.data.outcome, replied.data.note) == ("decision", "approved", None)
    assert replied.data.result == "批准逮捕：𠮷某"
    assert replied.data.legal_at.isoformat() == "2026-11-22T09:30:00+08:00"


async def test_a_referral_in_a_known_case_stays_in_it(engine: AsyncEngine, reader: Reader) -> None:
    card = {
        "ajlb": "0303",
        "ysfs": "03",
        "zbdw": "GA01",
        "ajmc": to_gbk("示例"),
        "lyywh": REFERRAL,
        "flsj": LEGAL,
    }
    number = {"bmsah": "枫检退补〔2026〕1号", "czxh": "1", "lsh": f"{1:012d}"}
    await write(engine, cases_out, xh="AJ1", wlajh=CASE, **number, **card)
    (raised,) = await reader.new()
    assert isinstance(raised, Outgoing)
    assert raised.case == CASE
    shown = raised.data.model_dump(mode="json", include={"flow", "kind", "lead", "opened_by", "number_kind"})
    wanted = {"flow": "F5", "kind": "transfer", "lead": "public_security", "opened_by": REFERRAL}
    assert shown == wanted | {"number_kind": "bmsah"}
