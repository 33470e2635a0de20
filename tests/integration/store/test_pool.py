"""Which failures of the driver mean that the server is away, so that intake waits and blames no record."""

import asyncpg
import pytest

from hub.errors import StoreTrouble
from hub.store.pool import Pool
from hub.store.upgrade import upgrade


@pytest.fixture
async def pool(database: str) -> Pool:
    await upgrade(database, 1)
    return Pool(database, size=1)


@pytest.mark.parametrize(
    "failure",
    [
        # As met when the postmaster was killed: its last words stand between two statements.
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.AdminShutdownError("terminating connection"),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
async def test_a_server_that_dies_is_trouble(pool: Pool, failure: Exception) -> None:
    await pool.start()
    try:
        with pytest.raises(StoreTrouble):
            async with pool.transaction():
                raise failure
    finally:
        await pool.stop()


async def test_a_value_that_cannot_be_sent_is_no_trouble_of_the_server(pool: Pool) -> None:
    await pool.start()
    try:
        with pytest.raises(asyncpg.DataError, match="value out of int32 range"):
            async with pool.connection() as connection:
                await connection.fetchval("SELECT $1::int4", 2**40)
    finally:
        await pool.stop()
