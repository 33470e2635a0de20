"""The pair of embedded servers on one home, and how other processes find them."""

import asyncio
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.embedded.kafka import EmbeddedKafka
from hub.embedded.postgres import EmbeddedPostgres
from hub.embedded.record import write_private
from hub.embedded.trouble import AlreadyRunning, NotRunning
from hub.errors import EmbeddedServerError

HOME = Path(".fengqiao")
KAFKA_VARIABLE, DATABASE_VARIABLE = "FENGQIAO_KAFKA", "FENGQIAO_DATABASE"

# Everything that the servers ever make under a home; purge deletes this and no more.
_OURS = ("kafka", "postgres", "log/kafka.log*", "log/kafka.out", "log/postgres", "log/postgres.out")
_OURS_LAST = ("servers.json", "postgres.password")


@dataclass(frozen=True)
class Addresses:
    """Where the servers are: Kafka's bootstrap address, PostgreSQL's DSN `postgresql://…` with password."""

    kafka: str
    database: str

    def __repr__(self) -> str:
        return f"Addresses(kafka={self.kafka!r}, database='…@{_shown(self.database)}')"

    @classmethod
    def find(cls, home: Path = HOME) -> Self:
        """As FENGQIAO_KAFKA and FENGQIAO_DATABASE say, else as `<home>/servers.json` of a started pair says.

        Raises NotRunning that names both ways.
        """
        try:
            noted = json.loads((home / "servers.json").read_text())
        except (FileNotFoundError, NotADirectoryError):
            noted = {}
        kafka = os.environ.get(KAFKA_VARIABLE) or noted.get("kafka")
        database = os.environ.get(DATABASE_VARIABLE) or noted.get("database")
        if not kafka or not database:
            missing = [
                name for name, value in ((KAFKA_VARIABLE, kafka), (DATABASE_VARIABLE, database)) if not value
            ]
            raise NotRunning(
                f"no servers are running on {home.resolve()}: start them with `fengqiao up`, "
                f"or set {' and '.join(missing)}"
            )
        return cls(kafka, database)


@dataclass(frozen=True)
class ServerStatus:
    """One server as it is now.

    `state` is `running`, `failing` (lives, does not answer), `stopped` or `external` (not ours, not asked).
    `address` is without password, fit for a screen.
    """

    name: str
    state: str
    address: str | None
    pid: int | None


class Servers:
    """Kafka and PostgreSQL on `home`, together.

        async with Servers(Path(".fengqiao")) as addresses:
            ...

    A server that FENGQIAO_KAFKA or FENGQIAO_DATABASE names is used as it is: neither started, stopped nor
    purged. Unless `detached` both die with this process, even by kill -9; a detached pair runs until `stop`,
    which any process may call.
    """

    def __init__(
        self,
        home: Path = HOME,
        *,
        kafka_port: int | None = None,
        postgres_port: int | None = None,
        detached: bool = False,
    ) -> None:
        self.home = home.resolve()
        self._external_kafka = os.environ.get(KAFKA_VARIABLE)
        self._external_database = os.environ.get(DATABASE_VARIABLE)
        self.kafka = EmbeddedKafka(self.home, kafka_port, detached=detached)
        self.postgres = EmbeddedPostgres(self.home, postgres_port, detached=detached)

    async def start(self, *, keep: bool = False) -> Addresses:
        """Start both at once; both serve when this returns. Fails or is cancelled as a whole, leaving none.

        `keep`: one that runs and answers already is taken as it is; without it that is AlreadyRunning.
        Raises EmbeddedServerError of every kind.
        """
        self._make_home()
        kept_kafka = await self.kafka.healthy() if keep else False
        kept_postgres = await self.postgres.healthy() if keep else False
        try:
            async with asyncio.TaskGroup() as group:
                kafka = group.create_task(self._start_kafka(kept_kafka))
                postgres = group.create_task(self._start_postgres(kept_postgres))
        except BaseException as trouble:
            # Only what this call started: the other may run for somebody else.
            if _succeeded(kafka) and not kept_kafka:
                await self._stop_kafka()
            if _succeeded(postgres) and not kept_postgres:
                await self._stop_postgres()
            if isinstance(trouble, BaseExceptionGroup):
                raise trouble.exceptions[0] from None
            raise
        addresses = Addresses(kafka.result(), postgres.result())
        content = {"kafka": addresses.kafka, "database": addresses.database}
        write_private(self.home / "servers.json", json.dumps(content))
        return addresses

    async def stop(self) -> None:
        """Stop both at once, also a pair that another process left running. Idempotent."""
        (self.home / "servers.json").unlink(missing_ok=True)
        await asyncio.gather(self._stop_kafka(), self._stop_postgres())

    async def status(self) -> list[ServerStatus]:
        """Both servers as they are now, whoever started them. At most 2 s."""
        kafka_well, postgres_well = await asyncio.gather(self.kafka.healthy(), self.postgres.healthy())
        return [
            _status("kafka", self._external_kafka, self.kafka.pid, self.kafka.address, kafka_well),
            _status(
                "postgres", self._external_database, self.postgres.pid, self.postgres.address, postgres_well
            ),
        ]

    def purge(self) -> None:
        """Delete all data and logs of the servers on this home, for good. AlreadyRunning while one runs."""
        self.refuse_running()
        for pattern in (*_OURS, *_OURS_LAST):
            for path in self.home.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def refuse_running(self) -> None:
        """AlreadyRunning while a server runs on this home."""
        running = [server.pid for server in (self.kafka, self.postgres) if server.pid]
        if running:
            raise AlreadyRunning(
                f"servers run on {self.home} (pids {running}): stop them before deleting their data"
            )

    def _make_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as trouble:
            raise EmbeddedServerError(f"home {self.home}: can't be made: {trouble.strerror}") from None

    async def __aenter__(self) -> Addresses:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _start_kafka(self, kept: bool) -> str:
        running = self.kafka.address if kept else None
        return self._external_kafka or running or await self.kafka.start()

    async def _start_postgres(self, kept: bool) -> str:
        running = self.postgres.address if kept else None
        return self._external_database or running or await self.postgres.start()

    async def _stop_kafka(self) -> None:
        if not self._external_kafka:
            await self.kafka.stop()

    async def _stop_postgres(self) -> None:
        if not self._external_database:
            await self.postgres.stop()


def _succeeded(task: asyncio.Task[str]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _status(
    name: str, external: str | None, pid: int | None, address: str | None, well: bool
) -> ServerStatus:
    if external:
        return ServerStatus(name, "external", _shown(external), None)
    if pid is None:
        return ServerStatus(name, "stopped", None, None)
    return ServerStatus(name, "running" if well else "failing", _shown(address), pid)


def _shown(address: str | None) -> str | None:
    """An address without the user and password."""
    return address.rpartition("@")[2] if address else None
