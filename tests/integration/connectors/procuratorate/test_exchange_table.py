"""The transport on real tables: what is read, what is marked, what is written, and what can't be lost."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.procuratorate.outgoing import POLLED
from connectors.sdk.ports import DeliveryRejected, TransportTrouble
from connectors.transports.exchange_table import ExchangeSettings, ExchangeTables
from deploy.sandbox.procuratorate.database import open_database
from deploy.sandbox.procuratorate.tables import acts_in, acts_out

NOON = "2026-11-22 12:00:{:06.3f}"


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(database)
    yield engine
    await engine.dispose()


class Reader:
    """One connector's transport, and the keys of what its last page held."""

    def __init__(self, dsn: str, **settings: object) -> None:
        self.tables = ExchangeTables(ExchangeSettings.model_validate({"dsn": dsn, **settings}), POLLED)
        self.cursor: str | None = None

    async def page(self) -> list[str]:
        await self.tables.take_over(self.cursor)
        async with self.tables.snapshot() as snapshot:
            changes = await self.tables.changes(snapshot, self.cursor)
        self.cursor, self.more = changes.cursor, changes.more
        return [row["xh"] for _, row in changes.rows]


@pytest.fixture
async def reader(engine: AsyncEngine, database: str) -> AsyncIterator[Reader]:
    reader = Reader(database)
    yield reader
    await reader.tables.aclose()


async def put(engine: AsyncEngine, key: str, second: float, **columns: str) -> None:
    row = {
        "xh": key,
        "bmsah": "示例1号",
        "czxh": "1",
        "update_time": NOON.format(second),
        "upload_status": "0",
    }
    async with engine.begin() as connection:
        await connection.execute(insert(acts_out).values(row | columns))


async def change(engine: AsyncEngine, key: str, **columns: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(acts_out).where(acts_out.c.xh == key).values(columns))


async def statuses(engine: AsyncEngine) -> dict[str, str]:
    async with engine.connect() as connection:
        rows = (await connection.execute(select(acts_out.c.xh, acts_out.c.upload_status))).all()
    return {row.xh.rstrip(): row.upload_status for row in rows}


async def test_a_row_is_marked_only_when_the_page_is_proved_to_be_stored(
    engine: AsyncEngine, reader: Reader
) -> None:
    await put(engine, "A", 1)
    assert await reader.page() == ["A"]
    assert await statuses(engine) == {"A": "0"}
    assert await reader.page() == []
    assert await statuses(engine) == {"A": "1"}


async def test_a_page_that_was_not_stored_comes_again(engine: AsyncEngine, reader: Reader) -> None:
    await put(engine, "A", 1)
    first = await reader.page()
    reader.cursor = None
    assert await reader.page() == first
    assert await statuses(engine) == {"A": "0"}


async def test_a_row_written_again_after_it_was_read_is_not_marked_and_comes_again(
    engine: AsyncEngine, reader: Reader
) -> None:
    await put(engine, "A", 1)
    await reader.page()
    await change(engine, "A", update_time=NOON.format(2))
    assert await reader.page() == ["A"]
    assert await statuses(engine) == {"A": "0"}


@pytest.mark.parametrize("may_mark", [True, False])
async def test_a_row_that_appears_with_an_earlier_moment_is_read(
    engine: AsyncEngine, database: str, may_mark: bool
) -> None:
    reader = Reader(database, may_mark=may_mark, overlap_seconds=600)
    await put(engine, "A", 30)
    assert await reader.page() == ["A"]
    assert await reader.page() == []
    await put(engine, "B", 24)
    assert await reader.page() == ["B"]
    assert await reader.page() == []
    await reader.tables.aclose()


async def test_without_the_right_to_mark_nothing_is_marked(engine: AsyncEngine, database: str) -> None:
    reader = Reader(database, may_mark=False)
    await put(engine, "A", 1)
    assert [await reader.page(), await reader.page(), await statuses(engine)] == [["A"], [], {"A": "0"}]
    await reader.tables.aclose()


async def test_a_row_long_before_the_overlap_is_found_by_its_flag(
    engine: AsyncEngine, reader: Reader
) -> None:
    await put(engine, "A", 50)
    await reader.page()
    await put(engine, "B", 1)
    assert await reader.page() == ["B"]


async def test_a_flag_set_back_alone_brings_the_row_again_once(engine: AsyncEngine, reader: Reader) -> None:
    await put(engine, "A", 1)
    assert [await reader.page(), await reader.page()] == [["A"], []]
    await change(engine, "A", upload_status="0")
    assert [await reader.page(), await reader.page()] == [["A"], []]


@pytest.mark.parametrize("overlap", [0, 10])
async def test_rows_of_one_moment_are_paged_without_loss_and_the_reading_ends(
    engine: AsyncEngine, database: str, overlap: float
) -> None:
    keys = [f"A{number:02d}" for number in range(23)]
    for key in keys:
        await put(engine, key, 5)
    reader = Reader(database, page_size=5, overlap_seconds=overlap)
    read: list[str] = []
    for _ in range(20):
        read += await reader.page()
    assert read == keys
    assert set((await statuses(engine)).values()) == {"1"}
    await reader.tables.aclose()


async def test_a_restart_goes_on_from_the_cursor_and_a_lost_cursor_from_the_start(
    engine: AsyncEngine, database: str, reader: Reader
) -> None:
    await put(engine, "A", 1)
    await reader.page()
    await reader.page()
    await put(engine, "B", 40)
    again = Reader(database)
    again.cursor = reader.cursor
    assert "B" in await again.page()
    again.cursor = None
    assert await again.page() == ["A", "B"]
    await again.tables.aclose()


async def test_a_written_row_stays_as_it_was_written_first(engine: AsyncEngine, reader: Reader) -> None:
    row = {"jhbh": "m1", "wlajh": "c1", "clzt": "0", "bwlx": "first"}
    await reader.tables.put([("T_CZ_IN", row)])
    await reader.tables.put([("T_CZ_IN", row | {"bwlx": "second"})])
    assert (await reader.tables.read("T_CZ_IN", "jhbh", "m1"))["bwlx"] == "first"


async def test_several_rows_are_written_together_or_not_at_all(engine: AsyncEngine, reader: Reader) -> None:
    good, bad = {"jhbh": "m1", "sx": "1"}, {"jhbh": "m1", "bwlx": "x" * 61}
    with pytest.raises(DeliveryRejected, match=r"T_CZ_IN.bwlx 'x+' has 61 characters, allowed are 60"):
        await reader.tables.put([("T_DSR_IN", good), ("T_CZ_IN", bad)])
    async with engine.connect() as connection:
        assert (await connection.execute(select(acts_in))).all() == []
    with pytest.raises(TransportTrouble):
        await reader.tables.read("T_DSR_IN", "jhbh", "m1")


async def test_a_database_that_is_not_there_is_trouble_without_its_password(
    reader: Reader, database: str
) -> None:
    away = Reader(f"{database}_gone")
    with pytest.raises(TransportTrouble) as trouble:
        await away.page()
    assert database.split(":")[2].split("@")[0] not in str(trouble.value)
    with pytest.raises(TransportTrouble):
        await away.tables.put([("T_CZ_IN", {"jhbh": "m1"})])


async def test_nobody_listening_is_trouble() -> None:
    away = Reader("postgresql://nobody:nothing@127.0.0.1:1/none")
    with pytest.raises(TransportTrouble):
        await away.page()
