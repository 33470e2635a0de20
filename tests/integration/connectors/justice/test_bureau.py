"""The bureau's awkward sides: busy answers, a wrong token, death in the middle; its mediators' work."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.conformance.deliveries import assignment
from connectors.profiles.engine import build
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import (
    Delivered,
    Delivery,
    DeliveryRejected,
    Kit,
    Link,
    Outgoing,
    Sink,
    Source,
    TransportTrouble,
)
from schemas.identifiers import derived_id
from schemas.messages.base import ReferralKind
from schemas.messages.referral import ReferralRaised
from tests.integration.connectors.justice.system import PROFILE, Bureau

PATIENCE, PAUSE = 1200, 0.05


@pytest.fixture
async def bureau(tmp_path: Path) -> AsyncIterator[Bureau]:
    """With the city's policies, and every fifth call answered 503."""
    started = Bureau(tmp_path / "home", "--busy-every", "5", "--pace", "0")
    await started.start()
    yield started
    await started.end(signal.SIGKILL)


def connector(bureau: Bureau, root: Path, **settings: str) -> tuple[Kit, Source, Sink]:
    token = {} if "token" in settings else {"token_file": str(bureau.home / "token")}
    all_settings = {"base_url": bureau.address, **token, **settings}
    kit = Kit("justice", MemoryLinks(), DirectoryAttachments(root / "attachments"), all_settings)
    return kit, *build(kit, PROFILE)


async def patiently(sink: Sink, delivery: Delivery) -> Delivered:
    for _ in range(PATIENCE):
        try:
            return await sink.deliver(delivery)
        except TransportTrouble as trouble:
            last = trouble
            await asyncio.sleep(PAUSE)
    raise last


async def read_until(source: Source, count: int) -> dict[str, Outgoing]:
    """At least so many changes, read through busy answers."""
    cursor, taken = None, {}
    for _ in range(PATIENCE):
        try:
            page = await source.poll(cursor)
        except TransportTrouble:
            continue
        for item in page.items:
            assert isinstance(item, Outgoing), item
            assert taken.setdefault(item.local_id, item) == item
        cursor = page.cursor
        if len(taken) >= count:
            return taken
        await asyncio.sleep(PAUSE)
    raise AssertionError(f"only {list(taken)} came")


async def test_a_mediation_is_worked_to_its_end_and_goes_on_to_the_court(
    bureau: Bureau, tmp_path: Path
) -> None:
    """Story (d): the court's F17 ends in agreement, and the bureau raises LSC in the same case."""
    kit, source, sink = connector(bureau, tmp_path)
    assigned = assignment("F17", ReferralKind.ENTRUST)
    told = Delivery(
        assigned.message_id, assigned.type, assigned.case, None, 1,
        {**assigned.data, "sender": "court", "title": "【示例d】邻里借款纠纷诉前委托调解"},
    )  # fmt: skip
    number = (await patiently(sink, told)).local_number
    assert number
    kit.links.put(Link(number, told.case, told.data["referral"], told.data["task"]))
    taken = list((await read_until(source, 6)).values())
    assert [item.type for item in taken] == [
        "task.signed.v1",
        "task.accepted.v1",
        "task.started.v1",
        "task.replied.v1",
        "task.replied.v1",
        "referral.raised.v1",
    ]
    assert {item.case for item in taken} == {told.case}
    assert {item.data.model_dump().get("task") for item in taken[:5]} == {told.data["task"]}
    assert taken[4].data.model_dump()["outcome"] == "agreement"
    raised = taken[5].data
    assert isinstance(raised, ReferralRaised)
    assert (raised.flow, raised.lead, raised.copies) == ("LSC", "court", ["petition"])
    assert raised.opened_by == told.data["referral"]
    assert [paper.code for paper in raised.papers] == ["application", "agreement"]


async def test_deliveries_outlive_the_death_of_the_system_and_are_one_record_each(
    bureau: Bureau, tmp_path: Path
) -> None:
    _, _, sink = connector(bureau, tmp_path)
    assigned = [assignment("F21", ReferralKind.ASSIGN) for _ in range(8)]
    waiting = [asyncio.create_task(patiently(sink, one)) for one in assigned]
    for _ in range(2):
        await asyncio.sleep(PAUSE)
        await bureau.end(signal.SIGKILL)
        await bureau.start()
    numbers = {one.message_id: (await task).local_number for one, task in zip(assigned, waiting, strict=True)}
    assert await bureau.end(signal.SIGTERM) == 0
    records = bureau.records()
    held = {one.delivery_id: one.number for one in records.received_log()}
    records.close()
    assert held == numbers
    assert len(set(numbers.values())) == len(assigned)


async def test_a_wrong_token_is_trouble_and_not_the_deliverys_fault(bureau: Bureau, tmp_path: Path) -> None:
    _, source, sink = connector(bureau, tmp_path, token="wrong")
    with pytest.raises(TransportTrouble, match=r"40[13]|503"):
        await source.poll(None)
    with pytest.raises(TransportTrouble, match=r"40[13]|503"):
        await sink.deliver(assignment("F21", ReferralKind.ASSIGN))


async def test_a_note_for_a_matter_that_the_system_does_not_have_is_rejected_with_its_words(
    bureau: Bureau, tmp_path: Path
) -> None:
    _, _, sink = connector(bureau, tmp_path)
    stray = derived_id("示例", "1", "task")
    data = {"referral": stray, "task": stray, "reason": "withdrawn"}
    with pytest.raises(DeliveryRejected, match=r"422.*no record at justice"):
        await patiently(sink, Delivery("stray-1", "task.cancelled.v1", stray, None, 1, data))
