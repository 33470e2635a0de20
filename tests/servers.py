"""Fixtures: one real Kafka and one real PostgreSQL for the whole test session.

Tests keep apart by `database` (a fresh one each) and `topic_prefix` (a fresh one each). The servers die
with pytest, however it ends.
"""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from hub.embedded.servers import DATABASE_VARIABLE, KAFKA_VARIABLE, Addresses, Servers


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Addresses]:
    """`kafka`: bootstrap address; `database`: DSN of an administrator of PostgreSQL."""
    home = Path(tempfile.mkdtemp(prefix="fengqiao-test-"))
    # Run by root, PostgreSQL becomes another user and has to pass through.
    home.chmod(0o755)
    try:
        async with Servers(home) as addresses:
            yield addresses
    finally:
        shutil.rmtree(home)


@pytest.fixture
async def database(servers: Addresses) -> AsyncIterator[str]:
    """DSN `postgresql://…` of an empty database, dropped after the test."""
    async with _database(servers) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def module_database(servers: Addresses) -> AsyncIterator[str]:
    """The same for all tests of a module."""
    async with _database(servers) as dsn:
        yield dsn


@asynccontextmanager
async def _database(servers: Addresses) -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(servers.database)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield f"{servers.database.rpartition('/')[0]}/{name}"
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.fixture
def topic_prefix() -> str:
    """Put before each topic and group name of a test; ends with a dot."""
    return f"t{secrets.token_hex(4)}."


@pytest.fixture(scope="module")
def module_prefix() -> str:
    """The same for all tests of a module."""
    return f"t{secrets.token_hex(4)}."


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home for servers of the test's own, whatever the environment names."""
    monkeypatch.delenv(KAFKA_VARIABLE, raising=False)
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    directory = Path(tempfile.mkdtemp(prefix="fengqiao-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)
