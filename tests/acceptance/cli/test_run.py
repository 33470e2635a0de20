"""`fengqiao run`: alone, in pairs, as separate roles; ended by SIGTERM and by kill -9."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count

import pytest
from aiokafka import AIOKafkaConsumer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import to_json

from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord
from hub.operations.calendar_commands import shanghai_today
from hub.rules.calendar_files import load_calendar
from schemas.envelope import Envelope, Secrecy
from schemas.identifiers import mint_case_id
from schemas.partitioner import partition_of
from schemas.signature import sign
from tests.acceptance.cli.command import LOOK, Hub, Running, until

SHARDS = 3
_numbers = count(1)


async def refer(hub: Hub, cases: int) -> dict[str, str]:
    """Petition refers matters to the court, at least one in each shard. Number by case id."""
    key = load_pem_private_key((hub.home / "secrets" / "petition.petition-1.pem").read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    referred: dict[str, str] = {}
    publisher = KafkaPublisher(hub.addresses["kafka"], "test-petition")
    await publisher.start()
    try:
        while len(referred) < cases or {partition_of(case, SHARDS) for case in referred} != set(
            range(SHARDS)
        ):
            number = f"示例-{next(_numbers)}"
            case = mint_case_id("petition", number)
            await publisher.publish([_raised(case, number, key)])
            referred[case] = number
    finally:
        await publisher.stop()
    return referred


def _raised(case: str, number: str, key: Ed25519PrivateKey) -> OutRecord:
    paper = {
        "code": "forward_letter",
        "title": "转送函",
        "sha256": "0" * 64,
        "size": 1,
        "media_type": "text/plain",
    }
    data = {
        "legal_at": "2026-11-20T09:00:00+08:00",
        "flow": "F21",
        "kind": "forward",
        "local_number": number,
        "title": "示例事项",
        "papers": [paper],
        "lead": "court",
    }
    envelope = Envelope(
        id=f"raise-{case}",
        source="petition",
        type="referral.raised.v1",
        subject=case,
        time=datetime(2026, 11, 20, 1, tzinfo=UTC),
        secrecy=Secrecy.INTERNAL,
    )
    value = to_json(data)
    headers = sign(envelope, value, "petition-1", key).headers()
    return OutRecord("dept.petition.out", partition_of(case, SHARDS), case.encode(), value, headers)


async def assigned(hub: Hub, cases: set[str]) -> None:
    """Wait until the court has been given each of these, then see that it was so exactly once."""
    consumer = AIOKafkaConsumer(
        "dept.court.in",
        bootstrap_servers=hub.addresses["kafka"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    seen: list[str] = []
    await consumer.start()
    try:
        while not cases <= set(seen):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    headers = dict(record.headers)
                    if headers["ce_type"] == b"task.assigned.v1":
                        seen.append(headers["ce_subject"].decode())
    finally:
        await consumer.stop()
    assert sorted(case for case in seen if case in cases) == sorted(cases)


def sharing(*processes: Running) -> Callable[[], bool]:
    def shared() -> bool:
        parts = [process.shards for process in processes]
        return all(parts) and sorted(shard for part in parts for shard in part) == list(range(SHARDS))

    return shared


@pytest.fixture(autouse=True)
def nothing_left_running(hub: Hub) -> Iterator[None]:
    yield
    hub.stop_all()


async def test_sigterm_ends_it_well_and_the_next_goes_on(hub: Hub) -> None:
    one = hub.run("all")
    one.says("are ours")
    await assigned(hub, set(await refer(hub, 5)))
    assert one.end(signal.SIGTERM) == 0, one.log
    assert "Traceback" not in one.log
    waiting = await refer(hub, 5)
    hub.run("all")
    await assigned(hub, set(waiting))


async def test_after_kill_9_the_next_goes_on(hub: Hub) -> None:
    one = hub.run("all")
    one.says("are ours")
    referred = await refer(hub, 20)
    one.end(signal.SIGKILL)
    two = hub.run("all")
    await assigned(hub, set(referred) | set(await refer(hub, 5)))
    assert two.end(signal.SIGTERM) == 0, two.log


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
async def test_two_share_the_shards_and_one_takes_over(hub: Hub, number: signal.Signals) -> None:
    one, two = hub.run("all"), hub.run("all")
    until(sharing(one, two), lambda: f"shared:\n{one.log}\n{two.log}")
    await assigned(hub, set(await refer(hub, 6)))
    one.end(number)
    referred = await refer(hub, 6)
    await assigned(hub, set(referred))
    assert two.shards == set(range(SHARDS))


async def again(hub: Hub, order: str) -> list[tuple[str, str]]:
    """Case and id of what the court was delivered again by this order, once something was."""
    consumer = AIOKafkaConsumer(
        "dept.court.in", bootstrap_servers=hub.addresses["kafka"], auto_offset_reset="earliest"
    )
    found: list[tuple[str, str]] = []
    await consumer.start()
    try:
        ends: dict[object, int] = {}
        while not found or any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                headers = [dict(record.headers) for record in records]
                marked = [one for one in headers if one.get("ce_redelivery") == order.encode()]
                found += [(one["ce_subject"].decode(), one["ce_id"].decode()) for one in marked]
            ends = await consumer.end_offsets(consumer.assignment())
    finally:
        await consumer.stop()
    return found


@pytest.mark.covers("promise 1")
async def test_what_a_department_lost_comes_again_once_two_operators_signed(hub: Hub) -> None:
    keys = {}
    for name in ("li", "wang"):
        said = hub("operator", "new", name, "--may", "redeliver")
        assert said.code == 0, said.error
        (keys[name],) = hub.work.rglob(f"{name}.pem")
    process = hub.run("all")
    process.says("are ours")
    referred = await refer(hub, 3)
    await assigned(hub, set(referred))
    case, number = referred.popitem()
    words = ("--to", "court", "--case", number, "--order", "order.json", "--reason", "恢复备份后缺失")
    until(lambda: hub("audit", "redeliver", *words).code == 0, lambda: f"{number} is known")
    for name in ("li", "wang"):
        said = hub("audit", "redeliver-send", "order.json")
        assert (said.code, "must be signed by 2 operators" in said.error) == (2, True), said
        said = hub("audit", "redeliver-approve", "order.json", "--operator", name, "--key", str(keys[name]))
        assert (said.code, "1 records of 1 cases for court" in said.out) == (0, True), said
    for _ in range(2):
        said = hub("audit", "redeliver-send", "order.json")
        assert (said.code, said.out) == (0, "1 decided\n"), said
    order = json.loads((hub.work / "order.json").read_text())["order"]
    assert [one for one, _ in await again(hub, order)] == [case]
    assert process.end(signal.SIGTERM) == 0, process.log


async def test_each_role_in_a_process_of_its_own(hub: Hub) -> None:
    roles = [hub.run(role) for role in ("intake", "relay", "projector", "indexer", "timekeeper")]
    for role in roles:
        role.says("running")
    referred = await refer(hub, 5)
    await assigned(hub, set(referred))
    case, number = next(iter(referred.items()))
    until(lambda: hub("case", "show", case, *LOOK).code == 0, lambda: "projected")
    shown = hub("case", "show", number, *LOOK)
    assert shown.code == 0
    assert case in shown.out
    assert "court" in shown.out
    assert [role.end(signal.SIGTERM) for role in roles] == [0] * 5
    assert hub("audit", "verify").code == 0


def test_a_second_process_on_the_same_metrics_port_is_told(hub: Hub) -> None:
    one = hub.run("timekeeper", "--metrics-port", "0")
    one.says("running")
    calendar = load_calendar()
    assert ("the calendar of working days ends" in one.log) is calendar.ends_within(shanghai_today(), 90)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = hub("run", "timekeeper", "--metrics-port", str(port))
    assert said.code == 2
    assert f"metrics_port {port}" in said.error.splitlines()[-1]
