"""Kafka (one broker or three) and PostgreSQL of the drill, which can be killed, started again and lost.

Connectors speak to them directly, the hub through proxies: each broker has a listener of its own for the hub, which
advertises the proxy's address.
"""

import asyncio
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from deploy.drill.ports import choose_ports
from hub.embedded.kafka import EmbeddedKafka, new_cluster_id
from hub.embedded.postgres import EmbeddedPostgres

GONE_SECONDS = 20.0
_LISTENERS = "CLIENT:PLAINTEXT,HUB:PLAINTEXT,CONTROLLER:PLAINTEXT"
# The session is longer than that of a single broker, which has nobody to hand over to: three share the processors.
_OF_THREE = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
}


@dataclass(frozen=True, slots=True)
class BrokerPorts:
    """`client`: for connectors; `hub`: behind the proxy; `proxy`: where the hub connects."""

    client: int
    hub: int
    controller: int
    proxy: int


class Cluster:
    """`count` brokers, numbered from 1; 1 or 3. Data below `root`."""

    def __init__(self, root: Path, count: int) -> None:
        self.count = count
        self._root = root
        self._ports = [BrokerPorts(*choose_ports(4)) for _ in range(count)]
        self._brokers = self._made()

    @property
    def direct(self) -> str:
        """Bootstrap addresses without proxy."""
        return ",".join(f"127.0.0.1:{ports.client}" for ports in self._ports)

    @property
    def proxied(self) -> str:
        """Bootstrap addresses for the hub."""
        return ",".join(f"127.0.0.1:{ports.proxy}" for ports in self._ports)

    @property
    def routes(self) -> list[str]:
        """What the proxy connects, as `deploy.drill.proxy` takes it."""
        return [f"{ports.proxy}={ports.hub}" for ports in self._ports]

    async def start(self) -> None:
        """All at once: alone, one of three would wait for the others. Raises EmbeddedServerError."""
        await asyncio.gather(*(broker.start() for broker in self._brokers))

    async def start_again(self, number: int) -> None:
        """One that was killed."""
        await self._brokers[number - 1].start()

    async def stop(self) -> None:
        """All at once."""
        await asyncio.gather(*(broker.stop() for broker in self._brokers))

    async def kill(self, number: int) -> None:
        """kill -9 one broker and wait until it is gone."""
        await kill_server(self._brokers[number - 1])

    async def lose(self) -> None:
        """kill -9 all brokers and delete their data: the next start makes another cluster, with no topic."""
        await asyncio.gather(*(kill_server(broker) for broker in self._brokers))
        for number in range(1, self.count + 1):
            shutil.rmtree(self._home(number) / "kafka" / "data")
        self._brokers = self._made()

    def _home(self, number: int) -> Path:
        return self._root if self.count == 1 else self._root / f"broker-{number}"

    def _made(self) -> list[EmbeddedKafka]:
        cluster = new_cluster_id()
        voters = ",".join(f"{n}@127.0.0.1:{ports.controller}" for n, ports in enumerate(self._ports, 1))
        brokers = []
        for number, ports in enumerate(self._ports, 1):
            settings = {
                "node.id": str(number),
                "controller.quorum.voters": voters,
                "listener.security.protocol.map": _LISTENERS,
                "listeners": f"CLIENT://127.0.0.1:{ports.client},HUB://127.0.0.1:{ports.hub},"
                f"CONTROLLER://127.0.0.1:{ports.controller}",
                "advertised.listeners": f"CLIENT://127.0.0.1:{ports.client},HUB://127.0.0.1:{ports.proxy}",
                **(_OF_THREE if self.count > 1 else {}),
            }
            home = self._home(number)
            home.mkdir(parents=True, exist_ok=True)
            brokers.append(EmbeddedKafka(home, ports.client, settings=settings, cluster=cluster))
        return brokers


async def kill_server(server: EmbeddedKafka | EmbeddedPostgres) -> None:
    """kill -9 and wait until it is gone. One that does not run is left alone."""
    pid = server.pid
    if pid is None:
        return
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(GONE_SECONDS):
        while server.pid is not None:
            await asyncio.sleep(0.02)
