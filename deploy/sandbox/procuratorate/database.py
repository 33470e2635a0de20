"""The exchange database: made by this system itself on the server that the DSN names."""

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.sandbox.procuratorate.tables import metadata

AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What comes up while the database server is away; connecting raises the driver's own errors."""


async def open_database(dsn: str) -> AsyncEngine:
    """Makes the database and its tables where they are missing. Raises one of AWAY."""
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    await _make_database(url)
    engine = create_async_engine(url, pool_size=4, pool_pre_ping=True)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return engine


async def _make_database(url: URL) -> None:
    plain = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        known = await connection.fetchval("select true from pg_database where datname = $1", url.database)
        if not known:
            name = str(url.database).replace('"', '""')
            await connection.execute(f'create database "{name}"')
    except asyncpg.DuplicateDatabaseError:
        pass  # somebody else was quicker
    finally:
        await connection.close()
