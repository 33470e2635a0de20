"""The hub and two connectors as processes on a Kafka that knows them by their logins, and nobody else."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.bus.access import Grant, Resource, Right
from hub.bus.access_admin import AccessAdmin
from hub.bus.applying import apply_access
from hub.bus.security import KafkaAddress
from hub.home import Home
from hub.store.upgrade import upgrade
from tests.integration.bus.conftest import CITY, SHARDS, Ground
from tests.integration.connectors.sdk.process import PATIENCE, ConnectorProcess
from tests.support.children import python

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def running_hub(home: Home, ground: Ground, database: str, login: KafkaAddress) -> AsyncIterator[Any]:
    """`fengqiao run all`, told everything by its environment, as an operator does."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FENGQIAO_KAFKA": login.bootstrap,
        "FENGQIAO_DATABASE": database,
        "FENGQIAO_KAFKA_SECURITY": login.security,
        "FENGQIAO_KAFKA_USERNAME": str(login.username),
        "FENGQIAO_KAFKA_PASSWORD_FILE": str(login.password_file),
        "FENGQIAO_TOPIC_PREFIX": ground.names.prefix,
        "FENGQIAO_GROUP": ground.access.group,
    }
    with (home.root / "hub.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(*python(), "-m", "hub.cli", "run", "all", "--home", str(home.root), "--metrics-port", "0"),
            env=environment,
            stderr=log,
            stdout=log,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


def prepared(directory: Path) -> Home:
    home = Home(directory / "home")
    home.root.mkdir()
    home.prepare(CITY, SHARDS)
    return home


def connector(directory: Path, home: Home, ground: Ground, department: str) -> ConnectorProcess:
    place = directory / department
    place.mkdir()
    login = ground.kafka.login(department)
    return ConnectorProcess(
        place,
        login.bootstrap,
        ground.names.prefix,
        kafka={
            "bootstrap": login.bootstrap,
            "security": "scram",
            "username": department,
            "password_file": str(login.password_file),
        },
        department=department,
        key_file=str(home.private_key(department).resolve()),
        key_id=f"{department}-1",
        mapping="tests.integration.bus.letters:build",
    )


@pytest.mark.covers("promise 8")
async def test_a_referral_crosses(tmp_path: Path, ground: Ground, database: str) -> None:
    home = prepared(tmp_path)
    await upgrade(database, SHARDS)
    petition, court = (connector(tmp_path, home, ground, one) for one in ("petition", "court"))
    async with running_hub(home, ground, database, ground.kafka.login("hub")):
        try:
            await petition.start()
            await court.start()
            petition.notebook.raise_matter("示例：加密链路上的转送")
            await court.until(lambda: len(court.notebook.held()) == 1)
            counts = await petition.until_status(lambda counts: counts["receipted"] == {"submitted": 1})
        finally:
            await petition.end()
            await court.end()
    held = court.notebook.held()[0]
    assert held["type"] == "task.assigned.v1"
    assert "示例：加密链路上的转送" in held["data"]
    assert counts["outbox"] == {"new": 0, "sent": 0}


async def says(home: Home, text: str) -> None:
    """Until the hub's log holds it."""
    log = home.root / "hub.log"
    for _ in range(PATIENCE):
        if text in log.read_text():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{text!r} is not in\n{log.read_text()[-8000:]}")


async def test_a_hub_with_a_wrong_password_says_so_and_goes_on_with_the_right_one(
    tmp_path: Path, ground: Ground, database: str
) -> None:
    home = prepared(tmp_path)
    await upgrade(database, SHARDS)
    right = ground.kafka.login("hub")
    password = tmp_path / "password"
    password.write_text("not this one\n")
    async with running_hub(home, ground, database, replace(right, password_file=password)):
        await says(home, f"Kafka at {ground.kafka.bootstrap} (scram as 'hub') does not answer")
        password.write_text(right.password())
        await says(home, "are ours")


async def test_a_hub_names_a_topic_that_it_may_not_read_and_goes_on_when_it_may(
    tmp_path: Path, ground: Ground, database: str
) -> None:
    home = prepared(tmp_path)
    await upgrade(database, SHARDS)
    lost = Grant("User:hub", Resource.TOPIC, ground.names.out_of("petition"), Right.READ)
    await AccessAdmin(ground.kafka.admin).revoke([lost])
    async with running_hub(home, ground, database, ground.kafka.login("hub")):
        await says(home, f"shows no topic {lost.name}:")
        assert (await apply_access(ground.kafka.admin, ground.access)).made == [str(lost)]
        await says(home, "are ours")
