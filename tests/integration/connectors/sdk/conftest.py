"""A connector process on the session's Kafka, and the hub's hand on its topics."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hub.embedded.servers import Addresses
from tests.integration.connectors.sdk.hub_hand import HubHand
from tests.integration.connectors.sdk.process import DEPARTMENT, ConnectorProcess

Start = Callable[..., Awaitable[ConnectorProcess]]


@pytest.fixture
async def hub(servers: Addresses, topic_prefix: str) -> AsyncIterator[HubHand]:
    async with HubHand(servers.kafka, topic_prefix, DEPARTMENT) as hand:
        yield hand


@pytest.fixture
async def start(servers: Addresses, topic_prefix: str, tmp_path: Path, hub: HubHand) -> AsyncIterator[Start]:
    """Start the connector with these settings; it is killed after the test at the latest."""
    started: list[ConnectorProcess] = []

    async def with_settings(**settings: Any) -> ConnectorProcess:
        process = ConnectorProcess(tmp_path, servers.kafka, topic_prefix, **settings)
        started.append(process)
        await process.start()
        return process

    yield with_settings
    for process in started:
        await process.end()
