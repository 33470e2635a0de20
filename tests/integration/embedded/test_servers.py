"""The pair: found by other processes, dying with its parent or outliving it, deleted on demand."""

import asyncio
import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub.embedded.record import Identity
from hub.embedded.servers import DATABASE_VARIABLE, KAFKA_VARIABLE, Addresses, Servers
from hub.embedded.trouble import AlreadyRunning, NotRunning
from hub.errors import EmbeddedServerError

_PARENT = """
import asyncio, sys
from pathlib import Path
from hub.embedded.servers import Servers

async def main():
    servers = Servers(Path(sys.argv[1]), detached=sys.argv[2] == "detached")
    await servers.start()
    print(servers.kafka.pid, servers.postgres.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


def start_under_a_parent(home: Path, mode: str) -> tuple[subprocess.Popen[str], list[Identity]]:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(home), mode], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout as answer:
        pids = [int(word) for word in answer.readline().split()]
    identities = [identity for pid in pids if (identity := Identity.of(pid))]
    assert len(identities) == 2
    return parent, identities


async def gone(identity: Identity) -> None:
    while identity.alive():
        await asyncio.sleep(0.02)


async def test_killing_the_parent_ends_every_process_of_both_servers(home: Path) -> None:
    parent, servers = start_under_a_parent(home, "owned")
    family = [*servers, *children_of(servers[1].pid)]
    assert len(family) > 4  # PostgreSQL's workers are among them
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for process in family:
        await gone(process)
    async with Servers(home) as addresses:
        assert Addresses.find(home) == addresses


async def test_a_start_right_after_the_parent_was_killed_waits_for_the_orphans(home: Path) -> None:
    parent, _ = start_under_a_parent(home, "owned")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    async with Servers(home):
        assert [server.state for server in await Servers(home).status()] == ["running", "running"]


def children_of(pid: int) -> list[Identity]:
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [identity for child in pids if (identity := Identity.of(int(child)))]


async def test_a_detached_pair_outlives_its_parent_and_is_stopped_by_another(home: Path) -> None:
    parent, identities = start_under_a_parent(home, "detached")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    servers = Servers(home)
    try:
        status = await servers.status()
        assert [(server.name, server.state) for server in status] == [
            ("kafka", "running"),
            ("postgres", "running"),
        ]
        with pytest.raises(AlreadyRunning):
            await servers.start()
        with pytest.raises(AlreadyRunning, match="stop them"):
            servers.purge()
        assert [server.state for server in await servers.status()] == ["running", "running"]
    finally:
        await servers.stop()
    assert not any(identity.alive() for identity in identities)
    assert [server.state for server in await servers.status()] == ["stopped", "stopped"]
    with pytest.raises(NotRunning, match=f"{KAFKA_VARIABLE} and {DATABASE_VARIABLE}"):
        Addresses.find(home)


async def test_addresses_are_noted_for_others_but_not_for_everyone(home: Path) -> None:
    async with Servers(home) as addresses:
        noted = home / "servers.json"
        assert json.loads(noted.read_text()) == {"kafka": addresses.kafka, "database": addresses.database}
        assert stat.S_IMODE(noted.stat().st_mode) == 0o600
        password = (home / "postgres.password").read_text()
        shown = repr(addresses) + repr(await Servers(home).status())
        assert password in addresses.database
        assert password not in shown


async def test_named_servers_are_used_and_nothing_is_started(
    home: Path, servers: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KAFKA_VARIABLE, servers.kafka)
    monkeypatch.setenv(DATABASE_VARIABLE, servers.database)
    pair = Servers(home)
    async with pair as addresses:
        assert addresses == servers
        assert [server.state for server in await pair.status()] == ["external", "external"]
        assert pair.kafka.pid is None
        assert pair.postgres.pid is None
    assert not (home / "kafka").exists()
    assert not (home / "postgres").exists()


async def test_if_one_fails_the_other_is_not_left_running(home: Path) -> None:
    postgres = home / "postgres"
    (postgres / "data").mkdir(parents=True)  # data without its password
    pair = Servers(home)
    with pytest.raises(EmbeddedServerError, match=r"postgres\.password"):
        await pair.start()
    assert [server.state for server in await pair.status()] == ["stopped", "stopped"]


async def test_a_cancelled_start_leaves_nothing_running(home: Path) -> None:
    pair = Servers(home)
    start = asyncio.create_task(pair.start())
    while pair.kafka.pid is None:
        await asyncio.sleep(0.02)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert [server.state for server in await pair.status()] == ["stopped", "stopped"]


async def test_purge_deletes_what_the_servers_made_and_no_more(home: Path) -> None:
    pair = Servers(home)
    async with pair:
        pass
    (home / "keys").mkdir()
    pair.purge()
    assert {path.name for path in home.iterdir()} == {"keys", "log"}
    assert list((home / "log").iterdir()) == []


async def test_a_server_tied_to_this_process_is_refused_from_another_thread(home: Path) -> None:
    """The kernel ties a child to the thread that forked it; a pool's thread may end at any time."""
    with pytest.raises(EmbeddedServerError, match="main thread"):
        await asyncio.to_thread(lambda: asyncio.run(Servers(home).start()))
