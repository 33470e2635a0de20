"""After a scrub no file of the server holds a wrapped key that was destroyed: not a dead row, not the write-ahead log."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from hub.embedded.postgres import EmbeddedPostgres
from hub.errors import StoreTrouble
from hub.store.scrub import scrub
from hub.store.sealing import Sealer
from hub.store.upgrade import upgrade

SEGMENTS = 3


@pytest.fixture
async def server() -> AsyncIterator[tuple[Path, str]]:
    """A server of the test's own, since all its files are read."""
    with tempfile.TemporaryDirectory(prefix="fengqiao-scrub-") as directory:
        postgres = EmbeddedPostgres(Path(directory))
        address = await postgres.start()
        try:
            await upgrade(address, 1)
            yield Path(directory), address
        finally:
            await postgres.stop()


def holding(home: Path, needle: bytes) -> list[str]:
    return [path.name for path in home.rglob("*") if path.is_file() and needle in path.read_bytes()]


async def filled(connection: "asyncpg.Connection[asyncpg.Record]", wrapped: bytes, sealer: Sealer) -> None:
    """The key among others, in the table and in a segment of the log that is used again."""
    await connection.execute("INSERT INTO case_key VALUES ('c1', $1)", wrapped)
    others = [(f"o{number}", sealer.new_key(f"o{number}")[1]) for number in range(500)]
    await connection.executemany("INSERT INTO case_key VALUES ($1, $2)", others)
    await connection.execute("CHECKPOINT")
    for _ in range(SEGMENTS):
        await connection.execute("SELECT pg_logical_emit_message(false, 'x', repeat('y', 1000))")
        await connection.execute("SELECT pg_switch_wal()")
    await connection.execute("CHECKPOINT")


async def test_a_destroyed_key_is_out_of_every_file(server: tuple[Path, str]) -> None:
    home, address = server
    sealer = Sealer(bytes(range(32)))
    key, wrapped = sealer.new_key("c1")
    connection = await asyncpg.connect(address)
    await filled(connection, wrapped, sealer)
    assert any(len(name) == 24 for name in holding(home, wrapped)), "a segment of the log"
    assert any(name.isdigit() for name in holding(home, wrapped) if len(name) < 24), "a table"
    key.destroy([], text=True)
    left = sealer.wrap("c1", key)
    await connection.execute("UPDATE case_key SET wrapped = $1 WHERE case_id = 'c1'", left)
    await connection.execute("INSERT INTO erased_key VALUES ('k', 'c1', 0, 1, clock_timestamp(), NULL)")
    await connection.execute("CHECKPOINT")
    assert holding(home, wrapped)
    done = await scrub(address)
    assert (done.keys, done.tables) == (1, ["case_key", "parked", "person_index"])
    assert done.wal is not None
    assert holding(home, wrapped) == []
    assert await connection.fetchval("SELECT count(*) FROM case_key") == 501
    assert await connection.fetchval("SELECT wrapped FROM case_key WHERE case_id = 'c1'") == left
    assert await connection.fetchval("SELECT scrubbed_at IS NOT NULL FROM erased_key")
    assert (await scrub(address)).keys == 0
    await connection.close()


async def test_what_still_sees_dead_rows_is_named(server: tuple[Path, str]) -> None:
    _, address = server
    reader, writer = await asyncpg.connect(address), await asyncpg.connect(address)
    await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    await reader.fetchval("SELECT count(*) FROM case_key")
    await writer.execute("INSERT INTO case_key VALUES ('c1', '')")
    with pytest.raises(StoreTrouble, match=r"stay in the tables while these still see them: .*pid"):
        await scrub(address, patience=1)
    await reader.execute("ROLLBACK")
    assert (await scrub(address)).wal is not None
    await reader.close()
    await writer.close()
