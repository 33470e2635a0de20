"""The index of persons of one case, made again from what opens still: after an erasure nothing of whom it was about is left."""

from hub.domain.decide import ALIAS
from hub.domain.entry import Entry
from hub.domain.person import persons
from hub.store import person_index
from hub.store.person_index import PersonRow
from hub.store.pool import Connection, Pool
from hub.store.sealed_message import open_message
from hub.store.sealing import Sealer

_WRAPPED = "SELECT wrapped FROM case_key WHERE case_id = $1"
_ENTRIES = "SELECT entry FROM journal WHERE case_id = $1 ORDER BY seq"


async def reindex(pool: Pool, sealer: Sealer, case: str) -> None:
    """Commits. Idempotent; an indexer at work waits, and finds the keys as they are then."""
    async with pool.transaction() as connection:
        await reindex_in(connection, sealer, case)


async def reindex_in(connection: Connection, sealer: Sealer, case: str) -> None:
    """The same in the caller's transaction."""
    await person_index.forget_case(connection, case)
    if case.startswith(ALIAS):
        return
    wrapped = await connection.fetchval(_WRAPPED, case)
    key = None if wrapped is None else sealer.unwrap(case, wrapped)
    rows = []
    for row in await connection.fetch(_ENTRIES, case):
        entry = Entry.from_bytes(row[0])
        if entry.source is None or entry.message is None:
            continue
        for named in persons(entry.type or "", open_message(entry, key).hidden):
            token = sealer.person_token(named.field, named.value)
            rows.append(PersonRow(token, case, entry.source, entry.message, named.place, named.field))
    await person_index.put(connection, rows)
