"""Whole lives of matters through the real stand-in, with its disorder, and with kill -9 in between."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from connectors.procuratorate.mapping import build
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.ids import message_id, referral_id
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import Delivered, Delivery, DeliveryRejected, Kit, Link, Outgoing, TransportTrouble
from hub.embedded.postgres import EmbeddedPostgres
from schemas.identifiers import mint_case_id
from schemas.messages.base import Paper, Party, ReferralKind
from schemas.messages.outbound import MessageRefused, TaskAssigned, TaskRole
from schemas.messages.task import TaskReplied
from tests.integration.connectors.procuratorate.bench import StandIn, matter, running

LEGAL_AT = "2026-11-20T09:30:00+08:00"
ROUNDS, PAUSE = 600, 0.05


class Connector:
    """The mapping with as much of the kit as a test needs: what was read, by local id, in order."""

    def __init__(self, dsn: str, directory: Path) -> None:
        self.kit = Kit("procuratorate", MemoryLinks(), DirectoryAttachments(directory), {"dsn": dsn})
        self.cursor: str | None = None
        self.read: dict[str, Outgoing] = {}
        self.restart()

    def restart(self) -> None:
        self.source, self.sink = build(self.kit)

    async def poll(self) -> None:
        more = True
        while more:
            page = await self.source.poll(self.cursor)
            for item in page.items:
                assert isinstance(item, Outgoing), item
                assert self.read.setdefault(item.local_id, item) == item
            self.cursor, more = page.cursor, page.more

    async def wait_for(self, count: int, type_: str) -> list[Outgoing]:
        for _ in range(ROUNDS):
            await self.poll()
            found = [item for item in self.read.values() if item.type == type_]
            if len(found) >= count:
                return found
            await asyncio.sleep(PAUSE)
        raise AssertionError(f"only {[item.type for item in self.read.values()]}")

    async def deliver(self, delivery: Delivery) -> Delivered:
        for _ in range(ROUNDS):
            try:
                return await self.sink.deliver(delivery)
            except TransportTrouble:
                await asyncio.sleep(PAUSE)
        raise AssertionError("not taken in")


@pytest.fixture
async def system(tmp_path: Path, database: str) -> AsyncIterator[StandIn]:
    async with running(tmp_path / "home", database) as system:
        yield system


@pytest.fixture
async def connector(system: StandIn, tmp_path: Path) -> AsyncIterator[Connector]:
    connector = Connector(system.dsn, tmp_path / "attachments")
    yield connector
    await connector.source.aclose()


def assigned(connector: Connector, flow: str, title: str, role: TaskRole = TaskRole.LEAD) -> Delivery:
    sent = uuid4().hex
    content = "起诉意见书：示例𠮷".encode()
    paper = Paper(
        code="prosecution_opinion",
        title="起诉意见书",
        sha256=connector.kit.attachments.put(content),
        size=len(content),
        media_type="text/plain",
    )
    data = TaskAssigned(
        referral=referral_id("public_security", sent),
        task=mint_case_id("task", sent),
        role=role,
        flow=flow,
        kind=ReferralKind.TRANSFER,
        sender="public_security",
        sender_number="A9901002026110000001",
        lead="procuratorate",
        legal_at=LEGAL_AT,
        title=title,
        summary="合成数据，𠮷、䶮 不在 GBK 之内",
        region="990100",
        parties=[Party(role="suspect", name="示例𠮷", phone="00000000000")],
        papers=[paper, paper.model_copy(update={"code": "a_new_paper", "title": "新文书"})],
        in_custody=False,
    )
    dumped = data.model_dump(mode="json", exclude_none=True)
    return Delivery(str(uuid4()), "task.assigned.v1", mint_case_id("public_security", sent), None, 1, dumped)


async def hand_over(connector: Connector, delivery: Delivery) -> str:
    number = (await connector.deliver(delivery)).local_number
    assert number
    data = delivery.data
    connector.kit.links.put(Link(number, delivery.case, data["referral"], data["task"]))
    return number


def note(type_: str, case: str, actor: str | None, data: dict[str, Any]) -> Delivery:
    return Delivery(str(uuid4()), type_, case, actor, 2, data)


def types_of(items: Sequence[Outgoing], number: str) -> list[str]:
    return [item.type for item in items if item.local_id.startswith(f"{number}/")]


async def test_a_task_is_held_there_as_it_was_sent(system: StandIn, connector: Connector) -> None:
    delivery = assigned(connector, "F9", "示例：抄送", TaskRole.COPY)
    record = system.records.record(await hand_over(connector, delivery))
    sent = delivery.data
    assert (record.flow, record.role, record.ext_case) == ("F9", "copy", delivery.case)
    assert (record.ext_referral, record.ext_task) == (sent["referral"], sent["task"])
    alike = ("title", "summary", "region", "sender", "sender_number", "kind", "in_custody", "parties")
    assert {name: record.content[name] for name in alike} == {name: sent[name] for name in alike}
    assert record.content["legal_at"] == LEGAL_AT
    assert [(paper["code"], paper["sha256"]) for paper in record.content["papers"]] == [
        (paper["code"], paper["sha256"]) for paper in sent["papers"]
    ]


async def test_prosecution_with_a_return_for_investigation_through_kill_9(
    system: StandIn, connector: Connector
) -> None:
    delivery = assigned(connector, "F4", "【示例】合成案件")
    number = await hand_over(connector, delivery)
    await connector.wait_for(1, "referral.raised.v1")
    await system.kill()
    await system.start()
    await connector.source.aclose()
    connector.restart()

    supplementary = next(item for item in connector.read.values() if item.type == "referral.raised.v1")
    own = supplementary.data.model_dump(mode="json")
    assert (own["flow"], own["opened_by"], supplementary.case) == (
        "F5",
        delivery.data["referral"],
        delivery.case,
    )
    referral = referral_id("procuratorate", supplementary.local_id)
    connector.kit.links.put(Link(own["local_number"], delivery.case, referral))
    answer = TaskReplied(
        referral=referral,
        task=mint_case_id("task", referral),
        legal_at=LEGAL_AT,
        reply="supplement_report",
        outcome="supplemented",
        result="已补充侦查完毕",
    )
    replied = answer.model_dump(mode="json", exclude_none=True)
    held = await connector.deliver(note("task.replied.v1", delivery.case, "public_security", replied))
    assert held.local_number == own["local_number"]

    raised = await connector.wait_for(2, "referral.raised.v1")
    steps = ["task.signed.v1", "task.accepted.v1", "task.started.v1", "task.replied.v1", "task.replied.v1"]
    assert types_of(list(connector.read.values()), number) == steps
    assert [item.data.model_dump()["flow"] for item in raised] == ["F5", "F6"]
    assert {item.case for item in connector.read.values()} == {delivery.case}
    (received,) = (one for one in system.records.received_log() if one.kind == "replied")
    wanted = {name: replied[name] for name in ("reply", "outcome", "result")} | {"actor": "public_security"}
    assert {name: received.fields[name] for name in wanted} == wanted
    assert_says_what_the_records_say(system, connector)


async def test_nothing_is_lost_or_doubled_while_it_is_killed_again_and_again(
    system: StandIn, connector: Connector
) -> None:
    deliveries = [assigned(connector, "F21", f"示例：第{place}件") for place in range(12)]

    async def killing() -> None:
        for _ in range(3):
            await asyncio.sleep(0.3)
            await system.kill()
            await system.start()

    kills = asyncio.create_task(killing())
    numbers = [await hand_over(connector, delivery) for delivery in deliveries]
    for place in range(25):
        system.records.raise_matter(matter(f"示例：公诉{place}"))
        await connector.poll()
    await kills
    again = [(await connector.deliver(delivery)).local_number for delivery in deliveries]
    assert again == numbers
    assert len(set(numbers)) == 12
    for _ in range(ROUNDS):
        await connector.poll()
        if set(connector.read) == {step.key for step in system.records.steps_after(0, 10_000)} and is_quiet(
            system
        ):
            break
        await asyncio.sleep(PAUSE)
    assert_says_what_the_records_say(system, connector)
    assert len(await connector.wait_for(25, "referral.raised.v1")) == 25
    assert await rows_in(system, '(select distinct tysah from "T_AJH") each') == 25 + 12
    assert await rows_in(system, '"T_SC_OUT"'), "the stand-in made no disorder"
    for _ in range(ROUNDS):
        await connector.poll()
        if not (untaken := await rows_in(system, """"T_CZ_OUT" where upload_status = '0'""")):
            break
        await asyncio.sleep(PAUSE)
    assert untaken == 0


async def rows_in(system: StandIn, table: str) -> int:
    connection = await asyncpg.connect(system.dsn)
    try:
        return int(await connection.fetchval(f"select count(*) from {table}"))
    finally:
        await connection.close()


def is_quiet(system: StandIn) -> bool:
    """Every task has been signed at least; what the officers still do later is not waited for."""
    tasks = [record for record in system.records.all_records() if record.direction == "received"]
    return all(system.records.steps_of(record.number) for record in tasks)


def assert_says_what_the_records_say(system: StandIn, connector: Connector) -> None:
    """Each step that was read is one that the officers logged, in order per record, with its content."""
    logged = {step.key: step for step in system.records.steps_after(0, 10_000)}
    assert set(connector.read) <= set(logged)
    read = [logged[key] for key in connector.read]
    for number in {step.number for step in read}:
        of_record = [step.key for step in read if step.number == number]
        assert of_record == [step.key for step in system.records.steps_of(number)][: len(of_record)]
    names = {"reply_code": "reply", "outcome": "outcome", "result": "result", "document": "document"}
    names |= {"officer": "officer", "legal_at": "legal_at", "title": "title", "summary": "summary"}
    for item in connector.read.values():
        fields, data = logged[item.local_id].fields, item.data.model_dump(mode="json")
        for theirs, ours in names.items():
            if theirs in fields and ours in data:
                assert data[ours] == fields[theirs], (item.local_id, ours)
        papers = [(paper["code"], paper["sha256"]) for paper in fields.get("papers") or ()]
        assert [(paper["code"], paper["sha256"]) for paper in data.get("papers", [])] == papers


async def test_a_refusal_by_the_hub_reaches_the_record_that_it_is_about(
    system: StandIn, connector: Connector
) -> None:
    number = system.records.raise_matter(matter("示例：被拒收"))
    (raised,) = await connector.wait_for(1, "referral.raised.v1")
    connector.kit.links.put(Link(number, raised.case, referral_id("procuratorate", raised.local_id)))
    data = MessageRefused(
        message=message_id("procuratorate", raised.local_id),
        type=raised.type,
        reason="paper_missing",
        detail="a paper that the flow requires is missing",
        detail_zh="缺少必备文书",
    ).model_dump(mode="json")
    refused = note("message.refused.v1", raised.case, None, data | {"local_number": number})
    assert (await connector.deliver(refused)).local_number == number
    (received,) = system.records.received_log(number=number)
    assert (received.kind, received.fields["reason"]) == ("refused", "paper_missing")
    assert received.fields["detail_zh"] == "缺少必备文书"


async def test_a_step_on_a_matter_that_it_does_not_have_is_rejected_by_name(connector: Connector) -> None:
    stray = {"referral": mint_case_id("x", "1"), "task": mint_case_id("x", "2"), "legal_at": LEGAL_AT}
    with pytest.raises(DeliveryRejected, match="no record at procuratorate"):
        await connector.deliver(note("task.signed.v1", mint_case_id("x", "3"), "court", stray))


async def test_a_document_that_has_not_come_yet_is_waited_for(connector: Connector) -> None:
    delivery = assigned(connector, "F9", "示例：文书在途", TaskRole.COPY)
    lacking = {**delivery.data["papers"][0], "sha256": "0" * 64}
    data = {**delivery.data, "papers": [lacking]}
    with pytest.raises(TransportTrouble, match="has not come yet"):
        await connector.sink.deliver(Delivery("m1", delivery.type, delivery.case, None, 1, data))


async def test_while_nobody_takes_in_the_row_waits_and_is_taken_later(
    system: StandIn, connector: Connector, tmp_path: Path
) -> None:
    await system.kill()
    hasty = Kit(
        "procuratorate",
        connector.kit.links,
        connector.kit.attachments,
        {"dsn": system.dsn, "answer_seconds": 0.2},
    )
    source, sink = build(hasty)
    delivery = assigned(connector, "F9", "示例：无人接收", TaskRole.COPY)
    with pytest.raises(TransportTrouble, match="not taken it in yet"):
        await sink.deliver(delivery)
    await source.aclose()
    await system.start()
    assert (await connector.deliver(delivery)).local_number
    assert len(system.records.received_log()) == 1


async def test_the_database_server_killed_and_started_again_loses_nothing(home: Path, tmp_path: Path) -> None:
    server = EmbeddedPostgres(home)
    dsn = (await server.start()).rpartition("/")[0] + "/qzk"
    try:
        async with running(tmp_path / "home", dsn) as system:
            connector = Connector(dsn, tmp_path / "attachments")
            delivery = assigned(connector, "F21", "示例：数据库中断")
            system.records.raise_matter(matter("示例：之前"))
            await connector.wait_for(1, "referral.raised.v1")
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            system.records.raise_matter(matter("示例：之中"))
            with pytest.raises(TransportTrouble):
                await connector.sink.deliver(delivery)
            with pytest.raises(TransportTrouble):
                await connector.source.poll(connector.cursor)
            await server.stop()
            await server.start()
            await hand_over(connector, delivery)
            await connector.wait_for(2, "referral.raised.v1")
            await connector.wait_for(1, "task.replied.v1")
            assert_says_what_the_records_say(system, connector)
            await connector.source.aclose()
    finally:
        await server.stop()


async def test_it_stops_at_once_when_told(system: StandIn) -> None:
    assert await system.stop() == 0
