"""The yardstick: the plain loop that one would write by hand, with none of the hub's promises.

Consume a batch, one transaction (inbox, referral, three tasks by `unnest`), publish three records, commit the
offsets. It loses tasks when it dies between the commit and the publishing. Prints after each batch how many
referrals it has done. Alone on its topics at a low rate it is the bare loop of the latency measurement.
"""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.bench.referrals import CO_HANDLER, COPY, LEAD, SENDER

TABLES = """
CREATE TABLE IF NOT EXISTS floor_inbox (id text PRIMARY KEY);
CREATE TABLE IF NOT EXISTS floor_referral (id text PRIMARY KEY, case_id text NOT NULL, data jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS floor_task (
    id text PRIMARY KEY, referral text NOT NULL, department text NOT NULL, state text NOT NULL);
"""
_INBOX = "INSERT INTO floor_inbox SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING id"
_REFERRALS = "INSERT INTO floor_referral SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[])"
_TASKS = "INSERT INTO floor_task SELECT *, 'assigned' FROM unnest($1::text[], $2::text[], $3::text[])"

Made = list[tuple[Any, list[tuple[str, dict[str, str]]]]]


async def main(kafka: str, database: str, prefix: str, batch: int) -> None:
    """Loop until SIGTERM."""
    async with connections(kafka, database, prefix, "floor") as (consumer, producer, connection):
        await connection.execute(TABLES)
        await until_terminated(run(consumer, producer, connection, prefix, batch))


@contextlib.asynccontextmanager
async def connections(
    kafka: str, database: str, prefix: str, group: str
) -> AsyncIterator[tuple[Any, Any, Any]]:
    """Consumer, producer and connection, started."""
    consumer = AIOKafkaConsumer(
        f"{prefix}dept.{SENDER}.out",
        bootstrap_servers=kafka,
        group_id=f"{prefix}{group}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0)
    connection = await asyncpg.connect(database)
    await asyncio.gather(consumer.start(), producer.start())
    try:
        yield consumer, producer, connection
    finally:
        await asyncio.gather(consumer.stop(), producer.stop(), connection.close())


async def until_terminated(*work: Coroutine[Any, Any, None]) -> None:
    """Run side by side until SIGTERM, or until one fails."""
    running = asyncio.gather(*work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def run(consumer: Any, producer: Any, connection: Any, prefix: str, batch: int) -> None:
    """Fetch, commit, publish, for ever."""
    done = 0
    while True:
        found = await consumer.getmany(timeout_ms=500, max_records=batch)
        records = [record for some in found.values() for record in some]
        if not records:
            continue
        async with connection.transaction():
            made = await store(connection, records)
        for record, department, task in new_tasks(made):
            value = json.dumps(task, ensure_ascii=False).encode()
            await producer.send(f"{prefix}dept.{department}.in", value, record.key, record.partition)
        await producer.flush()
        await consumer.commit()
        done += len(records)
        print(done, flush=True)


async def store(connection: Any, records: list[Any]) -> Made:
    """Inbox, referrals and tasks, in the caller's transaction; returns the new referrals with their tasks."""
    by_id = {dict(record.headers)["ce_id"].decode(): record for record in records}
    new = {row[0] for row in await connection.fetch(_INBOX, list(by_id))}
    made = []
    for id_, record in by_id.items():
        if id_ in new:
            data = json.loads(record.value)
            made.append((record, [(d, task_of(id_, d, data)) for d in (LEAD, CO_HANDLER, COPY)], id_))
    await connection.execute(
        _REFERRALS,
        [id_ for _, _, id_ in made],
        [record.key.decode() for record, _, _ in made],
        [record.value.decode() for record, _, _ in made],
    )
    tasks = [task for _, some, _ in made for _, task in some]
    await connection.execute(
        _TASKS,
        [task["id"] for task in tasks],
        [task["referral"] for task in tasks],
        [task["department"] for task in tasks],
    )
    return [(record, some) for record, some, _ in made]


def new_tasks(
    made: Iterable[tuple[Any, list[tuple[str, dict[str, str]]]]],
) -> Iterator[tuple[Any, str, dict[str, str]]]:
    """(record, department, task) of all."""
    return ((record, department, task) for record, tasks in made for department, task in tasks)


def task_of(referral: str, department: str, data: dict[str, Any]) -> dict[str, str]:
    """About 446 bytes."""
    return {
        "id": f"{referral}-{department}",
        "referral": referral,
        "department": department,
        "title": data["title"],
        "summary": data["summary"][:85],
    }


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
