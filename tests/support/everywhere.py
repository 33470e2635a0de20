"""Looking for bytes in everything that a store holds."""

from collections.abc import Iterator
from typing import Any

import asyncpg

from hub.store.memory import MemoryStore
from tests.support.core import Core, Stores


async def places(stores: Stores, dsn: str | None, needle: str) -> list[str]:
    """The tables that hold a text, in any column and coding in which it might lie there."""
    needles = {needle.encode(), needle.encode("unicode_escape"), needle.encode("utf-16-le")}
    needles |= {needle.encode().hex().encode(), needle.encode()[:6]}
    found = []
    async for place, value in _rows(dsn) if dsn is not None else _memory(stores):
        if any(wanted in value for wanted in needles):
            found.append(place)
    return found


async def _rows(dsn: str) -> Any:
    """Every column of every table, as superuser."""
    connection = await asyncpg.connect(dsn)
    try:
        names = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        assert {"inbox", "case_state", "parked"} <= {row[0] for row in names}
        for (name,) in names:
            for row in await connection.fetch(f'SELECT * FROM "{name}"'):
                for column, value in row.items():
                    yield f"{name}.{column}", value if isinstance(value, bytes) else str(value).encode()
    finally:
        await connection.close()


async def _memory(stores: Stores) -> Any:
    store = stores.intake
    assert isinstance(store, MemoryStore)
    for place, value in _parts(store, stores.shards):
        yield place, value if isinstance(value, bytes) else str(value).encode()


def _parts(store: MemoryStore, shards: int) -> Iterator[tuple[str, Any]]:
    for shard in range(shards):
        for row in store.journal(shard):
            yield "journal", row.raw
            yield "journal", (row.case, row.outcome)
    for parked, _ in store.parked():
        yield "parked", parked.raw or b""
        yield "parked", parked
    for _, row in store.inbox.values():
        yield "inbox", row
    for version, state in store.states.values():
        yield "case_state", state
        yield "case_state", version
    yield "projected", store.projected
    for key in store.case_keys.values():
        yield "case_key", key


async def assert_nowhere(core: Core, dsn: str | None, *texts: str) -> None:
    """None of the texts lies in any table."""
    for text in texts:
        assert await places(core.stores, dsn, text) == [], text
