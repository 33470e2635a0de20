"""The same job as the floor's, with the libraries at their best: FastStream in batches, SQLAlchemy Core on asyncpg.

What makes it fast: one batch subscriber, untyped and with a decoder that leaves the bytes alone;
`insert … on conflict do nothing returning`; `publish_batch` per topic and partition, all under way at once.
"""

import asyncio
import json
import logging
import sys
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage, KafkaPublishMessage
from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.bench.floor import task_of
from tests.bench.referrals import CO_HANDLER, COPY, LEAD, SENDER

_metadata = MetaData()
_inbox = Table("inbox", _metadata, Column("id", Text, primary_key=True))
_referral = Table(
    "referral",
    _metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("data", JSONB, nullable=False),
)
_task = Table(
    "task",
    _metadata,
    Column("id", Text, primary_key=True),
    Column("referral", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("state", Text, nullable=False),
)
_MOST_BYTES = 1_048_576


async def main(kafka: str, database: str, prefix: str, batch: int) -> None:
    """Run the application until SIGTERM."""
    engine = create_async_engine(database.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.run_sync(_metadata.create_all)
    broker = KafkaBroker(
        kafka,
        acks="all",
        max_batch_size=_MOST_BYTES,
        apply_types=False,
        logger=None,
        allow_auto_create_topics=False,
    )
    done = 0

    @broker.subscriber(
        f"{prefix}dept.{SENDER}.out",
        group_id=f"{prefix}libraries",
        batch=True,
        max_records=batch,
        batch_timeout_ms=20,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        auto_offset_reset="earliest",
        decoder=_as_it_is,
    )
    async def take(message: KafkaMessage) -> None:
        nonlocal done
        made = await _store(engine, message.raw_message)
        await _publish(broker, prefix, made)
        done += len(message.raw_message)
        print(done, flush=True)

    await FastStream(broker).run(log_level=logging.CRITICAL)
    await engine.dispose()


async def _as_it_is(message: KafkaMessage) -> KafkaMessage:
    return message


async def _store(engine: AsyncEngine, records: Any) -> list[tuple[Any, str, dict[str, str]]]:
    """One transaction; returns (record, department, task) of the new referrals."""
    by_id = {dict(record.headers)["ce_id"].decode(): record for record in records}
    async with engine.begin() as connection:
        remember = insert(_inbox).on_conflict_do_nothing().returning(_inbox.c.id)
        new = (await connection.execute(remember, [{"id": id_} for id_ in by_id])).scalars().all()
        if not new:
            return []
        read = [(by_id[id_], id_, json.loads(by_id[id_].value)) for id_ in new]
        await connection.execute(
            insert(_referral),
            [{"id": id_, "case_id": record.key.decode(), "data": data} for record, id_, data in read],
        )
        made = [
            (record, department, task_of(id_, department, data))
            for record, id_, data in read
            for department in (LEAD, CO_HANDLER, COPY)
        ]
        columns = ("id", "referral", "department")
        await connection.execute(
            insert(_task),
            [{name: task[name] for name in columns} | {"state": "assigned"} for _, _, task in made],
        )
    return made


async def _publish(broker: KafkaBroker, prefix: str, made: list[tuple[Any, str, dict[str, str]]]) -> None:
    """A batch for each topic and partition, all at once."""
    places: dict[tuple[str, int], list[KafkaPublishMessage]] = {}
    for record, department, task in made:
        value = json.dumps(task, ensure_ascii=False).encode()
        place = (f"{prefix}dept.{department}.in", record.partition)
        places.setdefault(place, []).append(KafkaPublishMessage(value, key=record.key))
    await asyncio.gather(
        *(
            broker.publish_batch(*messages, topic=topic, partition=partition)
            for (topic, partition), messages in places.items()
        )
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
