"""The embedded broker, used through a real client."""

import os
import signal
import socket
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError

from hub.bus.kafka_source import cluster_id
from hub.bus.security import KafkaAddress, client_options
from hub.embedded.kafka import EmbeddedKafka
from hub.embedded.trouble import AlreadyRunning, PortBusy, ServerDied
from hub.errors import EmbeddedServerError

TOPIC = "dept.court.out"


async def write(address: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        await producer.send_and_wait(TOPIC, value)


async def read(address: str, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(TOPIC, 0)])
        return [(await consumer.getone()).value for _ in range(count)]


async def create_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    try:
        await admin.start()
        answer = await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        assert [code for _, code, _ in answer.topic_errors] == [0]
    finally:
        await admin.close()


async def test_a_restart_and_a_kill_keep_records_and_address(home: Path) -> None:
    kafka = EmbeddedKafka(home)
    first = await kafka.start()
    try:
        await create_topic(first)
        await write(first, b"one")
        await kafka.stop()
        assert not await kafka.healthy()
        assert await kafka.start() == first
        await write(first, b"two")
        assert kafka.pid is not None
        os.kill(kafka.pid, signal.SIGKILL)
        await kafka.stop()
        assert await kafka.start() == first
        assert await read(first, 2) == [b"one", b"two"]
    finally:
        await kafka.stop()
    assert kafka.pid is None


async def test_a_second_start_on_a_home_is_refused_and_harms_nothing(home: Path) -> None:
    kafka = EmbeddedKafka(home)
    address = await kafka.start()
    try:
        with pytest.raises(AlreadyRunning, match=rf"pid {kafka.pid}.*{address.partition(':')[2]}"):
            await EmbeddedKafka(home).start()
        assert await kafka.healthy()
    finally:
        await kafka.stop()


async def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortBusy, match=str(port)):
            await EmbeddedKafka(home, port).start()


async def test_a_broker_that_does_not_come_up_shows_its_log(home: Path) -> None:
    kafka = EmbeddedKafka(home, settings={"num.io.threads": "none"})
    (home / "kafka" / "data").mkdir(parents=True)
    (home / "kafka" / "data" / "meta.properties").write_text("version=1\n")
    with pytest.raises(ServerDied, match=r"num\.io\.threads"):
        await kafka.start()
    assert kafka.pid is None


async def test_a_secured_broker_stays_secured_over_a_restart(home: Path) -> None:
    kafka = EmbeddedKafka(home, secured=True)
    first = await kafka.start()
    try:
        assert kafka.admin is not None
        name, password = kafka.admin
        login = client_options(KafkaAddress(first, "scram", name, password))
        assert await cluster_id(KafkaAddress(first, "scram", name, password))
        with pytest.raises(KafkaConnectionError):
            await create_topic(first)
        for file in (password, home / "kafka" / "kafka.properties"):
            assert file.stat().st_mode & 0o777 == 0o600
        assert not (home / "kafka" / "format.arguments").exists()
        await kafka.stop()
        with pytest.raises(EmbeddedServerError, match="made with security and is started without"):
            await EmbeddedKafka(home).start()
        assert await kafka.start() == first
        assert await kafka.healthy()
        assert client_options(KafkaAddress(first, "scram", name, password)) == login
        assert await cluster_id(KafkaAddress(first, "scram", name, password))
    finally:
        await kafka.stop()


async def test_an_open_broker_is_not_secured_afterwards(home: Path) -> None:
    kafka = EmbeddedKafka(home)
    await kafka.start()
    await kafka.stop()
    with pytest.raises(EmbeddedServerError, match="made without security and is started with"):
        await EmbeddedKafka(home, secured=True).start()
    assert await kafka.start()
    await kafka.stop()
