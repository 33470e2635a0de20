"""Getting destroyed keys out of the server's files too: rows that are dead, and the write-ahead log.

A row that was overwritten stays in its page until the table is written anew, and a segment of the log that is used again
keeps its old bytes until it is written over. Both are done here; what lies elsewhere (archived log, standbys, backups)
is said, not touched: that is what the change of key-encryption keys is for.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg

from hub.errors import StoreTrouble
from hub.store.connecting import connected

_TABLES = ("case_key", "parked", "person_index")
_OLDER = """
SELECT coalesce(application_name, '') || ' (pid ' || pid || ')' FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND backend_xmin IS NOT NULL AND datname = current_database()
    AND age(backend_xmin) > age($1::text::xid)
UNION ALL SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts WHERE age(transaction) > age($1::text::xid)
UNION ALL SELECT 'replication slot ' || slot_name FROM pg_replication_slots
    WHERE xmin IS NOT NULL AND age(xmin) > age($1::text::xid)"""
_NEWEST = "SELECT max(name) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"
_HERE = "SELECT pg_walfile_name(pg_current_wal_insert_lsn())"
_DONE = "UPDATE erased_key SET scrubbed_at = clock_timestamp() WHERE scrubbed_at IS NULL AND erased_at <= $1"
_PATIENCE, _PAUSE = 60, 0.5
# What was written before the first round lies, used again, before the end of the second.
_ROUNDS, _SEGMENTS = 2, 10_000


@dataclass(slots=True)
class Scrubbed:
    """`tables`: written anew. `wal`: the segment before which nothing old is left; None: not permitted to us.

    `keys`: how many destroyed keys are now out of the server's files. `elsewhere`: where copies may still lie.
    """

    tables: list[str] = field(default_factory=list)
    wal: str | None = None
    keys: int = 0
    elsewhere: list[str] = field(default_factory=list)


async def scrub(url: str, patience: float = _PATIENCE) -> Scrubbed:
    """Write the tables anew and the log over; mark what was erased before as gone. Idempotent.

    Blocks writers of the tables for as long as writing them takes (a million cases: seconds). Needs the owner of the
    tables; for the log, a superuser. Raises StoreTrouble when an old transaction still sees the dead rows after
    `patience` seconds.
    """
    found = Scrubbed()
    async with connected(url) as connection:
        begun = await connection.fetchval("SELECT clock_timestamp()")
        await _nobody_sees(connection, patience)
        for table in _TABLES:
            await connection.execute(f"VACUUM (FULL) {table}", timeout=3600)
            found.tables.append(table)
        try:
            found.wal = await _write_over(connection)
        except asyncpg.InsufficientPrivilegeError as problem:
            found.elsewhere.append(
                f"the write-ahead log: {problem}; let a superuser run `CHECKPOINT` and `SELECT pg_switch_wal()` "
                "until its segments of today have been used again, or grant pg_checkpoint, pg_switch_wal and pg_ls_waldir"
            )
        else:
            found.keys = int((await connection.execute(_DONE, begun)).rpartition(" ")[2])
        found.elsewhere += await _elsewhere(connection)
    return found


async def _nobody_sees(connection: "asyncpg.Connection[asyncpg.Record]", patience: float) -> None:
    now = await connection.fetchval("SELECT pg_current_xact_id()::text")
    # An xid of 64 bits; its lower half is what the columns hold.
    xid = str(int(now) % 2**32)
    for _ in range(int(patience / _PAUSE) + 1):
        older = [row[0] for row in await connection.fetch(_OLDER, xid)]
        if not older:
            return
        await asyncio.sleep(_PAUSE)
    raise StoreTrouble(f"erased keys stay in the tables while these still see them: {', '.join(older)}")


async def _write_over(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    for _ in range(_ROUNDS):
        await connection.execute("CHECKPOINT", timeout=3600)
        last: str = await connection.fetchval(_NEWEST)
        for _ in range(_SEGMENTS):
            here: str = await connection.fetchval(_HERE)
            if here > last:
                break
            await connection.execute("SELECT pg_logical_emit_message(false, 'fengqiao', 'erasure')")
            await connection.execute("SELECT pg_switch_wal()")
    await connection.execute("CHECKPOINT", timeout=3600)
    return here


async def _elsewhere(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    found = []
    if await connection.fetchval("SHOW archive_mode") != "off":
        found.append(f"archived segments of the write-ahead log from before {now}")
    if standbys := [
        row[0] for row in await connection.fetch("SELECT application_name FROM pg_stat_replication")
    ]:
        found.append(f"the log of standbys: {', '.join(standbys)}")
    return [*found, f"backups made before {now}"]
