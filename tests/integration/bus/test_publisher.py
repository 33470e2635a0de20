"""The publisher's end, when Kafka has not answered yet."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from hub.bus.admin import apply_topics
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord
from hub.bus.topics import TopicDeclaration
from hub.embedded.servers import Addresses
from hub.errors import BusTrouble

# Longer than stopping may take, shorter than the producer's own wait for an answer (30 s).
PATIENCE = 15.0


async def test_a_publisher_stops_although_its_records_can_go_nowhere(
    servers: Addresses, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}soon.lost"
    record = OutRecord(topic, 0, b"case", b"{}", [])
    await apply_topics(servers.kafka, [TopicDeclaration(topic, 1)])
    publisher = KafkaPublisher(servers.kafka)
    await publisher.publish([record])
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    await admin.delete_topics([topic])
    await admin.close()
    publishing = asyncio.create_task(publisher.publish([record]))
    await asyncio.sleep(1)
    publishing.cancel()
    async with asyncio.timeout(PATIENCE):
        await publisher.stop()
    with pytest.raises((asyncio.CancelledError, BusTrouble)):
        await publishing
    left = [task for task in asyncio.all_tasks() if "aiokafka" in repr(task.get_coro())]
    assert left == []
