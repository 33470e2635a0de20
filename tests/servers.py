"""Fixtures: one real Kafka and one real PostgreSQL for the whole test session, however many processes run it.

Tests keep apart by `database` (a fresh one each) and `topic_prefix` (a fresh one each). The servers die
with pytest, however it ends. With `-n`, the process that hands out the tests starts them for the others.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hub.embedded.servers import DATABASE_VARIABLE, KAFKA_VARIABLE, Addresses, Servers


class SharedServers:
    """A pytest plugin of the process that hands out tests: one pair of servers for all processes that run them."""

    def __init__(self) -> None:
        self.home = _home()
        self.pair = Servers(self.home)
        self.addresses = asyncio.run(self.pair.start())

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a process that runs tests where the servers are."""
        node.workerinput["servers"] = (self.addresses.kafka, self.addresses.database)

    def pytest_unconfigure(self) -> None:
        """Stop both."""
        asyncio.run(self.pair.stop())
        shutil.rmtree(self.home)


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if config.getoption("numprocesses", None) and not config.option.collectonly:
        config.pluginmanager.register(SharedServers(), "shared-servers")


@pytest.fixture(scope="session")
async def servers(request: pytest.FixtureRequest) -> AsyncIterator[Addresses]:
    """`kafka`: bootstrap address; `database`: DSN of an administrator of PostgreSQL."""
    started: dict[str, Any] = getattr(request.config, "workerinput", {})
    if "servers" in started:
        yield Addresses(*started["servers"])
        return
    home = _home()
    try:
        async with Servers(home) as addresses:
            yield addresses
    finally:
        shutil.rmtree(home)


def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="fengqiao-test-"))
    # Run by root, PostgreSQL becomes another user and has to pass through.
    home.chmod(0o755)
    return home


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
