"""What departments are told: the same again at every redelivery, nothing for a stale relay, contents from anywhere."""

import asyncio
from typing import Any

import pytest

from hub.bus.memory import MemoryPublisher
from hub.bus.ports import OutRecord
from hub.domain.entry import Committed
from hub.errors import LostShard, StoreTrouble
from hub.following.follower import Follower
from hub.following.hand_over import HandOver
from hub.intake.worker import cancel
from hub.relay.relay import Relay
from schemas.envelope import Envelope
from schemas.identifiers import resident_id_check
from schemas.messages import BY_TYPE
from tests.support.core import Core, Ids
from tests.support.everywhere import assert_nowhere, places

PERSON = {
    "role": "petitioner",
    "name": "测试员甲",
    "id_type": "111",
    "id_number": "99010119900101001X",
    "phone": "19900001234",
    "address": "枫桥测试路99号",
}
SUMMARY = "楼上装修噪声扰民多次协商未果"


class Taking:
    """A publisher that keeps what it is given, and forgets it when `fails` is set."""

    def __init__(self) -> None:
        self.records: list[OutRecord] = []
        self.fails = False

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def publish(self, records: list[OutRecord]) -> None:  # type: ignore[override]
        if self.fails:
            raise StoreTrouble("away")
        self.records += records


def relay_to(core: Core, publisher: Any) -> Relay:
    return core.relay_work(publisher)


async def busy(core: Core) -> Ids:
    """A referral with a person, a copy, early messages, junk, a refusal, a correction, a duplicate."""
    person = {**PERSON, "id_number": resident(PERSON["id_number"])}
    record, ids = core.raised("p1", parties=[person], summary=SUMMARY, copies=["court"])
    core.step(ids, "justice", "task.received", local_number="收1")
    core.bus.append(record)
    core.bus.append(record)
    core.step(ids, "justice", "task.signed", officer="承办员乙", note="已通知当事人")
    core.step(ids, "justice", "task.signed")
    core.say("justice", "task.signed", ids.case, b"junk")
    fields = {"referral": ids.referral, "legal_at": "2026-03-02T12:00:00+08:00", "reason": "笔误"}
    core.say("petition", "referral.corrected", ids.case, {**fields, "fields": ["title"], "title": "噪声纠纷"})
    core.step(ids, "justice", "task.accepted")
    await core.read()
    return ids


def resident(number: str) -> str:
    return number[:17] + resident_id_check(number[:17])


def as_value(record: OutRecord) -> tuple[Any, ...]:
    return (record.topic, record.partition, record.key, record.value, tuple(record.headers))


async def test_redelivery_gives_the_same_records_with_the_same_ids(core: Core) -> None:
    await busy(core)
    entries = await core.entries()
    takes: list[list[tuple[Any, ...]]] = []
    for _ in range(2):
        taking = Taking()
        relay = relay_to(core, taking)
        for shard in range(core.shards):
            some = [Committed(entry) for entry in entries if entry.shard == shard]
            if some:
                with pytest.raises(LostShard):
                    await relay.apply(shard, 10_000, some)
        takes.append([as_value(record) for record in taking.records])
    assert takes[0] == takes[1]
    assert len(takes[0]) > 8


async def test_contents_from_the_journal_equal_contents_from_memory(core: Core) -> None:
    """Byte for byte: what was handed over in memory and what is opened from the sealed journal."""
    await busy(core)
    by_way: list[list[tuple[Any, ...]]] = []
    for handed in (True, False):
        taking = Taking()
        relay = relay_to(core, taking)
        for shard in range(core.shards):
            entries = [e for e in await core.entries() if e.shard == shard]
            some = core.handed[shard] if handed else [Committed(entry) for entry in entries]
            assert [each.entry for each in some] == entries
            if some:
                with pytest.raises(LostShard):
                    await relay.apply(shard, 10_000, some)
        by_way.append([as_value(record) for record in taking.records])
    assert by_way[0] == by_way[1]
    assert any(each.contents for each in core.handed[0] + core.handed[1])


async def test_a_relay_moves_on_only_after_acknowledgement(core: Core) -> None:
    ids = core.raise_("p1")
    await core.read()
    shard = (await core.entries())[0].shard
    await core.stores.journal.follower("relay", shard)
    taking = Taking()
    taking.fails = True
    relay = relay_to(core, taking)
    entries = [Committed(entry) for entry in await core.entries(shard)]
    with pytest.raises(StoreTrouble):
        await relay.apply(shard, 0, entries)
    assert await core.stores.journal.follower("relay", shard) == 0
    taking.fails = False
    await relay.apply(shard, 0, entries)
    assert await core.stores.journal.follower("relay", shard) == 1
    assert {record.key for record in taking.records} == {ids.case.encode(), f"receipts-{shard}".encode()}


async def test_a_stale_relay_loses_the_compare_and_set(core: Core) -> None:
    core.raise_("p1")
    await core.read()
    entry = (await core.entries())[0]
    await core.relay()
    stale = relay_to(core, Taking())
    with pytest.raises(LostShard, match="another relay has moved on"):
        await stale.apply(entry.shard, 0, [Committed(entry)])
    assert await core.stores.journal.follower("relay", entry.shard) == 1


async def test_a_hole_in_what_was_handed_over_sends_the_follower_to_the_journal(core: Core) -> None:
    ids = await busy(core)
    for shard in range(core.shards):
        del core.handed[shard][1:3]
    await core.follow(relay_to(core, MemoryPublisher(core.bus)), handed=True)
    sequences = [
        int(a["sequence"]) for a, _ in core.told("petition") if a["subject"] == ids.case and "sequence" in a
    ]
    assert sequences == list(range(1, len(sequences) + 1))
    assert len(sequences) == 3
    positions = [await core.stores.journal.follower("relay", shard) for shard in range(core.shards)]
    assert positions == [len(await core.entries(shard)) for shard in range(core.shards)]


async def test_nothing_handed_over_and_everything_handed_over_say_the_same(core: Core) -> None:
    await busy(core)
    said: list[list[tuple[Any, ...]]] = []
    for handed in (True, False):
        taking = Taking()
        for shard in range(core.shards):
            hand_over = HandOver()
            if handed:
                hand_over.put(core.handed[shard])
            work = relay_to(core, taking)
            work.name = f"relay-{handed}"
            follower = Follower(work, shard, core.stores.journal, hand_over, 0.01)
            await run_to(core, follower, len(await core.entries(shard)))
        said.append([as_value(record) for record in taking.records])
    assert said[0] == said[1]


async def run_to(core: Core, follower: Follower, head: int) -> None:
    core.running = [asyncio.create_task(follower.run())]

    async def done() -> bool:
        return follower.position == head

    await core.until(done)
    await cancel(core.running)


async def test_receipts_name_topic_partition_and_offset(core: Core) -> None:
    """Every record of a sender is named once, with what became of it (5a.5)."""
    ids = await busy(core)
    await core.relay()
    named = [r for _, data in core.told("justice", "receipts.issued") for r in data["receipts"]]
    topic = core.names.out_of("justice")
    written = {(r.partition, r.offset) for r in core.log(topic)}
    assert {(r["partition"], r["offset"]) for r in named if r["topic"] == topic} == written
    shard = (await core.entries())[0].shard
    by_offset = {r["offset"]: (r["outcome"], r["reason"]) for r in named}
    assert by_offset == {
        0: ("submitted", None),
        1: ("submitted", None),
        2: ("refused", "illegal_step"),
        3: ("parked", "unreadable"),
        4: ("submitted", None),
    }
    assert {r["partition"] for r in named} == {shard}
    own = [r for _, data in core.told("petition", "receipts.issued") for r in data["receipts"]]
    assert [(r["outcome"], r["duplicate"]) for r in own] == [
        ("submitted", False),
        ("submitted", True),
        ("submitted", False),
    ]
    assert {r["message"] for r in own[:2]} == {"raise-p1"}
    assert ids.case


async def test_sealed_at_rest_delivered_to_the_lead_and_not_to_the_copy(core: Core, dsn: str | None) -> None:
    number = resident(PERSON["id_number"])
    await busy(core)
    await core.relay()
    await core.project()
    hidden = (PERSON["name"], number, PERSON["phone"], PERSON["address"], SUMMARY, "承办员乙", "已通知当事人")
    await assert_nowhere(core, dsn, *hidden, "噪声纠纷")
    assert await places(core.stores, dsn, "entrust_letter") != []
    lead, copy = core.told("justice", "task.assigned")[0][1], core.told("court", "task.assigned")[0][1]
    assert lead["parties"] == [{**PERSON, "id_number": number}]
    assert lead["summary"] == SUMMARY
    assert "parties" not in copy
    for _, data in core.told("court"):
        assert not [text for text in (*hidden[:4], "承办员乙") if text in str(data)]
    assert copy["role"] == "copy"
    signed = core.told("petition", "task.signed")[0][1]
    assert (signed["officer"], signed["note"]) == ("承办员乙", "已通知当事人")


async def test_every_record_of_the_hub_keeps_the_contract(core: Core) -> None:
    ids = await busy(core)
    core.say("justice", "redelivery.requested", ids.case, {"from_sequence": 1})
    await core.read()
    await core.relay()
    count = 0
    for department in core.rules.departments:
        for record in core.log(core.names.into(department)):
            envelope = Envelope.from_headers(record.headers)
            assert envelope.source == "hub"
            kind = BY_TYPE[envelope.type]
            assert kind.outbound
            kind.model.model_validate_json(record.value or b"")
            count += 1
    assert count > 10


async def test_asked_again_sent_again_the_same(core: Core) -> None:
    ids = await busy(core)
    await core.relay()
    first = [r for r in core.log(core.names.into("justice")) if dict(r.headers).get("ce_sequence")]
    core.say("justice", "redelivery.requested", ids.case, {"from_sequence": 1})
    await core.read()
    await core.relay()
    again = [r for r in core.log(core.names.into("justice")) if dict(r.headers).get("ce_sequence")][
        len(first) :
    ]
    assert [(r.key, r.value, r.headers) for r in again] == [(r.key, r.value, r.headers) for r in first]
    previous = [(dict(r.headers)["ce_sequence"], dict(r.headers)["ce_previous"]) for r in first]
    assert previous == [(b"%d" % n, b"%d" % (n - 1)) for n in range(1, len(first) + 1)]


async def test_a_link_reaches_the_other_case_by_a_message_of_the_hub(core: Core) -> None:
    one, other = core.raise_("p1"), core.raise_("p2")
    link = {"legal_at": "2026-03-02T09:00:00+08:00", "other_case": other.case, "relation": "same_incident"}
    core.say("petition", "case.linked", one.case, link)
    await core.read()
    await core.relay()
    await core.read()
    linked = {e.case: ev.other for e in await core.entries() for ev in e.events if ev.e == "case_linked"}
    assert linked == {one.case: other.case, other.case: one.case}
    assert [e.source for e in await core.entries() if e.type == "hub.link_mirrored.v1"] == ["hub"]
