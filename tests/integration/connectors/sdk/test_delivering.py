"""From Kafka into the department system: promises 2 (nothing counts twice) and 3 (order per case)."""

import os
from collections import Counter
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from schemas.messages.outbound import TaskAssigned
from tests.integration.connectors.sdk.conftest import Start
from tests.integration.connectors.sdk.hub_hand import HubHand, Sent

ASSIGNED = "task.assigned.v1"
NOTE = "referral.closed.v1"


def _task(title: str = "示例任务") -> dict[str, Any]:
    task = TaskAssigned.model_validate(
        {
            "referral": str(uuid4()),
            "task": str(uuid4()),
            "role": "lead",
            "flow": "F21",
            "kind": "assign",
            "sender": "petition",
            "sender_number": "示例1",
            "lead": "notebook",
            "legal_at": "2026-11-02T09:30:00+08:00",
            "title": title,
        }
    )
    return task.model_dump(mode="json", exclude_none=True)


def _closed(task: dict[str, Any]) -> dict[str, Any]:
    return {"referral": task["referral"], "state": "closed"}


def _requests(sent: list[Sent]) -> list[Sent]:
    return [one for one in sent if one.type == "redelivery.requested.v1"]


async def test_a_task_is_written_in_and_its_number_goes_back(start: Start, hub: HubHand) -> None:
    connector = await start()
    case, task = str(uuid4()), _task()
    await hub.say(ASSIGNED, case, task)
    await hub.say(NOTE, case, _closed(task))
    (received,) = await hub.read(lambda sent: len(sent) == 1)
    assert received.type == "task.received.v1"
    await connector.until(lambda: len(connector.notebook.held()) == 2)
    assigned, closed = connector.notebook.held()
    assert (received.data["task"], received.data["local_number"]) == (task["task"], assigned["number"])
    assert (closed["type"], closed["number"]) == (NOTE, assigned["number"])


async def test_what_is_old_is_dropped_and_what_comes_twice_counts_once(start: Start, hub: HubHand) -> None:
    connector = await start()
    case, task = str(uuid4()), _task()
    first = await hub.say(ASSIGNED, case, task)
    second = await hub.say(NOTE, case, _closed(task))
    await connector.until(lambda: len(connector.notebook.held()) == 2)
    await hub.put(first, ASSIGNED, case, task, 1, 0)
    await hub.put(str(uuid4()), NOTE, case, _closed(task), 2, 1)
    await hub.put(second, NOTE, case, _closed(task), 7, 2)
    last = str(uuid4())
    await hub.put(last, NOTE, case, _closed(task), 8, 7)
    await connector.until(lambda: len(connector.notebook.held()) >= 3)
    assert [held["delivery"] for held in connector.notebook.held()] == [first, second, last]
    counts = await connector.until_status(lambda counts: counts["inbox"]["dropped"] == 2)
    assert counts["inbox"] == {"pending": 0, "delivered": 3, "dropped": 2, "rejected": 0}


async def test_a_hole_holds_its_case_only_and_is_asked_for(start: Start, hub: HubHand) -> None:
    connector = await start(ask_again_after=0.5)
    case, other = str(uuid4()), str(uuid4())
    task = _task()
    first = await hub.say(ASSIGNED, case, task)
    missing = [await hub.say(NOTE, case, _closed(task), lost=True) for _ in range(2)]
    held = [await hub.say(NOTE, case, _closed(task)) for _ in range(3)]
    elsewhere = await hub.say(ASSIGNED, other, _task())
    requests = _requests(await hub.read(lambda sent: len(_requests(sent)) == 2))
    for request in requests:
        assert (request.case, request.data) == (case, {"from_sequence": 2, "to_sequence": 3})
    assert requests[0].id != requests[1].id
    counts = await connector.until_status(lambda counts: counts["inbox"]["delivered"] == 2)
    assert (counts["held"], counts["holes"]) == (3, 1)
    assert {one["delivery"] for one in connector.notebook.held()} == {first, elsewhere}
    for number, message in enumerate(missing, start=2):
        await hub.put(message, NOTE, case, _closed(task), number, number - 1)
    await connector.until(lambda: len(connector.notebook.held()) == 7)
    in_case = [one["delivery"] for one in connector.notebook.held() if one["case_id"] == case]
    assert in_case == [first, *missing, *held]
    assert (await connector.status())["holes"] == 0


async def test_what_is_delivered_again_by_order_fills_the_hole_and_counts_once_elsewhere(
    start: Start, hub: HubHand
) -> None:
    connector = await start()
    holed, whole = str(uuid4()), str(uuid4())
    order, tasks = str(uuid4()), {holed: _task(), whole: _task()}
    sent: dict[str, list[str]] = {}
    for case, task in tasks.items():
        sent[case] = [await hub.say(ASSIGNED, case, task)]
        sent[case] += [await hub.say(NOTE, case, _closed(task), lost=case == holed)]
        sent[case] += [await hub.say(NOTE, case, _closed(task))]
    counts = await connector.until_status(lambda counts: counts["inbox"]["delivered"] == 4)
    assert (counts["held"], counts["holes"]) == (1, 1)
    for case, task in tasks.items():
        for number, message in enumerate(sent[case], start=1):
            type_, data = (ASSIGNED, task) if number == 1 else (NOTE, _closed(task))
            await hub.put(message, type_, case, data, number, number - 1, redelivery=order)
        sent[case].append(await hub.say(NOTE, case, _closed(task)))
    await connector.until(lambda: len(connector.notebook.held()) >= 8)
    for case in tasks:
        in_case = [one["delivery"] for one in connector.notebook.held() if one["case_id"] == case]
        assert in_case == sent[case]
    counts = await connector.status()
    assert (counts["inbox"]["delivered"], counts["holes"], counts["unreadable"]) == (8, 0, 0)


async def test_killed_again_and_again_each_delivery_is_one_record_in_order(
    start: Start, hub: HubHand
) -> None:
    connector = await start(slow=0.02)
    expected: dict[str, list[str]] = {}
    tasks: dict[str, dict[str, Any]] = {}
    for _ in range(4):
        for case in [str(uuid4()) for _ in range(6)] + list(expected)[-4:]:
            if case not in tasks:
                tasks[case] = _task()
                expected[case] = [await hub.say(ASSIGNED, case, tasks[case])]
            expected[case] += [await hub.say(NOTE, case, _closed(tasks[case])) for _ in range(4)]
        target = len(connector.notebook.held()) + 15
        await connector.until(lambda target=target: len(connector.notebook.held()) >= target)  # type: ignore[misc]
        await connector.kill()
        await connector.start()
    total = sum(map(len, expected.values()))
    await connector.until(lambda: len(connector.notebook.held()) >= total)
    found: dict[str, list[str]] = {}
    for held in connector.notebook.held():
        found.setdefault(held["case_id"], []).append(held["delivery"])
    assert found == expected
    sent = await hub.read(lambda sent: len({one.id for one in sent}) == len(tasks))
    numbers = {one.data["task"]: one.data["local_number"] for one in sent}
    assigned = {
        held["case_id"]: held["number"] for held in connector.notebook.held() if held["type"] == ASSIGNED
    }
    assert numbers == {tasks[case]["task"]: number for case, number in assigned.items()}
    assert max(Counter(numbers.values()).values()) == 1


async def test_a_system_that_is_away_is_waited_for(start: Start, hub: HubHand) -> None:
    connector = await start()
    connector.notebook.go_away()
    case, task = str(uuid4()), _task()
    message = await hub.say(ASSIGNED, case, task)
    await connector.until(lambda: "waits" in connector.log())
    assert connector.notebook.held() == []
    connector.notebook.come_back()
    await connector.until(lambda: [held["delivery"] for held in connector.notebook.held()] == [message])


async def test_a_rejected_delivery_holds_its_case_until_a_person_decides(start: Start, hub: HubHand) -> None:
    connector = await start()
    case, task = str(uuid4()), _task("示例：请拒收")
    rejected = await hub.say(ASSIGNED, case, task)
    after = await hub.say(NOTE, case, _closed(task))
    elsewhere = await hub.say(ASSIGNED, str(uuid4()), _task())
    counts = await connector.until_status(lambda counts: counts["inbox"]["rejected"] == 1)
    await connector.until(lambda: len(connector.notebook.held()) == 1)
    assert connector.notebook.held()[0]["delivery"] == elsewhere
    problem = {"what": "rejected", "id": rejected, "problem": "title: '示例：请拒收': must not hold 拒收"}
    assert counts["problems"] == [problem]
    assert counts["holes"] == 0
    assert (await connector.call("--skip", "no-such-message"))[0] == 1
    assert (await connector.call("--skip", rejected))[0] == 0
    assert await connector.end() == 0
    await connector.start()
    await connector.until(
        lambda: [held["delivery"] for held in connector.notebook.held()] == [elsewhere, after]
    )


async def test_unreadable_records_are_kept_whole_and_hold_up_nothing(start: Start, hub: HubHand) -> None:
    connector = await start()
    case, task = str(uuid4()), _task()
    await hub.raw(b"\xff\xfe", [("ce_id", b"\xff"), ("other", b"\x80")], case)
    await hub.raw(None, [("ce_id", None)], case)
    await hub.raw(b"{}", [], case)
    message = await hub.say(ASSIGNED, case, task)
    await connector.until(lambda: [held["delivery"] for held in connector.notebook.held()] == [message])
    counts = await connector.status()
    assert counts["unreadable"] == 3
    assert counts["inbox"]["pending"] == 0


async def test_offsets_are_committed_behind_what_is_stored(start: Start, hub: HubHand, servers: Any) -> None:
    connector = await start()
    for _ in range(5):
        await hub.say(ASSIGNED, str(uuid4()), _task())
    await connector.until(lambda: len(connector.notebook.held()) == 5)
    assert await connector.end() == 0
    group = hub.into.removesuffix(".in") + ".connector"
    partitions = [TopicPartition(hub.into, number) for number in range(3)]
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.kafka, group_id=group, enable_auto_commit=False)
    await consumer.start()
    committed = [await consumer.committed(partition) or 0 for partition in partitions]
    ends = await consumer.end_offsets(partitions)
    await consumer.stop()
    assert committed == [ends[partition] for partition in partitions]
    assert sum(committed) == 5


async def test_a_second_process_and_a_foreign_store_are_refused(start: Start, hub: HubHand) -> None:
    connector = await start(health_port=0)
    await connector.until(lambda: "health on" in connector.log())
    code, _, err = await connector.call()
    assert code == 2
    assert "another process runs this connector" in err
    assert await connector.end() == 0
    text = connector.config.read_text()
    connector.config.write_text(text.replace("department: notebook", "department: diary"))
    code, _, err = await connector.call("--status")
    assert code == 2
    assert "belongs to department 'notebook', configured is 'diary'" in err
    assert os.access(connector.config.parent / "connector.db", os.R_OK)
