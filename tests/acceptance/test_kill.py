"""kill -9 of intake and of relay, again and again while messages arrive: nothing lost, nothing doubled, in order.

What must arrive follows from what was published and acknowledged; the hub's own tables are not asked.
"""

import asyncio
import json
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import to_json

from deploy.demo.processes import Child, stop_all
from hub.bus.admin import apply_topics
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.embedded.servers import Addresses
from hub.home import Home
from hub.rules.loader import load_rules
from hub.store.upgrade import upgrade
from schemas.envelope import Envelope, Secrecy
from schemas.identifiers import derived_id, mint_case_id
from schemas.partitioner import partition_of
from schemas.signature import sign

CITY = Path(__file__).parents[2] / "deploy" / "sandbox" / "city" / "departments.yaml"
SHARDS, CASES, KILLS = 3, 120, 4
PATIENCE = 120.0


@dataclass
class Hub:
    """A hub whose roles are processes of their own, on the session's servers."""

    home: Home
    addresses: Addresses
    prefix: str
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def names(self) -> TopicNames:
        return TopicNames(self.prefix)

    async def start(self, role: str) -> None:
        arguments = ["-m", "hub.cli", "run", role, "--home", str(self.home.root), "--metrics-port", "0"]
        child = Child(role, [*arguments, "--member", role], self.home.logs / f"{role}.log")
        await child.start()
        self.children[role] = child

    def key(self, department: str) -> Ed25519PrivateKey:
        key = load_pem_private_key(self.home.private_key(department).read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        return key


@pytest.fixture
async def hub(
    servers: Addresses, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hub]:
    root = Path(tempfile.mkdtemp(prefix="fengqiao-kill-"))
    monkeypatch.setenv("FENGQIAO_KAFKA", servers.kafka)
    monkeypatch.setenv("FENGQIAO_DATABASE", database)
    home = Home(root)
    home.prepare(CITY, SHARDS)
    settings = yaml.safe_load(home.settings_file.read_text())
    settings |= {"topic_prefix": topic_prefix, "group": f"{topic_prefix}intake"}
    home.settings_file.write_text(yaml.safe_dump(settings))
    await upgrade(database, SHARDS)
    hub = Hub(home, Addresses(servers.kafka, database), topic_prefix)
    await apply_topics(servers.kafka, hub.names.declared(load_rules(CITY).departments, SHARDS))
    try:
        yield hub
    finally:
        await stop_all(list(hub.children.values()))
        shutil.rmtree(root)


def steps_of(case_number: int) -> tuple[str, list[tuple[str, str, str, dict[str, object]]]]:
    """One case: a referral and the lead's first steps, as (source, id, type, data), in the order in which they happen."""
    number = f"XF-{case_number}"
    case = mint_case_id("petition", number)
    raise_id = f"raise-{case_number}"
    referral, task = derived_id("petition", raise_id, "referral"), derived_id("petition", raise_id, "task")
    legal_at = "2026-11-20T09:00:00+08:00"
    paper = {
        "code": "forward_letter",
        "title": "转送函",
        "sha256": "0" * 64,
        "size": 1,
        "media_type": "text/plain",
    }
    raised: dict[str, object] = {
        "legal_at": legal_at,
        "flow": "F21",
        "kind": "forward",
        "local_number": number,
    }
    raised |= {"title": f"示例事项 {number}", "papers": [paper], "lead": "court"}
    on_task: dict[str, object] = {"referral": referral, "task": task, "legal_at": legal_at}
    received = {"referral": referral, "task": task, "received_at": legal_at}
    return case, [
        ("petition", raise_id, "referral.raised.v1", raised),
        ("court", f"received-{case_number}", "task.received.v1", received),
        ("court", f"signed-{case_number}", "task.signed.v1", on_task),
        ("court", f"accepted-{case_number}", "task.accepted.v1", on_task),
        ("court", f"started-{case_number}", "task.started.v1", on_task),
    ]


async def publish(hub: Hub, draw: random.Random) -> None:
    """All cases side by side, each case's steps in order; a tenth of the records is sent twice, as after a lost receipt."""
    publisher = KafkaPublisher(hub.addresses.kafka, "test-departments")
    keys = {name: hub.key(name) for name in ("petition", "court")}
    await publisher.start()
    try:
        waiting = [steps_of(number) for number in range(CASES)]
        while waiting:
            case, steps = draw.choice(waiting)
            source, message, type_, data = steps.pop(0)
            if not steps:
                waiting.remove((case, steps))
            value = to_json(data)
            envelope = Envelope(
                id=message,
                source=source,
                type=type_,
                subject=case,
                time=datetime(2026, 11, 20, 1, tzinfo=UTC),
                secrecy=Secrecy.INTERNAL,
            )
            headers = sign(envelope, value, f"{source}-1", keys[source]).headers()
            place = hub.names.out_of(source), partition_of(case, SHARDS)
            record = OutRecord(*place, case.encode(), value, headers)
            await publisher.publish([record] * (2 if draw.random() < 0.1 else 1))
            await asyncio.sleep(0.004)
    finally:
        await publisher.stop()


async def read_in(hub: Hub, department: str, enough: int) -> list[ConsumerRecord[bytes, bytes]]:
    """Everything on a department's topic until `enough` different sequenced records have come."""
    consumer = AIOKafkaConsumer(
        hub.names.into(department),
        bootstrap_servers=hub.addresses.kafka,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    records: list[ConsumerRecord[bytes, bytes]] = []
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while len({header(r, "ce_id") for r in records if header(r, "ce_sequence")}) < enough:
                found = await consumer.getmany(timeout_ms=500)
                records += [record for some in found.values() for record in some]
    finally:
        await consumer.stop()
    return records


def header(record: ConsumerRecord[bytes, bytes], name: str) -> str:
    return next((value.decode() for key, value in record.headers if key == name), "")


def as_received(records: list[ConsumerRecord[bytes, bytes]]) -> dict[str, list[str]]:
    """What a connector keeps: by case the types in order, old sequences dropped. A hole fails."""
    last: dict[str, int] = {}
    kept: dict[str, list[str]] = {}
    for record in records:
        sequence = int(header(record, "ce_sequence") or 0)
        case = header(record, "ce_subject")
        if not sequence or sequence <= last.get(case, 0):
            continue
        assert sequence == last.get(case, 0) + 1, f"hole before {sequence} in case {case}"
        last[case] = sequence
        kept.setdefault(case, []).append(header(record, "ce_type"))
    return kept


@pytest.mark.parametrize("victim", ["intake", "relay"])
async def test_nothing_is_lost_doubled_or_out_of_order(hub: Hub, victim: str) -> None:
    draw = random.Random(f"kill {victim}")
    for role in ("intake", "relay", "projector"):
        await hub.start(role)
    sending = asyncio.create_task(publish(hub, draw))
    killed = 0
    while not sending.done() or killed < KILLS:
        await asyncio.sleep(draw.uniform(0.5, 1.2))
        await hub.children[victim].kill()
        await hub.start(victim)
        killed += 1
    await sending

    cases = {steps_of(number)[0] for number in range(CASES)}
    at_court = as_received(await read_in(hub, "court", CASES))
    at_petition = as_received(await read_in(hub, "petition", 4 * CASES))
    assert at_court == {case: ["task.assigned.v1"] for case in cases}
    steps = ["task.received.v1", "task.signed.v1", "task.accepted.v1", "task.started.v1"]
    assert at_petition == dict.fromkeys(cases, steps)


async def test_every_acknowledged_message_gets_its_receipt_although_intake_dies(hub: Hub) -> None:
    draw = random.Random("receipts")
    for role in ("intake", "relay", "projector"):
        await hub.start(role)
    sending = asyncio.create_task(publish(hub, draw))
    for _ in range(2):
        await asyncio.sleep(1.0)
        await hub.children["intake"].kill()
        await hub.start("intake")
    await sending

    outcomes: dict[str, set[str]] = {}
    async with asyncio.timeout(PATIENCE):
        while len(outcomes) < 4 * CASES:
            for record in await read_in(hub, "court", CASES):
                if header(record, "ce_type") == "receipts.issued.v1":
                    for receipt in json.loads(record.value)["receipts"]:
                        outcomes.setdefault(receipt["message"], set()).add(receipt["outcome"])
    assert {frozenset(found) for found in outcomes.values()} == {frozenset({"submitted"})}
