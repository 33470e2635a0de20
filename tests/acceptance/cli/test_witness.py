"""From an entry to a witness and back: signed, published, kept, cosigned, gathered, and verified by the auditor's command."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sdk.kafka import KafkaSettings, witness_group
from connectors.sdk.store import Store
from connectors.sdk.waiting import Backoff, Pulse
from connectors.sdk.witness import Witness, hub_keys
from connectors.sdk.witnessing import Witnessing
from connectors.sdk.writing import Writer, load_key
from tests.acceptance.cli.command import Hub, environment
from tests.acceptance.cli.test_run import SHARDS, assigned, refer

PATIENCE = 120


@pytest.fixture(autouse=True)
def nothing_left_running(hub: Hub) -> Iterator[None]:
    yield
    hub.stop_all()


@pytest.mark.covers("promise 7")
async def test_a_department_keeps_what_the_hub_signed_and_the_auditor_sees_it(
    hub: Hub, tmp_path: Path
) -> None:
    process = hub.run("all")
    process.says("are ours")
    referred = await refer(hub, 3)
    await assigned(hub, set(referred))
    store = Store(tmp_path / "court.db", "court")
    writer = Writer("court", "court-1", load_key(hub.home / "secrets" / "court.court-1.pem"))
    keys = hub_keys([hub.home / "keys" / "hub.hub-1.yaml"])
    pulse = Pulse()
    loop = Witnessing(
        Witness(store.checkpoints, keys, writer, time.time),
        "",
        witness_group("", "court"),
        KafkaSettings(bootstrap=hub.addresses["kafka"]),
        backoff=Backoff(),
        pulse=pulse,
    )
    task = asyncio.create_task(loop.run())
    try:
        await _until_kept(store)
        verified = await _until_cosigned(hub)
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert store.checkpoints.alarms() == []
    assert pulse.troubles() == {}
    kept = "\n".join(note.to_bytes().decode() for note in store.checkpoints.notes())
    store.close()
    (hub.work / "kept.txt").write_text(kept + "\n")
    assert "signatures checked" in verified
    said = hub("audit", "verify", "--witness", "kept.txt")
    assert said.code == 0, said.out
    line = next(line for line in kept.splitlines() if re.fullmatch(r"[A-Za-z0-9+/]{43}=", line))
    (hub.work / "other.txt").write_text(kept.replace(line, f"{'A' * 43}=") + "\n")
    said = hub("audit", "verify", "--witness", "other.txt")
    assert said.code == 1
    assert "forged: signature of the hub that other.txt keeps" in said.out
    _bundle_holds(hub, next(iter(referred.values())))
    assert process.end(signal.SIGTERM) == 0, process.log
    assert "Traceback" not in process.log


def _bundle_holds(hub: Hub, number: str) -> None:
    """The auditor's file for a case, checked by somebody with the keys alone."""
    words = ("--out", "case.zip", "--purpose", "审计", "--operator", "李审计", "--open", "everything")
    said = hub("audit", "bundle", number, *words)
    assert said.code == 0, said.error
    assert (hub.work / "case.zip").stat().st_mode & 0o077 == 0
    assert hub("audit", "bundle", number, *words).code == 2, "it is not replaced"
    keys = hub.home / "keys"
    verify = [sys.executable, "-m", "hub.verifier", "case.zip", "--kept", "kept.txt", "--lang", "en"]
    verify += [
        "--checkpoint-key",
        str(keys / "hub.hub-1.yaml"),
        "--witness-key",
        f"court={keys / 'court.court-1.yaml'}",
    ]
    ended = subprocess.run(verify, cwd=hub.work, env=environment({}), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Signatures of messages checked" in ended.stdout
    assert "that has them: court." in ended.stdout
    assert "is the bundle's own word: whoever made" not in ended.stdout
    said = hub("audit", "bundle", number, *words[2:6], "--out", "x.zip", "--open", "nobody")
    assert said.code == 2
    assert "allowed are" in said.error


async def _until_kept(store: Store) -> None:
    for _ in range(PATIENCE):
        if len({note.text.partition("\n")[0] for note in store.checkpoints.notes()}) == SHARDS:
            return
        await asyncio.sleep(0.5)
    raise AssertionError("no checkpoint of every shard came")


async def _until_cosigned(hub: Hub) -> str:
    for _ in range(PATIENCE):
        said = await asyncio.to_thread(hub, "audit", "verify")
        assert said.code == 0, said.out + said.error
        if int(re.findall(r"(\d+) cosignatures", said.out)[0]) >= SHARDS:
            return said.out
        await asyncio.sleep(0.5)
    raise AssertionError(f"no cosignatures came: {said.out}")
