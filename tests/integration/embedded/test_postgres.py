"""The embedded database, used through a real client."""

import os
import signal
import socket
import stat
from pathlib import Path

import asyncpg
import pytest

from hub.embedded.postgres import EmbeddedPostgres
from hub.embedded.record import Identity, Record
from hub.embedded.trouble import AlreadyRunning, PortBusy
from hub.errors import EmbeddedServerError


async def ask(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_restart_and_a_kill_keep_rows_and_address(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    first = await postgres.start()
    try:
        await ask(first, "CREATE TABLE kept AS SELECT 42 AS n")
        await postgres.stop()
        assert not await postgres.healthy()
        assert await postgres.start() == first
        assert postgres.pid is not None
        os.kill(postgres.pid, signal.SIGKILL)
        await postgres.stop()
        assert await postgres.start() == first
        assert await ask(first, "SELECT n FROM kept") == 42
    finally:
        await postgres.stop()


async def test_nothing_is_traded_for_speed_and_no_login_goes_without_password(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    dsn = await postgres.start()
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await ask(dsn, f"SHOW {setting}") == "on", setting
        assert await ask(dsn, "SHOW listen_addresses") == "127.0.0.1"
        port = dsn.rpartition(":")[2].partition("/")[0]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(f"postgresql://fengqiao:wrong@127.0.0.1:{port}", "SELECT 1")
        assert stat.S_IMODE((home / "postgres.password").stat().st_mode) == 0o600
    finally:
        await postgres.stop()


async def test_databases_are_made_copied_and_dropped(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    await postgres.start()
    try:
        await ask(await postgres.create_database("pattern"), "CREATE TABLE t AS SELECT 7 AS n")
        assert await ask(await postgres.create_database("案卷", template="pattern"), "SELECT n FROM t") == 7
        with pytest.raises(EmbeddedServerError, match="'pattern' exists already"):
            await postgres.create_database("pattern")
        await postgres.drop_database("案卷")
        await postgres.drop_database("案卷")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await ask(await _dsn(postgres, "案卷"), "SELECT 1")
    finally:
        await postgres.stop()


async def _dsn(postgres: EmbeddedPostgres, database: str) -> str:
    assert postgres.address is not None
    return f"{postgres.address.rpartition('/')[0]}/{database}"


async def test_a_second_start_on_a_home_is_refused_and_harms_nothing(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    await postgres.start()
    try:
        with pytest.raises(AlreadyRunning, match=f"pid {postgres.pid}"):
            await EmbeddedPostgres(home).start()
        assert await postgres.healthy()
    finally:
        await postgres.stop()


async def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortBusy, match=str(port)):
            await EmbeddedPostgres(home, port).start()


async def test_stale_pid_files_that_name_another_program_are_mended(home: Path) -> None:
    """The pid of the last server was given to another program, here to us."""
    postgres = EmbeddedPostgres(home)
    dsn = await postgres.start()
    await postgres.stop()
    ourselves = Identity.of(os.getpid())
    assert ourselves is not None
    earlier = Identity(ourselves.pid, "1", ourselves.boot)
    Record(earlier, None, {"client": int(dsn.rpartition(":")[2].partition("/")[0])}).write(
        home / "postgres" / "process.json"
    )
    (home / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{home}\n")
    try:
        dsn = await postgres.start()
        assert await ask(dsn, "SELECT 1") == 1
    finally:
        await postgres.stop()


async def test_a_lost_password_is_named_and_nothing_is_deleted(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    await postgres.start()
    await postgres.stop()
    (home / "postgres.password").unlink()
    with pytest.raises(EmbeddedServerError, match=r"postgres\.password is missing"):
        await postgres.start()
    assert (home / "postgres" / "data" / "PG_VERSION").exists()
