"""The process: it starts without Kafka, outlives Kafka, stops when told, and does not hang in silence."""

import asyncio
import re
import shutil
from pathlib import Path
from uuid import uuid4

import httpx

from hub.embedded.kafka import EmbeddedKafka
from hub.embedded.process import choose_port
from hub.embedded.servers import Addresses
from tests.integration.connectors.sdk.conftest import Start
from tests.integration.connectors.sdk.hub_hand import HubHand
from tests.integration.connectors.sdk.process import DEPARTMENT, ConnectorProcess
from tests.integration.connectors.sdk.test_delivering import ASSIGNED, _task


async def test_kafka_may_come_later_and_may_die_in_between(
    home: Path, tmp_path: Path, topic_prefix: str
) -> None:
    port = choose_port("Kafka", None, None)
    connector = ConnectorProcess(tmp_path, f"127.0.0.1:{port}", topic_prefix)
    connector.notebook.raise_matter("示例：Kafka 未启动")
    await connector.start()
    kafka = EmbeddedKafka(home, port)
    try:
        counts = await connector.until_status(lambda counts: counts["outbox"]["new"] == 1)
        assert counts["outbox"]["sent"] == 0
        await kafka.start()
        async with HubHand(f"127.0.0.1:{port}", topic_prefix, DEPARTMENT) as hub:
            await hub.read(lambda sent: len(sent) == 1)
            first = await hub.say(ASSIGNED, str(uuid4()), _task())
            await connector.until(lambda: len(connector.notebook.held()) == 1)
            await kafka.stop()
            connector.notebook.raise_matter("示例：Kafka 已停")
            await kafka.start()
            await hub.read(lambda sent: sum(one.type == "referral.raised.v1" for one in sent) >= 2)
            second = await hub.say(ASSIGNED, str(uuid4()), _task())
            await connector.until(lambda: len(connector.notebook.held()) == 2)
        assert [held["delivery"] for held in connector.notebook.held()] == [first, second]
        await kafka.stop()
        assert await connector.end() == 0
    finally:
        await kafka.stop()
        await connector.end()


async def test_a_kafka_that_was_lost_whole_may_get_its_topics_late(
    home: Path, tmp_path: Path, topic_prefix: str
) -> None:
    kafka = EmbeddedKafka(home, choose_port("Kafka", None, None))
    connector = None
    try:
        address = await kafka.start()
        async with HubHand(address, topic_prefix, DEPARTMENT) as hub:
            connector = ConnectorProcess(tmp_path, address, topic_prefix)
            await connector.start()
            first = await hub.say(ASSIGNED, str(uuid4()), _task())
            await connector.until(lambda: len(connector.notebook.held()) == 1)
        await kafka.stop()
        shutil.rmtree(home / "kafka" / "data")
        await kafka.start()
        # Its group meets without any topic.
        await asyncio.sleep(5)
        async with HubHand(address, topic_prefix, DEPARTMENT) as hub:
            second = await hub.say(ASSIGNED, str(uuid4()), _task())
            await connector.until(lambda: len(connector.notebook.held()) == 2)
        assert [held["delivery"] for held in connector.notebook.held()] == [first, second]
        assert await connector.end() == 0
    finally:
        if connector is not None:
            await connector.end()
        await kafka.stop()


async def test_kafka_may_have_several_addresses_of_which_some_are_dead(
    start: Start, hub: HubHand, servers: Addresses
) -> None:
    nobody = f"127.0.0.1:{choose_port('Kafka', None, None)}"
    connector = await start(kafka=f"{nobody},{servers.kafka}")
    connector.notebook.raise_matter("示例：两个地址")
    await hub.say(ASSIGNED, str(uuid4()), _task())
    await hub.read(lambda sent: {one.type for one in sent} == {"referral.raised.v1", "task.received.v1"})
    assert len(connector.notebook.held()) == 1


async def test_it_tells_probes_and_prometheus_how_it_is(start: Start, hub: HubHand) -> None:
    connector = await start(health_port=0)
    await connector.until(lambda: "health on" in connector.log())
    found = re.search(r"health on (http://\S+)", connector.log())
    assert found is not None
    address = found.group(1)
    connector.notebook.raise_matter("示例：健康")
    await hub.read(lambda sent: len(sent) == 1)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        live, ready = await client.get("/livez"), await client.get("/readyz")
        assert (live.status_code, ready.status_code) == (200, 200)
        metrics = (await client.get("/metrics")).text
        assert 'connector_messages{box="outbox",department="notebook",state="sent"} 1.0' in metrics
        assert (await client.get("/")).status_code == 404
        connector.notebook.go_away()
        await connector.until(lambda: "is away" in connector.log())
        live, ready = await client.get("/livez"), await client.get("/readyz")
        assert (live.status_code, ready.status_code) == (200, 503)
        assert ready.json()["trouble"] == {"poll": "the notebook is closed"}
    assert await connector.end() == 0


async def test_a_poll_that_never_ends_ends_the_process(start: Start, hub: HubHand) -> None:
    connector = await start(stale_after=3, poll_interval=0.1)
    connector.notebook.raise_matter("示例：挂起前")
    await hub.read(lambda sent: len(sent) == 1)
    connector.notebook.hang()
    assert await connector.wait() == 3
    assert "no sign of life for 3 s: poll" in connector.log()


async def test_it_stops_on_a_signal_in_the_middle_of_deliveries(start: Start, hub: HubHand) -> None:
    connector = await start(slow=0.3)
    cases = [str(uuid4()) for _ in range(30)]
    for case in cases:
        await hub.say(ASSIGNED, case, _task())
    await connector.until(lambda: len(connector.notebook.held()) > 3)
    async with asyncio.timeout(60):
        assert await connector.end() == 0
    assert len(connector.notebook.held()) < len(cases)
    await connector.start()
    await connector.until(lambda: len(connector.notebook.held()) == len(cases))
    assert len({held["case_id"] for held in connector.notebook.held()}) == len(cases)


async def test_a_wrong_configuration_ends_with_its_field(start: Start, hub: HubHand) -> None:
    connector = await start()
    await connector.end()
    text = connector.config.read_text()
    connector.config.write_text(text.replace("poll_interval: 0.1", "poll_interval: -1"))
    code, _, err = await connector.call()
    assert code == 2
    assert "poll_interval: -1: Input should be greater than 0" in err
