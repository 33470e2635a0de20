"""The floor with a transactional outbox: what one would write by hand to lose nothing.

The transaction also writes the records; a relay beside it reads them in order, publishes, deletes. Prints how many
referrals have left the outbox.
"""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Sequence
from typing import Any

import asyncpg

from tests.bench.floor import TABLES, connections, new_tasks, store, until_terminated

_OUTBOX = """
CREATE TABLE IF NOT EXISTS floor_outbox (
    id bigserial PRIMARY KEY, topic text NOT NULL, partition integer NOT NULL, key bytea NOT NULL, value bytea NOT NULL)"""
_PUT = """
INSERT INTO floor_outbox (topic, partition, key, value)
SELECT * FROM unnest($1::text[], $2::integer[], $3::bytea[], $4::bytea[])"""
_NEXT = "SELECT id, topic, partition, key, value FROM floor_outbox ORDER BY id LIMIT $1"
_GONE = "DELETE FROM floor_outbox WHERE id = ANY($1::bigint[])"
_POLL_SECONDS = 0.1
TASKS = 3


async def main(kafka: str, database: str, prefix: str, batch: int) -> None:
    """Intake and relay side by side until SIGTERM."""
    async with connections(kafka, database, prefix, "floor_outbox") as (consumer, producer, connection):
        await connection.execute(TABLES)
        await connection.execute(_OUTBOX)
        async with contextlib.AsyncExitStack() as stack:
            relaying = await asyncpg.connect(database)
            stack.push_async_callback(relaying.close)
            committed = asyncio.Event()
            await until_terminated(
                take_in(consumer, connection, prefix, batch, committed),
                relay(producer, relaying, batch * TASKS, committed),
            )


async def take_in(consumer: Any, connection: Any, prefix: str, batch: int, committed: asyncio.Event) -> None:
    """Fetch, one transaction, commit the offsets, for ever."""
    while True:
        found = await consumer.getmany(timeout_ms=500, max_records=batch)
        records = [record for some in found.values() for record in some]
        if not records:
            continue
        async with connection.transaction():
            made = await store(connection, records)
            await connection.execute(_PUT, *_columns(made, prefix))
        committed.set()
        await consumer.commit()


def _columns(made: Sequence[tuple[Any, Any]], prefix: str) -> tuple[list[Any], ...]:
    rows = [
        (
            f"{prefix}dept.{department}.in",
            record.partition,
            record.key,
            json.dumps(task, ensure_ascii=False).encode(),
        )
        for record, department, task in new_tasks(made)
    ]
    return tuple([row[n] for row in rows] for n in range(4))


async def relay(producer: Any, connection: Any, limit: int, committed: asyncio.Event) -> None:
    """Publish what stands in the outbox, in order; delete it when it is acknowledged."""
    done = 0
    while True:
        rows = await connection.fetch(_NEXT, limit)
        if not rows:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(committed.wait(), _POLL_SECONDS)
            committed.clear()
            continue
        for _, topic, partition, key, value in rows:
            await producer.send(topic, value, key, partition)
        await producer.flush()
        await connection.execute(_GONE, [row[0] for row in rows])
        done += len(rows)
        print(done // TASKS, flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
