"""Public security through gates that tear, delay and repeat, with everything killed in the middle."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.conformance.deliveries import assignment
from connectors.public_security.mapping import Documents, build
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.ids import referral_id
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import Delivered, Delivery, Kit, Link, Outgoing, Sink, TransportTrouble, Unmapped
from connectors.transports.directory import LocalDirectory
from connectors.transports.file_package import ChannelSettings, PackageSink
from deploy.sandbox.core.matter import Matter, write_plan
from deploy.sandbox.core.plan import plan
from deploy.sandbox.core.records import Records
from deploy.sandbox.public_security.register import Register
from schemas.messages.base import ReferralKind
from schemas.messages.referral import ReferralRaised
from tests.integration.connectors.public_security.system import IDLE, InsideNetwork, matter

QUICK = ("--resend-after", "0.5", "--receipts-every", "0.05", "--pace", "0")
AWKWARD = ("--torn", "30", "--late", "30", "--twice", "30")
PATIENCE, PAUSE = 1200, 0.05


class Connector:
    """The kit's part around the ports: the cursor and what was read survive, the objects do not."""

    def __init__(self, root: Path, system: InsideNetwork) -> None:
        directories = {"incoming": str(system.exchange / "out"), "outgoing": str(system.exchange / "in")}
        settings = {"receipt_wait": 1.0, "scan_interval": 0.05, "resend_after": 1.0, "page_size": 7}
        attachments = DirectoryAttachments(root / "attachments")
        self.kit = Kit("public_security", MemoryLinks(), attachments, {**settings, **directories})
        self.cursor: str | None = None
        self.taken: dict[str, Outgoing] = {}
        self.problems: dict[str, Unmapped] = {}

    async def poll(self) -> None:
        """One poll by a connector that was started anew."""
        page = await build(self.kit)[0].poll(self.cursor)
        self.cursor = page.cursor
        for item in page.items:
            if isinstance(item, Unmapped):
                self.problems[item.local_id] = item
            else:
                assert self.taken.setdefault(item.local_id, item) == item
                self.problems.pop(item.local_id, None)
                if isinstance(item.data, ReferralRaised):
                    referral = referral_id("public_security", item.local_id)
                    self.kit.links.put(Link(item.data.local_number, item.case, referral))

    async def poll_until(self, enough: Callable[[], bool]) -> None:
        for _ in range(PATIENCE):
            await self.poll()
            if enough():
                return
            await asyncio.sleep(PAUSE)
        raise AssertionError(
            f"only {len(self.taken)} changes came, with {[one.problem for one in self.problems.values()]}"
        )

    def raised(self) -> list[ReferralRaised]:
        return [item.data for item in self.taken.values() if isinstance(item.data, ReferralRaised)]


async def patiently(sink: Sink, delivery: Delivery) -> Delivered:
    for _ in range(PATIENCE):
        try:
            return await sink.deliver(delivery)
        except TransportTrouble as trouble:
            last = trouble
            await asyncio.sleep(PAUSE)
    raise last


async def until_answered(sink: Sink, delivery: Delivery) -> Delivered:
    """Deliver until a receipt of any kind is there."""
    while True:
        try:
            return await sink.deliver(delivery)
        except TransportTrouble as trouble:
            if "no receipt yet" not in str(trouble):
                raise


@asynccontextmanager
async def inside(home: Path, *options: str, policies: str | None = IDLE) -> AsyncIterator[InsideNetwork]:
    home.mkdir(parents=True)
    if policies is not None:
        (home / "policies.yaml").write_text(policies, "utf-8")
        options = (*options, "--policies", str(home / "policies.yaml"))
    system = InsideNetwork(home, *QUICK, *options)
    await system.start()
    try:
        yield system
    finally:
        await system.end(signal.SIGKILL)


def reading(system: InsideNetwork, what: Callable[[Any], Any]) -> Any:
    records = system.records()
    try:
        return what(records)
    finally:
        records.close()


def raise_matter(system: InsideNetwork, raised: Matter) -> str:
    number: str = reading(system, lambda records: records.raise_matter(raised))
    return number


def _two_steps(records: Records, number: str) -> None:
    records.step(number, "fact", fact="custody", value="detained")
    records.step(number, "request_withdrawal", reason="示例")


@pytest.mark.covers("DESIGN 2.1", "DESIGN 2.2")
async def test_nothing_is_lost_doubled_or_left_lying_when_both_sides_are_killed(tmp_path: Path) -> None:
    titles = [f"示例案件 {n}" for n in range(40)]
    async with inside(tmp_path / "home", *AWKWARD) as system:
        connector = Connector(tmp_path, system)
        for n, title in enumerate(titles):
            number = raise_matter(system, matter(title))
            reading(system, partial(_two_steps, number=number))
            if n % 8 == 0:
                await system.end(signal.SIGKILL)
                await connector.poll()
                await system.start()
            await connector.poll()
        await connector.poll_until(lambda: len(connector.taken) == 3 * len(titles) and not connector.problems)
        await connector.poll_until(lambda: not _waiting(system))
        await connector.poll_until(lambda: not list((system.exchange / "out").glob("*.zip")))
        torn = list((system.exchange / "out" / "torn").glob("*.zip"))
    assert sorted(data.title for data in connector.raised()) == sorted(titles)
    assert torn
    by_case: defaultdict[str, list[str]] = defaultdict(list)
    for item in connector.taken.values():
        by_case[item.case].append(item.type)
    assert all(
        types == ["referral.raised.v1", "case.fact_recorded.v1", "referral.withdrawal_requested.v1"]
        for types in by_case.values()
    )


def _waiting(system: InsideNetwork) -> list[int]:
    register = Register(system.home / "register.db")
    try:
        return list(register.waiting())
    finally:
        register.close()


async def test_a_delivery_outlives_the_death_of_its_receiver_and_is_one_record(tmp_path: Path) -> None:
    async with inside(tmp_path / "home") as system:
        connector = Connector(tmp_path, system)
        assigned = [assignment("F21", ReferralKind.ASSIGN) for _ in range(6)]
        await system.end(signal.SIGKILL)
        sink = build(connector.kit)[1]
        waiting = [asyncio.create_task(patiently(sink, one)) for one in assigned]
        for _ in range(3):
            await system.start()
            await asyncio.sleep(PAUSE)
            await system.end(signal.SIGKILL)
        await system.start()
        numbers = [(await one).local_number for one in waiting]
        again = await patiently(build(connector.kit)[1], assigned[0])
        held = reading(system, lambda records: records.received_log())
    assert again.local_number == numbers[0]
    assert {one.delivery_id: one.number for one in held} == {
        one.message_id: number for one, number in zip(assigned, numbers, strict=True)
    }
    assert len(held) == len(set(numbers)) == len(assigned)


class TearingDirectory(LocalDirectory):
    """A gate that cuts off the first file of each name."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.torn: set[str] = set()

    async def write(self, name: str, content: bytes) -> None:
        cut = name not in self.torn
        self.torn.add(name)
        await super().write(name, content[: len(content) // 2] if cut else content)


async def test_a_delivery_torn_at_the_gate_is_sent_again(tmp_path: Path) -> None:
    async with inside(tmp_path / "home") as system:
        gate = TearingDirectory(system.exchange / "in")
        settings = ChannelSettings(receipt_wait=1.0, scan_interval=0.05)
        kit = Connector(tmp_path, system).kit
        sink = PackageSink(LocalDirectory(system.exchange / "out"), gate, Documents(kit), settings)
        assigned = assignment("F21", ReferralKind.ASSIGN)
        with pytest.raises(TransportTrouble, match="damaged"):
            await until_answered(sink, assigned)
        delivered = await patiently(sink, assigned)
        held = reading(system, lambda records: records.received_log())
    assert [one.number for one in held] == [delivered.local_number]


async def test_papers_above_the_package_limit_travel_in_slices_both_ways(tmp_path: Path) -> None:
    limit, content = 16 * 1024, b"".join(n.to_bytes(4) for n in range(50_000))
    async with inside(tmp_path / "home", "--package-limit", str(limit), *AWKWARD) as system:
        connector = Connector(tmp_path, system)
        kit = connector.kit
        raise_matter(system, matter("示例：大案卷", content=content))
        await connector.poll_until(lambda: len(connector.taken) == 1)
        assert len(list((system.exchange / "out").glob("BW_*~*.zip"))) > 10
        (paper,) = connector.raised()[0].papers
        assert kit.attachments.get(paper.sha256) == content
        assigned = assignment("F21", ReferralKind.ASSIGN)
        whole = Delivery(
            assigned.message_id, assigned.type, assigned.case, None, 1,
            {**assigned.data, "papers": [paper.model_dump(mode="json")]},
        )  # fmt: skip
        small = {**kit.settings, "package_limit": limit}
        sink = build(Kit(kit.department, kit.links, kit.attachments, small))[1]
        await patiently(sink, whole)
        (held,) = reading(system, lambda records: records.received_log())
        assert [one["content"] for one in held.fields["papers"]] == [content]
        assert all(path.stat().st_size <= limit for path in system.exchange.rglob("*.zip"))


async def test_the_officers_work_a_task_to_its_end_and_each_step_is_a_message(tmp_path: Path) -> None:
    """The story of an execution (F9): with the city's own policies, through the whole channel."""
    async with inside(tmp_path / "home", *AWKWARD, policies=None) as system:
        connector = Connector(tmp_path, system)
        assigned = assignment("F9", ReferralKind.TRANSFER)
        await patiently(build(connector.kit)[1], assigned)

        def is_over() -> bool:
            return any(
                item.type == "task.replied.v1" and item.data.model_dump()["outcome"]
                for item in connector.taken.values()
            )

        await connector.poll_until(is_over)
    types = [item.type for item in connector.taken.values()]
    assert types[:3] == ["task.signed.v1", "task.accepted.v1", "task.started.v1"]
    for item in connector.taken.values():
        data = item.data.model_dump()
        assert (item.case, data["referral"], data["task"]) == (
            assigned.case,
            assigned.data["referral"],
            assigned.data["task"],
        )


async def test_the_plan_is_raised_once_however_often_the_process_dies(tmp_path: Path) -> None:
    matters = plan(seed=3, n=60)["public_security"]
    path = tmp_path / "plan.jsonl"
    write_plan(path, matters)
    async with inside(tmp_path / "home", "--plan", str(path), policies=None) as system:
        connector = Connector(tmp_path, system)
        for _ in range(4):
            await connector.poll()
            await system.end(signal.SIGKILL)
            await system.start()
        await connector.poll_until(lambda: len(connector.raised()) >= len(matters))
        assert await system.end(signal.SIGTERM) == 0
    assert sorted(data.title for data in connector.raised()) == sorted(one.title for one in matters)
