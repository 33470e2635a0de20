"""The delivering loop on a real store with a sink in memory."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from connectors.sdk.delivery import Deliverer
from connectors.sdk.ports import Delivered, Delivery, DeliveryRejected, TransportTrouble
from connectors.sdk.store import Store
from connectors.sdk.store.inbox import Received
from connectors.sdk.waiting import Backoff, Bell, Pulse
from tests.unit.connectors.sdk.changes import DEPARTMENT, WRITER, received

Answer = Callable[[Delivery], Delivered]


class MemorySink:
    """Remembers deliveries; `answers` decides per message id, a waiting gate holds one up."""

    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.answers: dict[str, list[Exception]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.in_flight: set[str] = set()

    async def deliver(self, delivery: Delivery) -> Delivered:
        assert delivery.case not in self.in_flight, "two deliveries of one case at a time"
        self.in_flight.add(delivery.case)
        try:
            if gate := self.gates.get(delivery.message_id):
                await gate.wait()
            await asyncio.sleep(0)
            if errors := self.answers.get(delivery.message_id):
                raise errors.pop(0)
        finally:
            self.in_flight.discard(delivery.case)
        self.delivered.append(delivery.message_id)
        return Delivered(f"N-{delivery.message_id}")


class Stage:
    def __init__(self, store: Store) -> None:
        self.store, self.sink, self.now = store, MemorySink(), 1_000.0
        self.deliverer = Deliverer(
            self.sink,
            store,
            WRITER,
            workers=3,
            ask_again=60,
            backoff=Backoff(0.001, 0.001),
            taken=Bell(),
            pulse=Pulse(),
            clock=lambda: self.now,
        )

    def take(self, *messages: Received) -> None:
        self.store.inbox.take(messages, [], self.now)
        self.deliverer.look({one.case for one in messages})

    async def until(self, reached: Callable[[], bool]) -> None:
        """Run the loop until then; it must get there by itself."""
        running = asyncio.create_task(self.deliverer.run())
        while not reached() and not running.done():
            await asyncio.sleep(0.001)
        self.deliverer.stop()
        await running
        assert reached()

    def outgoing(self) -> list[dict[str, Any]]:
        return [json.loads(one.data) for one in self.store.outbox.next_round(100)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    store = Store(tmp_path / "connector.db", DEPARTMENT)
    yield Stage(store)
    store.close()


def _assigned(case: str) -> Received:
    data = json.dumps({"referral": str(uuid4()), "task": str(uuid4())}).encode()
    return Received(str(uuid4()), "task.assigned.v1", case, None, 1, 0, data)


async def test_each_case_is_delivered_in_order_whatever_the_order_of_arrival(stage: Stage) -> None:
    stage.take(*(received(case, n, n - 1, f"{case}{n}") for n in (3, 1, 2) for case in "abcde"))
    await stage.until(lambda: len(stage.sink.delivered) == 15)
    for case in "abcde":
        assert [m for m in stage.sink.delivered if m[0] == case] == [f"{case}1", f"{case}2", f"{case}3"]


async def test_a_task_brings_its_receipt_and_its_link(stage: Stage) -> None:
    assigned = _assigned("c")
    data = json.loads(assigned.data)
    stage.take(assigned)
    await stage.until(lambda: bool(stage.outgoing()))
    (receipt,) = stage.outgoing()
    assert (receipt["task"], receipt["local_number"]) == (data["task"], f"N-{assigned.message}")
    link = stage.store.links.by_task(data["task"])
    assert link is not None
    assert (link.local_number, link.case, link.referral) == (f"N-{assigned.message}", "c", data["referral"])


async def test_trouble_delays_its_case_and_no_other(stage: Stage) -> None:
    stage.sink.answers["a1"] = [TransportTrouble("away")] * 5
    stage.take(received("a", 1, 0, "a1"), received("a", 2, 1, "a2"), received("b", 1, 0, "b1"))
    await stage.until(lambda: len(stage.sink.delivered) == 3)
    assert stage.sink.delivered == ["b1", "a1", "a2"]


async def test_one_slow_delivery_holds_up_no_other_case(stage: Stage) -> None:
    stage.sink.gates["a1"] = asyncio.Event()
    stage.take(received("a", 1, 0, "a1"), received("b", 1, 0, "b1"), received("b", 2, 1, "b2"))

    def others_done() -> bool:
        if stage.sink.delivered == ["b1", "b2"]:
            stage.sink.gates["a1"].set()
        return len(stage.sink.delivered) == 3

    await stage.until(others_done)
    assert stage.sink.delivered == ["b1", "b2", "a1"]


@pytest.mark.parametrize("error", [DeliveryRejected("field: value: allowed"), KeyError("a defect")])
async def test_a_rejection_or_defect_blocks_its_case_only(stage: Stage, error: Exception) -> None:
    stage.sink.answers["a1"] = [error]
    stage.take(received("a", 1, 0, "a1"), received("a", 2, 1, "a2"), received("b", 1, 0, "b1"))
    await stage.until(
        lambda: stage.store.counts()["inbox"]["rejected"] == 1 and stage.sink.delivered == ["b1"]
    )
    assert stage.outgoing() == []
    assert stage.store.inbox.retry("a1")
    again = Stage(stage.store)
    await again.until(lambda: again.sink.delivered == ["a1", "a2"])


async def test_a_hole_is_asked_for_once_until_the_wait_is_over(stage: Stage) -> None:
    stage.take(received("a", 4, 3, "a4"))
    stage.take(received("a", 5, 4, "a5"))
    await stage.until(lambda: bool(stage.outgoing()))
    assert stage.outgoing() == [{"from_sequence": 1, "to_sequence": 3}]
    assert stage.store.counts()["outbox"]["new"] == 1
    restarted = Stage(stage.store)
    restarted.now += 59
    await restarted.deliverer.work("a")
    assert stage.store.counts()["outbox"]["new"] == 1
    restarted.now += 1
    await restarted.deliverer.work("a")
    assert stage.store.counts()["outbox"]["new"] == 2
    assert stage.sink.delivered == []


async def test_a_refusal_of_what_the_kit_sent_is_not_the_systems_concern(stage: Stage) -> None:
    of_ours = received("a", 0, 0, "r1", "message.refused.v1", {"type": "redelivery.requested.v1"})
    of_theirs = received("a", 0, 0, "r2", "message.refused.v1", {"type": "task.signed.v1"})
    stage.take(of_ours, of_theirs)
    await stage.until(lambda: stage.store.counts()["inbox"]["delivered"] == 2)
    assert stage.sink.delivered == ["r2"]


async def test_what_was_delivered_but_not_noted_is_delivered_again(stage: Stage) -> None:
    """As after kill -9 between the department system's commit and ours."""
    stage.sink.gates["a1"] = asyncio.Event()
    stage.take(received("a", 1, 0, "a1"))
    running = asyncio.create_task(stage.deliverer.run())
    while not stage.sink.in_flight:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert stage.store.counts()["inbox"]["pending"] == 1
    again = Stage(stage.store)
    await again.until(lambda: again.sink.delivered == ["a1"])
