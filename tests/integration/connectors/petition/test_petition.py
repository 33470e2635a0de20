"""What is special to the petition office: bad days, kill -9, lost answers, its words both ways."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.conformance.deliveries import acceptance, assignment
from connectors.petition.mapping import build
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import (
    Delivered,
    DeliveryRejected,
    Kit,
    Link,
    Outgoing,
    Page,
    Sink,
    Source,
    TransportTrouble,
    Unmapped,
)
from deploy.sandbox.core.matter import write_plan
from deploy.sandbox.core.plan import plan
from deploy.sandbox.core.records import Records
from schemas.messages import BY_TYPE
from schemas.messages.base import ReferralKind
from tests.integration.connectors.petition.system import Office, idle_policies

PLANNED = 30
PAPER = {"code": "opinion", "title": "意见书", "media_type": "text/plain", "content": "示例"}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office on bad days: of ten calls one is busy, one answered 503 after the work, one slow."""
    policies = idle_policies(tmp_path)
    planned = tmp_path / "plan.jsonl"
    write_plan(planned, plan(5, PLANNED * 2)["petition"][:PLANNED])
    office = Office(
        tmp_path / "office",
        "--trouble",
        "10",
        "--pace",
        "0.01",
        "--policies",
        str(policies),
        "--plan",
        str(planned),
    )
    await office.start()
    yield office
    await office.stop()


@pytest.fixture
def kit(tmp_path: Path, office: Office) -> Kit:
    attachments = DirectoryAttachments(tmp_path / "kit-attachments")
    return Kit("petition", MemoryLinks(), attachments, office.settings | {"page": 5})


class Reader:
    """Keeps the cursor and the first form of each change, as the kit does."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.items: dict[str, Outgoing | Unmapped] = {}

    def take(self, page: Page) -> None:
        for item in page.items:
            self.items.setdefault(item.local_id, item)
        self.cursor = page.cursor

    def unmapped(self) -> list[Unmapped]:
        return [item for item in self.items.values() if isinstance(item, Unmapped)]


async def read_all(reader: Reader, source: Source, count: int) -> list[Outgoing]:
    """Reads through trouble until `count` matters were read."""
    for _ in range(2000):
        try:
            reader.take(await source.poll(reader.cursor))
        except TransportTrouble:
            await asyncio.sleep(0.01)
        found = [item for item in reader.items.values() if isinstance(item, Outgoing)]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"read only {sorted(reader.items)}")


async def deliver(sink: Sink, delivery: object) -> Delivered:
    for _ in range(200):
        try:
            return await sink.deliver(delivery)  # type: ignore[arg-type]
        except TransportTrouble:
            await asyncio.sleep(0.01)
    raise AssertionError("the office never took the delivery")


async def test_everything_planned_is_read_once_through_bad_days_and_kill_9(office: Office, kit: Kit) -> None:
    reader = Reader()
    source = build(kit)[0]
    await read_all(reader, source, 5)
    await office.kill()
    with pytest.raises(TransportTrouble):
        await source.poll(reader.cursor)
    await office.start()
    found = await read_all(reader, source, PLANNED)
    numbers = [item.data.local_number for item in found]  # type: ignore[attr-defined]
    assert numbers == [f"{numbers[0][:8]}{n:06d}" for n in range(1, PLANNED + 1)]
    titles = [matter.title for matter in plan(5, PLANNED * 2)["petition"][:PLANNED]]
    assert [item.data.title for item in found] == titles  # type: ignore[attr-defined]


async def test_an_answer_that_was_lost_makes_no_second_record(office: Office, kit: Kit) -> None:
    sink = build(kit)[1]
    assigned = [assignment("LSC", ReferralKind.REQUEST) for _ in range(12)]
    numbers = [(await deliver(sink, one)).local_number for one in assigned]
    assert len(set(numbers)) == len(assigned)
    with_records = Records(office.home / "records.db", "petition")
    held = [item for item in with_records.received_log() if item.kind == "task"]
    with_records.close()
    assert [(item.delivery_id, item.number) for item in held] == [
        (one.message_id, number) for one, number in zip(assigned, numbers, strict=True)
    ]


async def test_it_stops_when_it_is_told_to(office: Office) -> None:
    assert await office.stop() == 0


async def test_a_wrong_token_is_trouble_and_says_so(office: Office, kit: Kit) -> None:
    settings = {name: value for name, value in office.settings.items() if name != "token_file"}
    source = build(replace(kit, settings=settings | {"token": "wrong"}))[0]
    await office.stop()
    office.options = ("--trouble", "0", *office.options[2:])
    await office.start()
    with pytest.raises(TransportTrouble, match="401"):
        await source.poll(None)


async def test_a_refusal_names_field_value_and_what_is_allowed(office: Office, kit: Kit) -> None:
    sink = build(kit)[1]
    assigned = assignment("LSC", ReferralKind.REQUEST)
    odd = replace(assigned, data={**assigned.data, "track": "sideways"})
    with pytest.raises(DeliveryRejected, match=r"field 'nr\.lx', value 'sideways', allowed \['PT', 'YN'\]"):
        await deliver(sink, odd)


async def test_a_delivery_about_an_unknown_matter_is_rejected(office: Office, kit: Kit) -> None:
    with pytest.raises(DeliveryRejected, match="no record at petition"):
        await deliver(
            build(kit)[1], acceptance("0b9f6a3e-6a53-5c1d-9d3c-4b4d5ff3cafe", assignment_referral())
        )


def assignment_referral() -> str:
    return str(assignment("LSC", ReferralKind.REQUEST).data["referral"])


STEPS: dict[str, dict[str, object]] = {
    "sign": {},
    "accept": {},
    "propose_return": {"reason_code": "not_in_remit", "reason": "不属", "suggested_to": "justice"},
    "request_supplement": {"papers_wanted": ["来信"], "reason": "不全"},
    "start": {},
    "progress": {"step_code": "site_visit", "papers": [PAPER]},
    "reply": {"reply_code": "opinion", "outcome": "settled", "papers": [PAPER], "result": "办结"},
    "extend": {"clock": "X7", "amount": 30, "unit": "day", "approver": "示例局长", "reason": "复杂"},
    "exclude": {"exclude_kind": "appraisal", "from_on": "2026-11-02", "to_on": "2026-11-05"},
    "restart": {"reason_code": "new_facts"},
    "hand_over": {"to_officer": "示例接手人", "reason": "轮岗"},
    "fact": {"fact": "custody", "value": "released"},
    "decide_withdrawal": {"agreed": True, "reason": "同意"},
    "decide_return": {"ext_task": None, "agreed": False, "reason": "仍属"},
    "provide_supplement": {"ext_task": None, "papers": [PAPER]},
    "confirm": {"ext_task": None, "papers": [PAPER]},
    "rework": {"ext_task": None, "reason": "没有答复"},
    "request_withdrawal": {"reason": "撤回"},
    "correct": {"fields": ["title"], "title": "更正后的标题", "reason": "笔误"},
    "followup": {"reached": True, "rating": 5, "opinion": "满意"},
}


async def test_every_step_an_officer_can_take_becomes_its_message(office: Office, kit: Kit) -> None:
    source, sink = build(kit)
    reader = Reader()
    await read_all(reader, source, PLANNED)
    assigned = assignment("LSC", ReferralKind.REQUEST)
    number = (await deliver(sink, assigned)).local_number
    assert number is not None
    kit.links.put(Link(number, assigned.case, assigned.data["referral"], assigned.data["task"]))
    records = Records(office.home / "records.db", "petition")
    for kind, fields in STEPS.items():
        own = {name: assigned.data["task"] if name == "ext_task" else value for name, value in fields.items()}
        records.step(number, kind, officer="示例", document="示例〔2026〕1号", note="备注", **own)
    records.close()
    found = (await read_all(reader, source, PLANNED + len(STEPS)))[PLANNED:]
    assert len({item.type for item in found}) == len(STEPS)
    for item in found:
        assert item.case == assigned.case
        assert BY_TYPE[item.type].model.model_validate(item.data.model_dump()) == item.data
        assert getattr(item.data, "referral", assigned.data["referral"]) in (assigned.data["referral"], None)
        assert getattr(item.data, "task", assigned.data["task"]) == assigned.data["task"]
        assert item.data.officer == "示例"  # type: ignore[attr-defined]
    assert not reader.unmapped()
