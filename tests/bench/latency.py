"""From the publishing of a referral to its arrival at the lead, at a low rate."""

import asyncio
import time
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench.ground import Ground
from tests.bench.referrals import LEAD
from tests.bench.subjects import Subject

PER_SECOND = 8.0
_PATIENCE_SECONDS = 30.0


@dataclass
class Latency:
    """Milliseconds."""

    each: list[float] = field(default_factory=list)

    def at(self, share: float) -> float:
        """The value below which this share of them lies."""
        ordered = sorted(self.each)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


async def measure(ground: Ground, subject: Subject, number: int) -> Latency:
    """Publish so many, evenly spaced, each alone; wait for the record that each gives the lead."""
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.addresses.kafka, auto_offset_reset="latest")
    await consumer.start()
    names = subject.place.names
    places = [TopicPartition(names.into(LEAD), shard) for shard in range(ground.shards)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    for place in places:
        await consumer.position(place)
    sent: dict[bytes | None, float] = {}
    latency = Latency()

    async def arrivals() -> None:
        while len(latency.each) < number:
            record = await consumer.getone()
            at = time.perf_counter()
            if record.key in sent:
                latency.each.append((at - sent.pop(record.key)) * 1000)

    receiving = asyncio.create_task(arrivals())
    try:
        begin = time.perf_counter()
        for i, record in enumerate(ground.referrals.make(number, subject.place.topic)):
            await asyncio.sleep(max(0.0, begin + i / PER_SECOND - time.perf_counter()))
            sent[record.key] = time.perf_counter()
            await ground.publisher.publish([record])
        await asyncio.wait_for(receiving, _PATIENCE_SECONDS)
    finally:
        receiving.cancel()
        await consumer.stop()
    await subject.through(number)
    return latency
