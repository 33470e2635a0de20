"""Kafka or PostgreSQL stands still or is killed, a part of the hub hangs, somebody stops it in mid-work: real faults.

A server that is away is waited for; a part that hangs ends the process; nothing is skipped or doubled either way.
"""

import asyncio
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from tests.acceptance.cli.command import PATIENCE, Hub, Running, environment, until
from tests.acceptance.cli.test_run import refer
from tests.support.children import python


@pytest.fixture(autouse=True)
def nothing_left_running(hub: Hub) -> Iterator[None]:
    yield
    hub.stop_all()


def answers(one: Running, path: str) -> int:
    """The status of /livez or /readyz."""
    (port,) = [line.rpartition(":")[2] for line in one.log.splitlines() if "livez and readyz on" in line]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)


async def given(hub: Hub, cases: set[str]) -> None:
    """Until the court was given each; the same record again is what receivers drop, another one for the case is not."""
    consumer = AIOKafkaConsumer(
        "dept.court.in", bootstrap_servers=hub.addresses["kafka"], auto_offset_reset="earliest"
    )
    seen: dict[str, set[bytes]] = {}
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while not cases <= seen.keys():
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for headers in (dict(record.headers) for record in records):
                        if headers["ce_type"] == b"task.assigned.v1":
                            seen.setdefault(headers["ce_subject"].decode(), set()).add(headers["ce_id"])
    finally:
        await consumer.stop()
    assert {len(ids) for case, ids in seen.items() if case in cases} == {1}


@pytest.mark.parametrize("server", ["kafka", "postgres"])
async def test_a_server_that_stands_still_is_waited_for(hub: Hub, server: str) -> None:
    one = hub.run("all")
    one.says("are ours")
    before = await refer(hub, 5)
    await given(hub, set(before))
    until(lambda: answers(one, "/readyz") == 200, lambda: f"ready:\n{one.log}")
    pids = family(hub.pid(server))
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        if server == "postgres":
            waiting = await refer(hub, 5)
        until(lambda: answers(one, "/readyz") == 503, lambda: f"not ready:\n{one.log}", one.process.poll)
        assert answers(one, "/livez") == 200
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    if server == "kafka":
        waiting = await refer(hub, 5)
    await given(hub, set(waiting))
    until(lambda: answers(one, "/readyz") == 200, lambda: f"ready again:\n{one.log}")
    assert one.process.poll() is None
    assert one.end(signal.SIGTERM) == 0, one.log


def family(pid: int) -> list[int]:
    """A server and its children: PostgreSQL answers with a process for each connection."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [pid, *map(int, listed.split())]


@pytest.mark.parametrize("server", ["kafka", "postgres"])
async def test_a_server_that_was_killed_comes_back_and_nothing_is_skipped(hub: Hub, server: str) -> None:
    one = hub.run("all")
    one.says("are ours")
    referred = await refer(hub, 20)
    os.kill(hub.pid(server), signal.SIGKILL)
    until(lambda: hub("status").code == 1, lambda: "noticed")
    until(
        lambda: "trying again in" in one.log or "again in" in one.log,
        lambda: f"waiting:\n{one.log}",
        one.process.poll,
    )
    assert hub("up").code == 0
    more = await refer(hub, 5)
    await given(hub, {*referred, *more})
    said = hub("status")
    assert said.code == 0
    assert "intake" in said.out
    assert one.end(signal.SIGTERM) == 0, one.log


def started(hub: Hub, part: str, log: Path) -> "subprocess.Popen[bytes]":
    """A hub process of which this part hangs."""
    command = [*python(), "-m", "tests.acceptance.cli.stuck", str(hub.home), part]
    env = environment({})
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=env["PYTHONPATH"], env=env, stdout=out, stderr=out)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("commit", "stale: intake of shard"),
        ("relay", "stale: relay of shard"),
        ("timekeeper", "stale: timekeeper: did not come round"),
        ("loop", "Timeout (0:00:08)!"),
        ("nothing", ""),
    ],
)
async def test_a_part_that_hangs_ends_the_process_and_the_next_goes_on(
    hub: Hub, part: str, says: str
) -> None:
    log = hub.work / f"stuck-{part}.log"
    stuck = started(hub, part, log)
    try:
        until(lambda: "are ours" in log.read_text(), log.read_text, stuck.poll)
        referred = await refer(hub, 5)
        if part == "nothing":
            await given(hub, set(referred))
            stuck.terminate()
        if part == "loop":
            stuck.send_signal(signal.SIGUSR1)
        code = await asyncio.to_thread(stuck.wait, PATIENCE)
    finally:
        if stuck.poll() is None:
            stuck.kill()
            stuck.wait()
    assert code == (0 if part == "nothing" else 1), log.read_text()
    assert says in log.read_text()
    assert ("stale: " in log.read_text()) is (part not in ("nothing", "loop"))
    one = hub.run("all")
    one.says("are ours")
    await given(hub, set(referred))
    assert one.end(signal.SIGTERM) == 0, one.log


async def test_stopped_in_mid_work_again_and_again(hub: Hub) -> None:
    """Each stop is a clean one, which a stop that takes too long is not; what was under way is done once."""
    referred: dict[str, str] = {}
    for _ in range(4):
        one = hub.run("all")
        one.says("are ours")
        sending = asyncio.create_task(refer(hub, 150))
        await asyncio.sleep(0.7)
        code = await asyncio.to_thread(one.end, signal.SIGTERM)
        assert code == 0, one.log
        assert "Traceback" not in one.log
        referred |= await sending
    one = hub.run("all")
    one.says("are ours")
    await given(hub, set(referred))
    assert one.end(signal.SIGTERM) == 0
    verified = hub("audit", "verify")
    assert verified.code == 0, verified.out
