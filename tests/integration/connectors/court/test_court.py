"""What is awkward about the court: slices, business codes, brackets, late changes, busy hours, kill -9."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.conformance.deliveries import acceptance, assignment
from connectors.conformance.suite import Reader
from connectors.court.mapping import build
from connectors.court.service import ANSWERS
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.ids import referral_id
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
from connectors.transports.soap import SoapService, SoapSettings, document, text_of
from schemas.identifiers import mint_case_id
from schemas.messages.base import ReferralKind
from tests.integration.connectors.court.bench import CourtBench, matter, running_court

ATTEMPTS = 400
LARGE = bytes(range(256)) * 2800


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit("court", MemoryLinks(), DirectoryAttachments(tmp_path / "papers"))


@pytest.fixture
async def court(tmp_path: Path) -> AsyncIterator[CourtBench]:
    async with running_court(tmp_path / "court") as bench:
        yield bench


async def delivered(sink: Sink, delivery: Delivery, kit: Kit) -> Delivered:
    """As the kit does: again while there is trouble, then the link."""
    for _ in range(ATTEMPTS):
        try:
            done = await sink.deliver(delivery)
        except TransportTrouble:
            await asyncio.sleep(0.05)
            continue
        if delivery.type == "task.assigned.v1" and done.local_number:
            data = delivery.data
            kit.links.put(Link(done.local_number, delivery.case, data["referral"], data["task"]))
        return done
    raise AssertionError(f"{delivery.message_id} was never taken")


async def read(source: Source, reader: Reader, enough: Callable[[Reader], bool]) -> None:
    for _ in range(ATTEMPTS):
        try:
            await reader.drain(source)
        except TransportTrouble:
            await asyncio.sleep(0.05)
            continue
        if enough(reader):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the source gave only {sorted(reader.items)}")


def with_data(delivery: Delivery, **data: Any) -> Delivery:
    merged: Mapping[str, Any] = {**delivery.data, **data}
    return Delivery(
        delivery.message_id, delivery.type, delivery.case, delivery.actor, delivery.sequence, merged
    )


async def test_every_step_of_the_officers_becomes_its_message(court: CourtBench, kit: Kit) -> None:
    source, sink = court.build(kit)
    assigned = assignment("F21", ReferralKind.ASSIGN)
    number = (await delivered(sink, assigned, kit)).local_number
    assert number is not None
    paper = {"code": "opinion", "title": "意见书", "media_type": "text/plain", "content": "意见"}
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("sign", {}, "task.signed.v1"),
        ("accept", {}, "task.accepted.v1"),
        ("propose_return", {"reason_code": "not_in_remit", "reason": "不属本院", "suggested_to": "justice"},
         "task.return_proposed.v1"),
        ("request_supplement", {"papers_wanted": ["身份证明", "合同"]}, "task.supplement_requested.v1"),
        ("start", {}, "task.started.v1"),
        ("progress", {"step_code": "hearing", "papers": [paper]}, "task.progressed.v1"),
        ("extend", {"clock": "X1", "amount": 30, "unit": "day", "approver": "示例院长", "reason": "案情复杂"},
         "task.extended.v1"),
        ("exclude", {"exclude_kind": "appraisal", "from_on": "2026-11-01", "to_on": "2026-11-09"},
         "task.excluded.v1"),
        ("restart", {"reason_code": "papers_incomplete"}, "task.restarted.v1"),
        ("hand_over", {"to_officer": "示例乙"}, "task.handed_over.v1"),
        ("fact", {"fact": "custody", "value": "released"}, "case.fact_recorded.v1"),
        ("decide_withdrawal", {"agreed": False, "reason": "已开庭"}, "referral.withdrawal_decided.v1"),
        ("reply", {"reply_code": "opinion", "outcome": "settled", "papers": [paper], "result": "已办结"},
         "task.replied.v1"),
    ]  # fmt: skip
    for kind, fields, _ in steps:
        court.records.step(number, kind, **fields)
    reader = Reader()
    await read(source, reader, lambda r: len(r.items) >= len(steps))
    items = list(reader.items.values())
    assert all(isinstance(item, Outgoing) for item in items), reader.unmapped()
    assert [item.type for item in items if isinstance(item, Outgoing)] == [type_ for _, _, type_ in steps]
    read_data = {item.type: item.data.model_dump() for item in items if isinstance(item, Outgoing)}
    assert {item.case for item in items if isinstance(item, Outgoing)} == {assigned.case}
    assert read_data["task.replied.v1"]["outcome"] == "settled"
    assert read_data["task.replied.v1"]["task"] == assigned.data["task"]
    assert read_data["task.excluded.v1"]["kind"] == "appraisal"
    assert read_data["task.supplement_requested.v1"]["papers_wanted"] == ["身份证明", "合同"]
    assert read_data["referral.withdrawal_decided.v1"]["agreed"] is False
    sha256 = read_data["task.replied.v1"]["papers"][0]["sha256"]
    assert kit.attachments.get(sha256) == "意见".encode()


async def test_the_senders_steps_on_a_raised_filing_name_its_referral(court: CourtBench, kit: Kit) -> None:
    source, sink = court.build(kit)
    number = court.records.raise_matter(matter("示例：撤回"))
    referral = referral_id("court", f"{number}/1")
    case = mint_case_id("court", number)
    court.records.step(number, "request_withdrawal", reason="已自行和解")
    reader = Reader()
    await read(source, reader, lambda r: len(r.items) >= 2)
    accepted = acceptance(case, referral)
    await delivered(sink, accepted, kit)
    court.records.step(number, "confirm", ext_task=accepted.data["task"], papers=[])
    court.records.step(number, "correct", fields=["title"], reason="笔误", title="示例：更正")
    court.records.step(number, "followup", reached=True, rating=5, opinion="满意")
    await read(source, reader, lambda r: len(r.items) >= 5)
    items = [item for item in reader.items.values() if isinstance(item, Outgoing)]
    assert [item.type for item in items] == [
        "referral.raised.v1",
        "referral.withdrawal_requested.v1",
        "reply.confirmed.v1",
        "referral.corrected.v1",
        "followup.recorded.v1",
    ]
    later = [item.data.model_dump() for item in items[1:]]
    assert {data["referral"] for data in later} == {referral}
    assert later[1]["task"] == accepted.data["task"]
    assert (later[2]["fields"], later[2]["title"]) == (["title"], "示例：更正")
    assert {item.case for item in items} == {case}


async def test_large_papers_travel_in_slices_both_ways(court: CourtBench, kit: Kit) -> None:
    source, sink = court.build(kit)
    sha256 = kit.attachments.put(LARGE)
    paper = {
        "code": "evidence",
        "title": "证据",
        "sha256": sha256,
        "size": len(LARGE),
        "media_type": "video/mp4",
    }
    await delivered(sink, with_data(assignment("F21", ReferralKind.ASSIGN), papers=[paper]), kit)
    (received,) = court.records.received_log()
    assert received.fields["papers"][0]["content"] == LARGE
    content = LARGE[::-1]
    court.records.raise_matter(matter("示例：大附件", content=content))
    reader = Reader()
    await read(source, reader, lambda r: bool(r.raised("示例：大附件")))
    raised = reader.raised("示例：大附件")[0].data.model_dump()
    assert kit.attachments.get(raised["papers"][0]["sha256"]) == content


async def test_a_paper_that_has_not_come_yet_is_waited_for(
    court: CourtBench, kit: Kit, tmp_path: Path
) -> None:
    content = "尚未到达".encode()
    sha256 = DirectoryAttachments(tmp_path / "elsewhere").put(content)
    paper = {
        "code": "x_ray",
        "title": "片子",
        "sha256": sha256,
        "size": len(content),
        "media_type": "text/plain",
    }
    assigned = with_data(assignment("F21", ReferralKind.ASSIGN), papers=[paper])
    _, sink = court.build(kit)
    with pytest.raises(TransportTrouble, match=sha256):
        await sink.deliver(assigned)
    assert await court.held() == []
    kit.attachments.put(content)
    await delivered(sink, assigned, kit)
    (received,) = court.records.received_log()
    assert received.fields["papers"][0]["code"] == "x_ray", (
        "a code without one of the court's is kept in words"
    )


async def test_what_the_court_cannot_take_is_rejected_with_field_value_and_allowed(
    court: CourtBench, kit: Kit
) -> None:
    _, sink = court.build(kit)
    with pytest.raises(DeliveryRejected, match=r"E2003.*lcdm: 'F99', allowed: .*2101"):
        await sink.deliver(with_data(assignment("F21", ReferralKind.ASSIGN), flow="F99"))
    with pytest.raises(DeliveryRejected, match="ajjs"):
        await sink.deliver(with_data(assignment("F21", ReferralKind.ASSIGN), summary="响铃\x07"))
    assert await court.held() == []


async def test_fields_without_an_element_are_handed_over_in_words(court: CourtBench, kit: Kit) -> None:
    _, sink = court.build(kit)
    assigned = assignment("F21", ReferralKind.ASSIGN)
    await delivered(sink, assigned, kit)
    refused = Delivery(
        message_id="refusal-1",
        type="message.refused.v1",
        case=assigned.case,
        actor=None,
        sequence=2,
        data={
            "message": "m-1",
            "type": "task.replied.v1",
            "reason": "illegal_step",
            "detail": "not now",
            "detail_zh": "当前状态不允许这一步骤",
            "allowed": ["task.signed.v1"],
            "task": assigned.data["task"],
        },
    )
    unknown = Delivery(
        "note-1", "deadline.warned.v1", assigned.case, None, 3, {"clock": "X7", "left_days": 3}
    )
    await delivered(sink, refused, kit)
    await delivered(sink, unknown, kit)
    first, second, third = court.records.received_log()
    assert (second.kind, second.fields["detail_zh"]) == ("refused", "当前状态不允许这一步骤")
    assert (third.kind, third.fields["type"], third.fields["left_days"]) == (
        "note",
        "deadline.warned.v1",
        "3",
    )
    assert first.number == second.number == third.number


async def test_numbers_are_one_whatever_the_brackets(court: CourtBench, kit: Kit) -> None:
    source, _ = court.build(kit)
    numbers = [court.records.raise_matter(matter(f"示例：括号 {n}")) for n in range(8)]
    reader = Reader()
    await read(source, reader, lambda r: len(r.items) >= 8)
    raised = [
        item.data.model_dump()["local_number"] for item in reader.items.values() if isinstance(item, Outgoing)
    ]
    assert raised == numbers
    service = SoapService(SoapSettings(wsdl=court.wsdl), ANSWERS)
    asked = {"kssj": "20260101 00:00:00", "jssj": None, "ym": "1", "mys": "50"}
    given = [
        text_of(change, "ajbh") or ""
        for change in (await service.call("cxBg", document("cx", asked))).iter("bg")
    ]
    assert {number[0] for number in given} == {"(", "（"}, "the court gives out both forms"


async def test_more_changes_than_a_page_and_late_ones_are_all_read_in_order(
    court: CourtBench, kit: Kit
) -> None:
    source, sink = court.build(kit)
    numbers = []
    reader = Reader()
    for _ in range(12):
        number = (await delivered(sink, assignment("F21", ReferralKind.ASSIGN), kit)).local_number
        assert number is not None
        numbers.append(number)
        for kind in ("sign", "accept", "start"):
            court.records.step(number, kind)
        court.records.raise_matter(matter(f"示例：另案 {number}"))
        await reader.drain(source)
    for number in numbers:
        for _ in range(5):
            court.records.step(number, "progress", step_code="visit")
    written = [step.key for step in court.records.steps_after(0, 1000)]
    await read(source, reader, lambda r: len(r.items) >= len(written))
    assert sorted(reader.items) == sorted(written)
    for number in numbers:
        own = [key for key in reader.items if key.startswith(f"{number}/")]
        assert own == [f"{number}/{n}" for n in range(1, 9)]
    assert not (await source.poll(reader.cursor)).items, "what was read once is not read for ever"


async def test_a_delivery_made_again_is_e1001_with_the_old_number_also_after_kill_9(
    court: CourtBench,
) -> None:
    given = {
        "bwid": "d-1",
        "ywlx": "01",
        "lcdm": "2101",
        "zxlx": "1",
        "wbaj": "aj",
        "wbys": "ys",
        "wbrw": "rw",
        "ajmc": "示例：重复报送",
    }

    async def give() -> tuple[str | None, str | None]:
        service = SoapService(SoapSettings(wsdl=court.wsdl), ANSWERS)
        answer = await service.call("jsYw", document("yw", given))
        return text_of(answer, "code"), text_of(answer, "ajbh")

    code, number = await give()
    assert (code, await give()) == ("0000", ("E1001", number))
    await court.go_away()
    await court.come_back()
    assert await give() == ("E1001", number)


async def test_a_busy_court_loses_and_doubles_nothing(tmp_path: Path, kit: Kit) -> None:
    async with running_court(tmp_path / "court", "--busy-every", "3") as court:
        source, sink = court.build(kit)
        deliveries = [assignment("F21", ReferralKind.ASSIGN) for _ in range(10)]
        numbers = [(await delivered(sink, one, kit)).local_number for one in deliveries]
        for number in numbers:
            court.records.step(str(number), "sign")
        reader = Reader()
        await read(source, reader, lambda r: len(r.items) >= 10)
        assert [held.message_id for held in await court.held()] == [one.message_id for one in deliveries]
        assert len(set(numbers)) == 10


async def test_kill_9_in_the_middle_loses_and_doubles_nothing(tmp_path: Path, kit: Kit) -> None:
    """The court is killed again and again while deliveries come in, officers work, and changes are read."""
    home = tmp_path / "court"
    async with running_court(home) as court:
        court.records.raise_matter(matter("示例：先有一件"))
    bench = CourtBench(home, "--busy-every", "7", "--pace", "0.01")
    await bench.come_back()
    source, sink = bench.build(kit)
    deliveries = [assignment("F21", ReferralKind.ASSIGN) for _ in range(24)]
    reader, done = Reader(), asyncio.Event()

    async def write() -> None:
        for one in deliveries:
            await delivered(sink, one, kit)
            await asyncio.sleep(0.05)
        done.set()

    async def read_on() -> None:
        while not done.is_set():
            with suppress(TransportTrouble):
                await reader.drain(source)
            await asyncio.sleep(0.05)

    async def kill() -> None:
        for _ in range(3):
            await asyncio.sleep(0.5)
            await bench.go_away()
            await bench.come_back()

    try:
        await asyncio.gather(write(), read_on(), kill())
        held = await bench.held()
        assert [one.message_id for one in held] == [one.message_id for one in deliveries]
        assert len({one.local_number for one in held}) == len(deliveries)

        def all_read(known: Reader) -> bool:
            signed = sum(
                isinstance(item, Outgoing) and item.type == "task.signed.v1" for item in known.items.values()
            )
            return signed >= len(deliveries) and set(known.items) >= {
                s.key for s in bench.records.steps_after(0, 9999)
            }

        await read(source, reader, all_read)
        assert not reader.unmapped()
        for one in held:
            keys = [key for key in reader.items if key.startswith(f"{one.local_number}/")]
            assert keys == [f"{one.local_number}/{n}" for n in range(1, len(keys) + 1)]
    finally:
        await bench.go_away()
        bench.records.close()


async def test_it_stops_on_sigterm_and_goes_on_with_its_plan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.jsonl"
    plan.write_text("".join(f"{matter(f'示例：计划 {n}').to_json()}\n" for n in range(3)), "utf-8")
    async with running_court(tmp_path / "court", "--plan", str(plan)) as court:
        for _ in range(ATTEMPTS):
            if len(court.records.all_records()) == 3:
                break
            await asyncio.sleep(0.05)
        assert await court.stop() == 0
        await court.come_back()
        assert await court.stop() == 0
        assert [record.title for record in court.records.all_records()] == [
            f"示例：计划 {n}" for n in range(3)
        ]


async def test_soap_faults_and_unreadable_answers(court: CourtBench, kit: Kit) -> None:
    address = court.wsdl.removesuffix("?wsdl")
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(address, content=b"<no-envelope/>")
        assert answer.status_code == 500
        assert "Client" in answer.text
    service = SoapService(SoapSettings(wsdl=court.wsdl), ANSWERS)
    with pytest.raises(TransportTrouble, match="names no such operation"):
        await service.call("scAj", document("x", {}))
    with pytest.raises(DeliveryRejected, match=r"E2003.*mys: '51', allowed: 1-50"):
        await service.call("cxBg", document("cx", {"kssj": "20260101 00:00:00", "ym": "1", "mys": "51"}))
    elsewhere = SoapService(SoapSettings(wsdl=court.wsdl, address=f"{address}x"), ANSWERS)
    with pytest.raises(TransportTrouble, match="404"):
        await elsewhere.call("cxBg", document("cx", {}))


def test_wrong_settings_name_the_field(kit: Kit) -> None:
    with pytest.raises(ValueError, match=r"(?s)wsdl.*ftp://court/x.*must be an http or https address"):
        build(Kit("court", kit.links, kit.attachments, {"wsdl": "ftp://court/x"}))
    with pytest.raises(ValueError, match=r"(?s)page_size.*less than or equal to 50"):
        build(Kit("court", kit.links, kit.attachments, {"wsdl": "http://court/x", "page_size": 51}))
