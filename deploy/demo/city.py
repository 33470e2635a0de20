"""The sandbox city as processes: five department systems, their connectors, and the hub."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.demo.processes import Child
from deploy.sandbox.core.checker import Holding
from deploy.sandbox.core.matter import Matter, write_plan
from hub.domain.rules import Rules
from hub.embedded.servers import Addresses
from hub.home import Home

DEPARTMENTS = ("petition", "court", "procuratorate", "public_security", "justice")
PROFILE = Path(__file__).parents[2] / "connectors" / "profiles" / "justice.yaml"


@dataclass
class City:
    """All processes of one demo. Everything it writes is under `<home>/demo` and `<home>/connectors`.

    `raising_seconds`: the planned matters are spread over so long; 0 raises them as fast as the officers can.
    """

    home: Home
    addresses: Addresses
    plan: Mapping[str, Sequence[Matter]]
    seed: int
    pace: float
    rules: Rules
    raising_seconds: float = 0.0
    systems: dict[str, Child] = field(default_factory=dict)
    connectors: dict[str, Child] = field(default_factory=dict)
    hub: Child | None = None

    @property
    def place(self) -> Path:
        """Where the department systems have their own storage."""
        return (self.home.root / "demo").resolve()

    def children(self) -> list[Child]:
        """All processes, senders first."""
        hub = [self.hub] if self.hub is not None else []
        return [*self.systems.values(), *self.connectors.values(), *hub]

    async def start_system(self, department: str) -> None:
        """Start one department's own system with its plan."""
        own = self.place / department
        own.mkdir(parents=True, exist_ok=True)
        plan = own / "plan.jsonl"
        matters = self.plan.get(department, ())
        write_plan(plan, matters)
        arguments = ["-m", f"deploy.sandbox.{department}", "--home", str(own), "--plan", str(plan)]
        arguments += ["--seed", str(self.seed), "--pace", str(self.pace)]
        if matters:
            arguments += ["--raise-every", f"{self.raising_seconds / len(matters):.3f}"]
        if department == "procuratorate":
            arguments += ["--dsn", self._exchange_dsn()]
        child = Child(
            f"{department} system", arguments, self.home.logs / f"{department}-system.log", ready_line=True
        )
        await child.start()
        self.systems[department] = child

    async def start_connector(self, department: str) -> None:
        """Start one department's connector."""
        child = self.connector(department)
        await child.start()
        self.connectors[department] = child

    def connector(self, department: str) -> Child:
        """A department's connector, not started; writes its configuration where `fengqiao run connector` finds it."""
        config = self.home.connector_config(department)
        config.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "department": department,
            "kafka": self.addresses.kafka,
            "key_file": str(self.home.private_key(department).resolve()),
            "key_id": f"{department}-1",
            "store": str(self.place / department / "connector.db"),
            "attachments": str(self.place / "attachments"),
            "poll_interval": 0.2,
            "resend_after": 10.0,
            "ask_again_after": 5.0,
            "backoff": {"first": 0.2, "longest": 5.0},
            "transport": self._transport(department),
            "witness": {"hub_keys": [str((self.home.registry / "hub.hub-1.yaml").resolve())]},
        }
        if department == "justice":
            content["profile"] = str(PROFILE)
        else:
            content["mapping"] = f"connectors.{department}.mapping:build"
        config.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        arguments = ["-m", "connectors.run", "--config", str(config.resolve())]
        return Child(f"{department} connector", arguments, self.home.logs / f"{department}-connector.log")

    async def start_hub(self) -> None:
        """Start all roles of the hub in one process."""
        arguments = ["-m", "hub.cli", "run", "all", "--home", str(self.home.root)]
        arguments += ["--metrics-port", "0", "--member", "sandbox-hub"]
        self.hub = Child("hub", arguments, self.home.logs / "hub.log")
        await self.hub.start()

    def holdings(self) -> dict[str, Holding]:
        """What every department holds in its own storage."""
        return {name: Holding.read(self.records_file(name), name) for name in DEPARTMENTS}

    def records_file(self, department: str) -> Path:
        """A department system's own storage."""
        return self.place / department / "records.db"

    def activity(self) -> dict[str, tuple[int, int, int]]:
        """Per department: steps sent, deliveries received, connector messages without receipt."""
        return {name: self._activity(name) for name in DEPARTMENTS}

    def _activity(self, department: str) -> tuple[int, int, int]:
        steps = _count(self.records_file(department), "SELECT count(*) FROM step")
        received = _count(self.records_file(department), "SELECT count(*) FROM received")
        store = self.place / department / "connector.db"
        waiting = _count(store, "SELECT count(*) FROM outbox WHERE state != 'receipted'")
        return steps, received, waiting

    def _exchange_dsn(self) -> str:
        server, _, _ = self.addresses.database.rpartition("/")
        return f"{server}/procuratorate_exchange".replace("postgresql://", "postgresql+asyncpg://", 1)

    def _transport(self, department: str) -> dict[str, Any]:
        address = self.systems[department].address
        own = self.place / department
        transports: dict[str, dict[str, Any]] = {
            "petition": {"base_url": address, "token_file": str(own / "token")},
            "court": {"wsdl": f"{address}/ajjh?wsdl"},
            "procuratorate": {"dsn": self._exchange_dsn()},
            "public_security": {
                "incoming": str(own / "exchange" / "out"),
                "outgoing": str(own / "exchange" / "in"),
                "scan_interval": 0.1,
            },
            "justice": {"base_url": address, "token_file": str(own / "token")},
        }
        return transports[department]


def _count(path: Path, sql: str) -> int:
    """A count from a SQLite file of another process, read only; 0 while the file or table is not there."""
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    try:
        return int(connection.execute(sql).fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
