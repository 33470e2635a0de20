"""Verification of what is large: in processes, in parts, and going on after it was killed."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.audit.report import Report
from hub.audit.resuming import Resuming
from hub.audit.shard_state import Scope
from hub.audit.signatures import Signatures
from hub.audit.verify import verify
from hub.audit.verify_shard import scope_of
from hub.errors import ConfigurationError
from hub.opened import opened
from hub.store.pool import Pool
from hub.store.reading import ReadStore
from hub.store.upgrade import upgrade
from tests.integration.audit.test_verify import tampering
from tests.integration.audit.test_verify_checkpoints import history, trust_in
from tests.integration.timekeeper.test_deadlines import at_work, strike, until
from tests.support.city import City
from tests.support.core import Core, postgres_stores
from tests.support.registry import registry_of
from tests.support.stores import SHARDS


class Killed(Exception):
    """What a kill in the middle is, as far as the state file can tell."""


def counts(report: Report) -> dict[str, object]:
    return {name: getattr(report, name) for name in report.__slots__ if name not in ("read", "seconds")}


async def test_processes_find_what_one_finds(database: str) -> None:
    async with City(database, shards=3) as city:
        await history(city)
        trust = await trust_in(city)
        alone = await verify(city.store, trust=trust)
        assert alone.good
        assert counts(await verify(city.store, trust=trust, jobs=2, worth=0)) == counts(alone)
        async with tampering(database) as connection:
            await connection.execute("UPDATE deadline SET due = due + interval '1 day'")
        alone, beside = await verify(city.store), await verify(city.store, jobs=2, worth=0)
        assert alone.differences
        assert set(alone.differences) == set(beside.differences)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
async def test_killed_it_goes_on_where_it_was(database: str, tmp_path: Path, after: int) -> None:
    """Entries that came meanwhile are checked too, and so is what the projector had not passed yet."""
    file, told = tmp_path / "state", 0

    def kill(what: str, done: int, shard: int) -> None:
        nonlocal told
        told += 1
        if told > after:
            raise Killed

    async with City(database, shards=2) as city:
        await history(city)
        city.raise_referral("late")
        await city.read()
        with pytest.raises(Killed):
            await verify(city.store, kill, resuming=Resuming(file, each=0))
        city.work(city.raise_referral("later"))
        await city.drain()
        whole = await verify(city.store)
        report = await verify(city.store, resuming=Resuming(file, each=0))
        assert (report.differences, report.entries, report.inbox) == ([], whole.entries, whole.inbox)
        assert report.roots == whole.roots
        assert (report.read < whole.read) == (after > 0)
        assert not file.exists()


async def test_a_state_file_of_another_verification_is_refused(database: str, tmp_path: Path) -> None:
    file = tmp_path / "state"
    async with City(database, shards=2) as city:
        await history(city)
        with pytest.raises(Killed):
            await verify(city.store, _Once(), resuming=Resuming(file, each=0))
        file.write_text(file.read_text().replace("fengqiao-hub/", "fengqiao-hub/x"))
        with pytest.raises(ConfigurationError, match="is of log fengqiao-hub/x"):
            await verify(city.store, resuming=Resuming(file))
        file.write_text("{")
        with pytest.raises(ConfigurationError, match="state file"):
            await verify(city.store, resuming=Resuming(file))


class _Once:
    """Killed after the first state was kept."""

    told = 0

    def __call__(self, what: str, done: int, shard: int) -> None:
        self.told += 1
        if self.told > 1:
            raise Killed


async def test_a_range_is_checked_from_the_checkpoint_before_it(database: str) -> None:
    async with City(database, shards=1) as city:
        await history(city)
        trust = await trust_in(city)
        sizes = sorted({int(note.text.split("\n")[1]) for _, note in trust.kept})
        first, last = sizes[1] + 1, sizes[2] - 1
        report = await verify(city.store, trust=trust, scope=Scope(0, first, last))
        assert (report.differences, report.entries, report.checkpoints) == ([], sizes[2] - sizes[1], 1)
        assert 0 < report.cases < 7
        async with tampering(database) as connection:
            await connection.execute(f"UPDATE journal SET entry = entry || ' ' WHERE seq IN (1, {last})")
        report = await verify(city.store, trust=trust, scope=Scope(0, first, last))
        assert {each.seq for each in report.differences} == {last, sizes[2]}


@pytest.mark.parametrize(
    ("text", "scope"), [("1", Scope(1)), ("0/5-9", Scope(0, 5, 9)), ("2/7", Scope(2, 7, 7))]
)
def test_ranges(text: str, scope: Scope) -> None:
    assert scope_of(text, 3) == scope


@pytest.mark.parametrize("text", ["3", "x", "0/9-5", "0/0-5", "0/-5", "-1", "0/1-2-3", "٣"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        scope_of(text, 3)


async def test_every_message_is_signed_by_its_department(database: str, tmp_path: Path) -> None:
    async with City(database, shards=1) as city:
        await history(city)
        keys = await _keys(city, tmp_path)
        report = await verify(city.store, signatures=keys)
        assert report.differences == []
        assert report.signatures > 20
        assert report.unopened == 0
        async with tampering(database) as connection:
            case = await connection.fetchval("SELECT case_id FROM journal WHERE seq = 1")
            await connection.execute("DELETE FROM case_key WHERE case_id = $1", case)
            raw = await connection.fetchval("SELECT entry FROM journal WHERE seq = 10")
            other = re.sub(rb'"time":"2026', b'"time":"2025', raw)
            assert other != raw
            await connection.execute("UPDATE journal SET entry = $1 WHERE seq = 10", other)
        report = await verify(city.store, signatures=keys)
        assert report.unopened > 0
        assert any(d.what.startswith("signature of ") and d.seq == 10 for d in report.differences)


async def test_the_hubs_own_messages_are_checked_too(database: str, tmp_path: Path) -> None:
    await upgrade(database, SHARDS)
    async with opened(Pool(database, size=8)) as pool, opened(ReadStore(database)) as store:
        core = Core(postgres_stores(pool, SHARDS))
        await at_work(core)
        until(core, "2026-04-03T00:00:00+08:00")
        assert await strike(core) > 0
        report = await verify(store, signatures=await _keys(core, tmp_path))
        signed = [entry for entry in await core.entries() if entry.verified]
        assert "hub.deadline_due.v1" in {entry.type for entry in signed}
        assert report.differences == []
        assert (report.signatures, report.unopened) == (len(signed), 0)


async def _keys(city: City | Core, directory: Path) -> Signatures:
    kek = directory / "kek"
    kek.write_bytes(bytes(range(32)))
    return Signatures(str(kek), str(registry_of(city.keys, directory / "keys")))


async def test_the_command_goes_on_after_kill_9(database: str, tmp_path: Path) -> None:
    file = tmp_path / "state"
    async with City(database, shards=2) as city:
        await history(city)
    command = [sys.executable, "-c", _SLOW, str(file), database]
    child = await asyncio.create_subprocess_exec(*command, start_new_session=True)
    while not file.exists():
        assert child.returncode is None
        await asyncio.sleep(0.02)
    os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
    arguments = ["audit", "verify", "--database", database, "--resume", str(file)]
    done = await asyncio.to_thread(_fengqiao, arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the history holds" in done.stdout
    assert not file.exists()


def _fengqiao(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hub.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# Stops after the first state that it kept, as if the rest took long.
_SLOW = """
import sys, time
from pathlib import Path
from hub import loop
from hub.audit.resuming import Resuming
from hub.audit.verify import verify
from hub.store.reading import ReadStore
async def main():
    store = ReadStore(sys.argv[2])
    await store.start()
    file = Path(sys.argv[1])
    await verify(store, lambda *_: time.sleep(60) if file.exists() else None, resuming=Resuming(file, each=0))
loop.run(main())
"""
