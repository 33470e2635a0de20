"""The laws that any connector keeps, as a test class to inherit.

    class TestPetition(ConnectorConformance):
        department = "petition"

        @pytest.fixture
        async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
            async with running_stand_in(tmp_path) as system:
                yield PetitionBench(system)

The suite plays the kit around the two ports: it moves the cursor, keeps the links and hands over deliveries.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.conformance.bench import Bench, Held
from connectors.conformance.deliveries import acceptance, assignment, cancellation
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.ids import referral_id
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import (
    Delivered,
    Delivery,
    Kit,
    Link,
    Outgoing,
    Page,
    Sink,
    Source,
    TransportTrouble,
    Unmapped,
)
from schemas.identifiers import mint_case_id
from schemas.messages import BY_TYPE
from schemas.messages.base import ReferralKind
from schemas.messages.referral import ReferralRaised

PAUSE = 0.1

Item = Outgoing | Unmapped


class Reader:
    """Reads a source as the kit does: a page counts, and its cursor is used, only after it was looked at."""

    def __init__(self, patience: int = 600) -> None:
        self._patience = patience
        self.cursor: str | None = None
        self.items: dict[str, Item] = {}

    async def drain(self, source: Source) -> None:
        more = True
        while more:
            page = await source.poll(self.cursor)
            self.take(page)
            more = page.more

    def take(self, page: Page) -> None:
        for item in page.items:
            self.items.setdefault(item.local_id, item)
        self.cursor = page.cursor

    async def read_until(self, source: Source, enough: Callable[["Reader"], bool]) -> None:
        """Poll until `enough`; a slow channel (files through a gate) is waited for, never an exact time."""
        for _ in range(self._patience):
            await self.drain(source)
            if enough(self):
                return
            await asyncio.sleep(PAUSE)
        raise AssertionError(f"the source gave only {sorted(self.items)}")

    def raised(self, *titles: str) -> list[Outgoing]:
        """The referrals with these titles, in the order in which they were read."""
        return [
            item
            for item in self.items.values()
            if isinstance(item, Outgoing)
            and isinstance(item.data, ReferralRaised)
            and item.data.title in titles
        ]

    def unmapped(self) -> list[Unmapped]:
        return [item for item in self.items.values() if isinstance(item, Unmapped)]


def _raised(count: int, *titles: str) -> Callable[[Reader], bool]:
    return lambda reader: len(reader.raised(*titles)) >= count


class ConnectorConformance:
    """Inherit, set `department`, give the fixture `bench`. Flow and kind: those of a task it can receive.

    What does not come at once is looked for `patience` times, a tenth of a second apart.
    """

    department: ClassVar[str]
    received_flow: ClassVar[str] = "F21"
    received_kind: ClassVar[ReferralKind] = ReferralKind.ASSIGN
    settings: ClassVar[dict[str, Any]] = {}
    patience: ClassVar[int] = 600

    @pytest.fixture
    def kit(self, tmp_path: Path) -> Kit:
        return Kit(
            self.department, MemoryLinks(), DirectoryAttachments(tmp_path / "kit-attachments"), self.settings
        )

    def assignment(self) -> Delivery:
        return assignment(self.received_flow, self.received_kind)

    async def test_a_page_read_again_is_the_same(self, bench: Bench, kit: Kit) -> None:
        titles = [f"示例：重读 {i}" for i in range(5)]
        for title in titles:
            await bench.change(title)
        source, _ = bench.build(kit)
        reader = Reader(self.patience)
        for _ in range(self.patience):
            page = await source.poll(reader.cursor)
            restarted, _sink = bench.build(kit)
            for again in (await source.poll(reader.cursor), await restarted.poll(reader.cursor)):
                _assert_holds(again.items, page.items)
            reader.take(page)
            if _raised(5, *titles)(reader):
                break
            await asyncio.sleep(0 if page.more else PAUSE)
        assert [_title(item) for item in reader.raised(*titles)] == titles

    async def test_the_cursor_goes_on_where_it_was_also_after_a_restart(self, bench: Bench, kit: Kit) -> None:
        await bench.change("示例：先")
        reader = Reader(self.patience)
        await reader.read_until(bench.build(kit)[0], _raised(1, "示例：先"))
        await bench.change("示例：后")
        await reader.read_until(bench.build(kit)[0], _raised(1, "示例：后"))
        assert [_title(item) for item in reader.raised("示例：先", "示例：后")] == ["示例：先", "示例：后"]

    async def test_every_change_is_a_message_of_the_contract(self, bench: Bench, kit: Kit) -> None:
        await bench.change("示例：合规")
        reader = Reader(self.patience)
        await reader.read_until(bench.build(kit)[0], _raised(1, "示例：合规"))
        for item in reader.items.values():
            assert isinstance(item, Outgoing), item
            kind = BY_TYPE[item.type]
            assert kind.inbound
            assert kind.model.model_validate_json(item.data.model_dump_json()) == item.data
            assert item.occurred_at.tzinfo is not None
        raised = reader.raised("示例：合规")[0]
        assert isinstance(raised.data, ReferralRaised)
        assert raised.case == mint_case_id(self.department, raised.data.local_number)

    async def test_papers_are_in_the_attachments_under_their_hash(self, bench: Bench, kit: Kit) -> None:
        await bench.change("示例：文书")
        reader = Reader(self.patience)
        await reader.read_until(bench.build(kit)[0], _raised(1, "示例：文书"))
        data = reader.raised("示例：文书")[0].data
        assert isinstance(data, ReferralRaised)
        assert data.papers
        for paper in data.papers:
            assert len(kit.attachments.get(paper.sha256)) == paper.size

    async def test_a_change_that_cannot_be_mapped_is_kept_and_the_rest_goes_on(
        self, bench: Bench, kit: Kit
    ) -> None:
        await bench.change("示例：前")
        await bench.change_badly("示例：不能映射")
        await bench.change("示例：后")
        reader = Reader(self.patience)
        await reader.read_until(
            bench.build(kit)[0], lambda r: _raised(2, "示例：前", "示例：后")(r) and bool(r.unmapped())
        )
        (unmapped,) = reader.unmapped()
        assert unmapped.problem
        assert unmapped.raw

    async def test_a_task_gets_the_departments_own_number(self, bench: Bench, kit: Kit) -> None:
        assigned = self.assignment()
        delivered = await self._deliver(bench.build(kit)[1], assigned, kit)
        assert delivered.local_number
        assert await self._held_of(bench, assigned) == [delivered.local_number]

    async def test_a_delivery_made_again_is_one_record_also_after_a_restart(
        self, bench: Bench, kit: Kit
    ) -> None:
        assigned = self.assignment()
        before = set(await bench.held())
        sink = bench.build(kit)[1]
        first = await self._deliver(sink, assigned, kit)
        again = await self._deliver(sink, assigned, kit)
        restarted = await self._deliver(bench.build(kit)[1], assigned, kit)
        assert first.local_number == again.local_number == restarted.local_number
        added = [held for held in await bench.held() if held not in before]
        assert added == [Held(assigned.message_id, first.local_number)]

    async def test_two_tasks_are_two_records(self, bench: Bench, kit: Kit) -> None:
        sink = bench.build(kit)[1]
        one = await self._deliver(sink, self.assignment(), kit)
        other = await self._deliver(sink, self.assignment(), kit)
        assert one.local_number != other.local_number

    async def test_a_later_message_reaches_the_record_of_its_task(self, bench: Bench, kit: Kit) -> None:
        assigned = self.assignment()
        sink = bench.build(kit)[1]
        number = (await self._deliver(sink, assigned, kit)).local_number
        ended = cancellation(assigned)
        await self._deliver(sink, ended, kit)
        await self._deliver(sink, ended, kit)
        assert await self._held_of(bench, ended) == [number]

    async def test_a_receivers_step_reaches_the_record_of_the_raised_referral(
        self, bench: Bench, kit: Kit
    ) -> None:
        await bench.change("示例：等待受理")
        source, sink = bench.build(kit)
        reader = Reader(self.patience)
        await reader.read_until(source, _raised(1, "示例：等待受理"))
        raised = reader.raised("示例：等待受理")[0]
        assert isinstance(raised.data, ReferralRaised)
        referral = referral_id(self.department, raised.local_id)
        kit.links.put(Link(raised.data.local_number, raised.case, referral))
        accepted = acceptance(raised.case, referral)
        await self._deliver(sink, accepted, kit)
        await self._deliver(sink, accepted, kit)
        assert len(await self._held_of(bench, accepted)) == 1

    async def test_a_system_that_is_away_is_trouble_and_loses_nothing(self, bench: Bench, kit: Kit) -> None:
        await bench.change("示例：离线前")
        source, sink = bench.build(kit)
        assigned = self.assignment()
        await bench.go_away()
        with pytest.raises(TransportTrouble):
            await source.poll(None)
        with pytest.raises(TransportTrouble):
            await sink.deliver(assigned)
        await bench.come_back()
        reader = Reader(self.patience)
        number = (await self._deliver(sink, assigned, kit)).local_number
        await self._patiently(lambda: reader.read_until(source, _raised(1, "示例：离线前")))
        assert len(reader.raised("示例：离线前")) == 1
        assert await self._held_of(bench, assigned) == [number]

    async def _deliver(self, sink: Sink, delivery: Delivery, kit: Kit) -> Delivered:
        """Deliver as the kit does: again while there is trouble, and the link is put afterwards."""
        delivered: list[Delivered] = []

        async def once() -> None:
            delivered.append(await sink.deliver(delivery))

        await self._patiently(once)
        if delivery.type == "task.assigned.v1" and delivered[0].local_number:
            data = delivery.data
            kit.links.put(Link(delivered[0].local_number, delivery.case, data["referral"], data["task"]))
        return delivered[0]

    async def _patiently(self, call: Callable[[], Awaitable[None]]) -> None:
        for attempt in range(self.patience):
            try:
                await call()
                return
            except TransportTrouble:
                if attempt == self.patience - 1:
                    raise
                await asyncio.sleep(PAUSE)

    async def _held_of(self, bench: Bench, delivery: Delivery) -> list[str | None]:
        return [held.local_number for held in await bench.held() if held.message_id == delivery.message_id]


def _title(item: Outgoing) -> str:
    assert isinstance(item.data, ReferralRaised)
    return item.data.title


def _assert_holds(found: Sequence[Item], expected: Sequence[Item]) -> None:
    """What was read once is read again: the same local ids with the same content, in the same order."""
    first = {item.local_id: item for item in expected}
    again = {item.local_id: item for item in found if item.local_id in first}
    assert list(again.values()) == list(first.values())
