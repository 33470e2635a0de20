"""A home below a directory that is closed to others, as /root is. Only root's PostgreSQL runs as another user."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from hub.embedded.launch import landlock_version
from hub.embedded.postgres import EmbeddedPostgres
from hub.embedded.run_as import USER_VARIABLE, RunAs
from hub.errors import EmbeddedServerError

AS_ROOT = os.geteuid() == 0

# prctl(PR_CAPBSET_DROP): what a container without these capabilities is like.
_WITHOUT_CAPABILITIES = """
import asyncio, ctypes, os, sys
from pathlib import Path
if len(sys.argv) == 2:
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
    os.execv(sys.executable, [sys.executable, "-c", os.environ["SCRIPT"], sys.argv[1], "dropped"])
from hub.embedded.postgres import EmbeddedPostgres
from hub.errors import HubError

async def main():
    postgres = EmbeddedPostgres(Path(sys.argv[1]))
    try:
        await postgres.start()
        print("started")
    except HubError as error:
        print(type(error).__name__, error)
    finally:
        await postgres.stop()

asyncio.run(main())
"""


@pytest.fixture
def closed(home: Path) -> Path:
    """`home` that nobody else may enter, with a secret of its owner in it; the server's part is below."""
    home.chmod(0o700)
    (home / "secret").write_text("of the owner")
    (home / "secret").chmod(0o600)
    return home


async def test_the_server_gets_through_and_no_permission_is_changed(closed: Path) -> None:
    postgres = EmbeddedPostgres(closed / "below" / "home")
    try:
        await postgres.start()
        await postgres.stop()
        dsn = await postgres.start()
        connection = await asyncpg.connect(dsn)
        try:
            assert await connection.fetchval("SELECT 42") == 42
        finally:
            await connection.close()
    finally:
        await postgres.stop()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


async def test_the_server_that_gets_through_opens_nothing_else(closed: Path) -> None:
    postgres = EmbeddedPostgres(closed / "below" / "home")
    connection = await asyncpg.connect(await postgres.start())
    try:
        if AS_ROOT and landlock_version() > 0:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval("SELECT pg_read_file($1)", str(closed / "secret"))
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval("SELECT pg_read_file('/etc/shadow')")
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("COPY (SELECT 1) TO '/etc/fengqiao-test'")
    finally:
        await connection.close()
        await postgres.stop()


def test_without_the_capability_the_refusal_names_directory_user_and_remedy(closed: Path) -> None:
    script = [sys.executable, "-c", _WITHOUT_CAPABILITIES, str(closed / "below" / "home")]
    answer = subprocess.run(
        script,
        env={**os.environ, "SCRIPT": _WITHOUT_CAPABILITIES},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if AS_ROOT:
        assert answer.startswith("HomeUnreachable")
        # The checkout may itself lie below a closed directory: then that is the first one.
        named = Path(answer.rpartition("chmod o+x ")[2].strip())
        assert not named.stat().st_mode & stat.S_IXOTH
        assert named in (closed, *closed.parents, *Path(__file__).parents, *Path(sys.prefix).parents)
    else:
        assert answer.strip() == "started"


def test_an_ordinary_path_needs_no_privilege(home: Path) -> None:
    assert not RunAs.choose([home / "x"], [home / "y"]).passing


@pytest.mark.parametrize("name", ["nobody-of-this-name", "root"])
def test_a_wrong_user_is_named(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USER_VARIABLE, name)
    if not AS_ROOT:
        assert RunAs.choose([home], [home]).user is None
        return
    with pytest.raises(EmbeddedServerError, match=f"{USER_VARIABLE}='{name}'.*allowed"):
        RunAs.choose([home], [home])
