"""The bundles are made once; a check of one needs no database."""

import secrets

import asyncpg
import pytest

from hub.embedded.servers import Addresses
from tests.support.bundles import Made, made_in


@pytest.fixture(scope="package")
async def made(servers: Addresses) -> Made:
    name = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(servers.database)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        bundles = await made_in(f"{servers.database.rpartition('/')[0]}/{name}")
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        return bundles
    finally:
        await connection.close()
