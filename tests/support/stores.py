"""The fixtures `stores` and `core`: memory and PostgreSQL, one after the other, with two shards."""

from collections.abc import AsyncIterator

import pytest

from hub.store.memory import MemoryStore
from hub.store.pool import Pool
from hub.store.upgrade import upgrade
from tests.support.core import Core, Stores, memory_stores, postgres_stores

SHARDS = 2


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    """Where the store is; None for memory."""
    return request.getfixturevalue("database") if request.param == "postgres" else None


@pytest.fixture
async def stores(dsn: str | None) -> AsyncIterator[Stores]:
    """The ports of an empty store."""
    if dsn is None:
        yield memory_stores(MemoryStore(SHARDS), SHARDS)
        return
    await upgrade(dsn, SHARDS)
    pool = Pool(dsn, size=8)
    await pool.start()
    yield postgres_stores(pool, SHARDS)
    await pool.stop()


@pytest.fixture
def core(stores: Stores) -> Core:
    """A core on each of the stores, with the bus in memory."""
    return Core(stores)
