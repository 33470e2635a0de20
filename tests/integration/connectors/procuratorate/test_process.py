"""The connector as a department runs it: `python -m connectors.run` between stand-in and real Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.sdk.attachments import DirectoryAttachments
from hub.embedded.servers import Addresses
from schemas.envelope import attribute_texts
from schemas.identifiers import mint_case_id
from schemas.messages.base import Party, ReferralKind
from schemas.messages.outbound import TaskAssigned, TaskRole
from schemas.signature import verify
from tests.integration.connectors.procuratorate.bench import StandIn, matter, running
from tests.integration.connectors.sdk.hub_hand import HubHand, Sent
from tests.support.children import python

TASKS = 5
FIRST = ["task.signed.v1", "task.accepted.v1", "task.started.v1"]


class Connector:
    def __init__(self, directory: Path, kafka: str, prefix: str, dsn: str) -> None:
        self.key = Ed25519PrivateKey.generate()
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (directory / "key.pem").write_bytes(pem)
        content = {
            "department": "procuratorate",
            "kafka": kafka,
            "topic_prefix": prefix,
            "key_file": "key.pem",
            "key_id": "procuratorate-2026",
            "store": "connector.db",
            "attachments": "attachments",
            "mapping": "connectors.procuratorate.mapping:build",
            "transport": {"kind": "exchange_table", "dsn": dsn, "overlap_seconds": 5},
            "poll_interval": 0.1,
            "backoff": {"first": 0.1, "longest": 0.5},
        }
        self._config = directory / "connector.yaml"
        self._config.write_text(yaml.safe_dump(content))
        self._log = directory / "connector.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        command = ("-m", "connectors.run", "--config", str(self._config))
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(*python(), *command, stderr=log)

    async def end(self, *, kill: bool) -> int:
        assert self._process is not None
        with suppress(ProcessLookupError):
            (self._process.kill if kill else self._process.terminate)()
        return await self._process.wait()


@pytest.fixture
async def system(tmp_path: Path, database: str) -> AsyncIterator[StandIn]:
    async with running(tmp_path / "home", database) as system:
        yield system


@pytest.fixture
async def hub(servers: Addresses, topic_prefix: str) -> AsyncIterator[HubHand]:
    async with HubHand(servers.kafka, topic_prefix, "procuratorate") as hand:
        yield hand


@pytest.fixture
async def connector(
    system: StandIn, servers: Addresses, topic_prefix: str, tmp_path: Path, hub: HubHand
) -> AsyncIterator[Connector]:
    connector = Connector(tmp_path, servers.kafka, topic_prefix, system.dsn)
    await connector.start()
    yield connector
    await connector.end(kill=True)


def task(place: int) -> tuple[str, TaskAssigned]:
    case = mint_case_id("petition", f"XF-2026-{place:06d}")
    return case, TaskAssigned(
        referral=mint_case_id("referral", case),
        task=mint_case_id("task", case),
        role=TaskRole.LEAD,
        flow="F21",
        kind=ReferralKind.ASSIGN,
        sender="petition",
        sender_number=f"XF-2026-{place:06d}",
        lead="procuratorate",
        legal_at="2026-11-20T09:30:00+08:00",
        title=f"【示例】第{place}件",
        parties=[Party(role="petitioner", name="示例甲")],
    )


def unique(sent: list[Sent]) -> list[Sent]:
    """Once each, as the hub's inbox would count them."""
    return list({one.id: one for one in sent}.values())


async def test_tasks_and_referrals_pass_once_and_in_order_through_kills_of_both_processes(
    system: StandIn, connector: Connector, hub: HubHand, tmp_path: Path
) -> None:
    tasks = [task(place) for place in range(TASKS)]
    for place, (case, assigned) in enumerate(tasks):
        await hub.say("task.assigned.v1", case, assigned.model_dump(mode="json", exclude_none=True))
        system.records.raise_matter(matter(f"示例：公诉{place}"))
    await hub.read(lambda sent: any(one.type == "task.signed.v1" for one in sent))
    await connector.end(kill=True)
    await system.kill()
    await connector.start()
    await system.start()

    def finished(sent: list[Sent]) -> bool:
        final = {one.case for one in sent if one.type == "task.replied.v1" and one.data.get("outcome")}
        raised = {one.id for one in sent if one.type == "referral.raised.v1"}
        received = {one.case for one in sent if one.type == "task.received.v1"}
        return len(final) == len(raised) == len(received) == TASKS

    sent = unique(await hub.read(finished))
    for case, assigned in tasks:
        own = [one for one in sent if one.case == case]
        # The technical receipt comes from another side than the officers' steps: its place is free.
        steps = [one.type for one in own if one.type != "task.received.v1"]
        assert steps[:3] == FIRST
        assert steps[-1] == "task.replied.v1"
        (received,) = (one for one in own if one.type == "task.received.v1")
        (record,) = (each for each in system.records.all_records() if each.ext_case == case)
        assert received.data["local_number"] == record.number
        assert {one.data["task"] for one in own} == {assigned.task}
        assert len(own) == 1 + len(system.records.steps_of(record.number))
    stored = DirectoryAttachments(tmp_path / "attachments")
    for one in sent:
        assert verify(attribute_texts(one.record.headers), one.record.value, connector.key.public_key())
        for paper in one.data.get("papers", []):
            assert len(stored.get(paper["sha256"])) == paper["size"]
    assert await connector.end(kill=False) == 0
