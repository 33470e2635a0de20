"""The ground of the drill: servers, proxies, the sandbox city with its connectors, and the hub's processes."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.demo.city import DEPARTMENTS, City
from deploy.demo.processes import Child, ChildFailed, stop_all
from deploy.drill.crew import Crew
from deploy.drill.ports import choose_ports
from deploy.drill.servers import Cluster
from deploy.sandbox.core.matter import Matter
from deploy.sandbox.core.plan import plan
from hub.bus.admin import apply_topics
from hub.bus.topics import TopicNames
from hub.embedded.postgres import EmbeddedPostgres
from hub.embedded.record import write_private
from hub.embedded.servers import Addresses
from hub.home import Home
from hub.rules.loader import load_rules
from hub.store.upgrade import upgrade

CITY = Path(__file__).parents[1] / "sandbox" / "city" / "departments.yaml"
SHARDS = 6
# Seconds between two acts of an officer.
PACE = 0.05
KAFKA_PROXY, POSTGRES_PROXY = "kafka proxy", "postgres proxy"
LAYOUTS: dict[str, dict[str, tuple[str, ...]]] = {
    "roles": {
        "intake-1": ("intake",),
        "intake-2": ("intake",),
        "relay": ("relay",),
        "projector": ("projector",),
        "timekeeper": ("timekeeper",),
    },
    "all": {"hub-1": ("all",), "hub-2": ("all",)},
}
"""The hub as processes of one role each, and as processes of all roles. Two of them read: each has half the shards."""

# Departments begin to work before the hub does, and must not be done before the faults are.
EARLIER_SECONDS = 30.0

Tell = Callable[[str], None]


def load(seed: int, rate: float, seconds: float) -> dict[str, list[Matter]]:
    """What the departments raise in a drill with `seconds` of faults."""
    return plan(seed, int(rate * (seconds + EARLIER_SECONDS)))


@dataclass
class Ground:
    """Everything that runs. `stop` ends all of it, however far `start` came."""

    home: Home
    brokers: int
    seed: int
    plan: dict[str, list[Matter]]
    seconds: float
    tell: Tell
    layout: str = "roles"
    cluster: Cluster = field(init=False)
    postgres: EmbeddedPostgres = field(init=False)
    crew: Crew = field(init=False)
    city: City = field(init=False)
    addresses: Addresses = field(init=False)

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.home.root, self.brokers)
        self._postgres_port, self._postgres_proxy = choose_ports(2)
        self.postgres = EmbeddedPostgres(self.home.root, self._postgres_port)
        self.crew = Crew(self.tell)

    async def start(self, layout: str) -> None:
        """Servers, topics and schema, proxies, department systems, the hub, connectors."""
        _, database = await asyncio.gather(self.cluster.start(), self.postgres.start())
        self.addresses = Addresses(self.cluster.direct, database)
        self.home.prepare(CITY, SHARDS)
        self._write_settings()
        rules = load_rules(CITY)
        await upgrade(database, SHARDS)
        declared = TopicNames().declared(rules.departments, SHARDS)
        await apply_topics(self.cluster.direct, declared, self.brokers)
        await self.crew.start(self._proxy(KAFKA_PROXY, self.cluster.routes))
        await self.crew.start(self._proxy(POSTGRES_PROXY, [f"{self._postgres_proxy}={self._postgres_port}"]))
        raising = self.seconds + EARLIER_SECONDS
        self.city = City(self.home, self.addresses, self.plan, self.seed, PACE, rules, raising)
        for department in DEPARTMENTS:
            await self.city.start_system(department)
        await self.start_hub(layout)
        for department in DEPARTMENTS:
            await self.crew.start(self.city.connector(department))

    async def start_hub(self, layout: str) -> None:
        """The hub's processes in this layout; none may be running."""
        self.layout = layout
        # Named members get their shards back at once after a restart, nameless ones after the session: both are run.
        named = layout == "roles"
        for name, roles in LAYOUTS[layout].items():
            await self.start_process(name, roles, *(("--member", name) if named else ()))

    async def start_process(self, name: str, roles: Sequence[str], *more: str) -> None:
        """One more process of the hub."""
        arguments = ["-m", "hub.cli", "run", *roles, "--home", str(self.home.root), "--metrics-port", "0"]
        await self.crew.start(Child(name, [*arguments, *more], self.home.logs / f"{name}.log"))

    async def stop_hub(self) -> float:
        """Ask all processes of the hub to end, and wait; the seconds that it took."""
        since = time.monotonic()
        await self.crew.stop(self.hub_processes())
        return time.monotonic() - since

    def hub_processes(self) -> list[str]:
        """Names of the hub's processes now."""
        return list(LAYOUTS[self.layout])

    async def command(self, *words: str) -> str:
        """Run `fengqiao words… --home …` as a person does; its output. Raises ChildFailed when it fails."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub.cli", *words, "--home", str(self.home.root)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        text = output.decode(errors="replace").strip()
        if process.returncode != 0:
            raise ChildFailed(f"fengqiao {' '.join(words)}: exit code {process.returncode}\n{text}")
        return text

    def check(self) -> None:
        """Raises ChildFailed when something ended that nothing starts again."""
        self.crew.check()
        for system in self.city.systems.values():
            if system.ended():
                raise ChildFailed(f"{system.name} ended by itself\n{system.tail()}")

    def tails(self) -> str:
        """The ends of the logs of the hub's processes."""
        return "\n".join(f"{name}:\n{self.crew.tail(name)}" for name in self.hub_processes())

    async def stop(self) -> None:
        """End everything: the drill's own processes at once, then the servers."""
        systems: Sequence[Child] = list(self.city.systems.values()) if hasattr(self, "city") else []
        await asyncio.gather(self.crew.stop(self.crew.names()), stop_all(systems))
        await asyncio.gather(self.cluster.stop(), self.postgres.stop())

    def _proxy(self, name: str, routes: Sequence[str]) -> Child:
        log = self.home.logs / f"{name.replace(' ', '-')}.log"
        return Child(name, ["-m", "deploy.drill.proxy", *routes], log, ready_line=True)

    def _write_settings(self) -> None:
        """The hub finds its servers as always, by `servers.json`: there stand the proxies."""
        server, _, name = self.addresses.database.rpartition("/")
        proxied = f"{server.rpartition(':')[0]}:{self._postgres_proxy}/{name}"
        content = {"kafka": self.cluster.proxied, "database": proxied}
        write_private(self.home.root / "servers.json", json.dumps(content))
        settings: dict[str, Any] = yaml.safe_load(self.home.settings_file.read_text(encoding="utf-8"))
        settings["replication"] = self.brokers
        self.home.settings_file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
