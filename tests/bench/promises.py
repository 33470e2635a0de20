"""Whether the promises held in a measurement: what the store says, and what arrived at the departments."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.audit.verify import verify
from hub.operations.conservation import check_conservation
from hub.store.reading import ReadStore
from tests.bench.ground import Ground, Place, connected
from tests.bench.referrals import CO_HANDLER, COPY, LEAD

RECEIVERS = (LEAD, CO_HANDLER, COPY)
_COUNT = "SELECT count(*) FROM journal WHERE outcome = 'decided'"

Ends = dict[TopicPartition, int]


@dataclass(slots=True)
class Arrived:
    """Records with a sequence. `again`: sent twice, the receiver drops it; `holes`: one before it never came."""

    first: int = 0
    again: int = 0
    holes: int = 0


async def ends(ground: Ground, place: Place) -> Ends:
    """Where the receivers' topics end now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.addresses.kafka)
    await consumer.start()
    try:
        places = [
            TopicPartition(place.names.into(one), shard)
            for one in RECEIVERS
            for shard in range(ground.shards)
        ]
        found: Ends = await consumer.end_offsets(places)
        return found
    finally:
        await consumer.stop()


async def arrived(ground: Ground, begin: Ends, end: Ends) -> Arrived:
    """What stands in the receivers' topics between two moments, as a receiver reads it: by sequence for each case."""
    found = Arrived()
    last: dict[tuple[str, bytes | None], int] = {}
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.addresses.kafka)
    await consumer.start()
    try:
        left = {place for place in begin if begin[place] < end[place]}
        consumer.assign(sorted(left))
        for place in left:
            consumer.seek(place, begin[place])
        while left:
            for place, records in (await consumer.getmany(*left, timeout_ms=1000)).items():
                for record in records:
                    headers = dict(record.headers)
                    if record.offset < end[place] and "ce_sequence" in headers:
                        _take(found, last, (place.topic, record.key), int(headers["ce_sequence"]))
                if records and records[-1].offset + 1 >= end[place]:
                    left.remove(place)
    finally:
        await consumer.stop()
    return found


def _take(
    found: Arrived, last: dict[tuple[str, bytes | None], int], case: tuple[str, bytes | None], sequence: int
) -> None:
    before = last.get(case, 0)
    if sequence <= before:
        found.again += 1
    else:
        found.first += 1
        found.holes += sequence != before + 1
        last[case] = sequence


async def broken(place: Place, referrals: int, found: Arrived) -> Sequence[str]:
    """What does not hold after so many referrals were worked off; empty when all does."""
    problems = []
    async with connected(place.database) as connection:
        if (decided := await connection.fetchval(_COUNT)) != referrals:
            problems.append(f"{decided} referrals decided of {referrals}")
    if found.first != referrals * len(RECEIVERS):
        problems.append(f"{found.first} tasks arrived of {referrals * len(RECEIVERS)}")
    if found.holes:
        problems.append(f"{found.holes} holes in what arrived")
    store = ReadStore(place.database)
    await store.start()
    try:
        problems += map(str, (await verify(store)).differences)
        problems += await check_conservation(store)
    finally:
        await store.stop()
    return problems
