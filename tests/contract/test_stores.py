"""What every store keeps: one suite, run on memory and on PostgreSQL."""

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.domain import events as ev
from hub.domain.case import MessageRef
from hub.domain.entry import Entry, Outcome
from hub.domain.merkle import Frontier, leaf_hash
from hub.errors import LostShard
from hub.store.ports import Changes, Head, InboxRow, JournalRow, ParkedRow, Position
from tests.support.core import Stores

AT = datetime(2026, 3, 2, 1, 0, 0, 123000, tzinfo=UTC)
REF = MessageRef("court", "m1")


class Defect(Exception):
    """Something unforeseen inside a unit."""


def entry(
    shard: int, seq: int, case: str | None = "c1", told: str | None = None, message: str = "m1"
) -> Entry:
    made = Entry(
        shard, seq, "2026-03-02T01:00:00.123Z", Outcome.DECIDED, "digest", case, None, "court", message
    )
    made.type, made.open, made.mac = "task.signed.v1", {"a": "甲\u2028"}, "00"
    if told is not None:
        made.events = [ev.Notified(told, "task.signed.v1", seq, 1)]
    return made


def changes(head: Head, *entries: Entry, ref: MessageRef | None = None) -> Changes:
    """What a unit writes to append these entries."""
    frontier = Frontier(head.seq, head.frontier.hashes)
    made = Changes(Head(head.shard, frontier, AT))
    for each in entries:
        raw = each.to_bytes()
        frontier.append(leaf_hash(raw))
        made.journal.append(
            JournalRow(made.head.shard, each.seq, each.case, each.outcome.value, AT, raw, leaf_hash(raw))
        )
    if ref is not None:
        made.inbox.append(InboxRow(ref, entries[0].seq, b"mac", "decided", None))
    return made


async def append(stores: Stores, shard: int, *entries: Entry, ref: MessageRef | None = None) -> None:
    async with stores.intake.unit(shard) as unit:
        await unit.write(changes(unit.head, *entries, ref=ref))


async def test_a_new_store_is_empty(stores: Stores) -> None:
    for shard in range(stores.shards):
        async with stores.intake.unit(shard) as unit:
            assert (unit.head.shard, unit.head.seq, unit.head.received_at) == (shard, 0, None)
            assert unit.positions == {}
            assert await unit.seen([REF]) == {}
            assert await unit.entries([REF]) == {}
            loaded = await unit.load(["c1"])
            assert (loaded["c1"].state, loaded["c1"].wrapped_key) == (None, None)
        assert await stores.intake.positions(shard) == {}
        assert await stores.journal.read(shard, 0, 10) == []
    assert await stores.journal.keys(["c1"]) == {}


async def test_a_shard_that_is_not_there_is_lost(stores: Stores) -> None:
    with pytest.raises(LostShard, match="shard 99"):
        async with stores.intake.unit(99):
            pass


async def test_what_was_written_is_there_byte_for_byte(stores: Stores) -> None:
    first, second = entry(1, 1), entry(1, 2, case=None, message="m2")
    async with stores.intake.unit(1) as unit:
        made = changes(unit.head, first, second, ref=REF)
        made.first_states["c1"] = (3, b'{"id":"\xe7\x94\xb2"}')
        made.keys["c1"] = bytes(range(40))
        made.positions[("dept.court.out", 1)] = Position(7, b"\x00\xff")
        await unit.write(made)
    async with stores.intake.unit(1) as unit:
        assert (unit.head.seq, unit.head.received_at) == (2, AT)
        assert unit.head.frontier.root() == made.head.frontier.root()
        assert unit.positions == {("dept.court.out", 1): Position(7, b"\x00\xff")}
        loaded = await unit.load(["c1", "c2"])
        assert (loaded["c1"].state, loaded["c1"].wrapped_key) == (b'{"id":"\xe7\x94\xb2"}', bytes(range(40)))
        assert loaded["c2"].state is None
        seen = (await unit.seen([REF, MessageRef("court", "other")]))[REF]
        assert (seen.shard, seen.seq, seen.mac, seen.outcome, seen.reason) == (1, 1, b"mac", "decided", None)
        assert await unit.entries([REF]) == {REF: first}
    assert await stores.journal.read(1, 0, 10) == [(1, first.to_bytes()), (2, second.to_bytes())]
    assert await stores.journal.read(1, 1, 10) == [(2, second.to_bytes())]
    assert await stores.journal.read(1, 0, 1) == [(1, first.to_bytes())]
    assert await stores.journal.read(0, 0, 10) == []
    assert await stores.journal.contents([REF]) == {REF: first}
    assert await stores.journal.keys(["c1", "c2"]) == {"c1": bytes(range(40))}
    assert await stores.intake.positions(1) == {("dept.court.out", 1): Position(7, b"\x00\xff")}
    assert await stores.intake.positions(0) == {}


async def test_an_error_in_the_unit_leaves_nothing(stores: Stores) -> None:
    async def work() -> None:
        async with stores.intake.unit(0) as unit:
            made = changes(unit.head, entry(0, 1), ref=REF)
            made.first_states["c1"], made.keys["c1"] = (1, b"{}"), b"key"
            made.positions[("t", 0)] = Position(1, b"x")
            made.parked.append(ParkedRow(1, "early", "decide", "d", "t", 0, 0, "court", "m1", "c1"))
            await unit.write(made)
            raise Defect

    with pytest.raises(Defect):
        await work()
    assert await stores.journal.read(0, 0, 10) == []
    assert await stores.intake.positions(0) == {}
    assert await stores.journal.contents([REF]) == {}
    assert await stores.journal.keys(["c1"]) == {}
    assert await stores.waiting.waiting_before(AT + timedelta(days=1)) == []
    async with stores.intake.unit(0) as unit:
        assert unit.head.seq == 0
        assert (await unit.load(["c1"]))["c1"].state is None


async def test_a_cancelled_unit_leaves_nothing(stores: Stores) -> None:
    written = asyncio.Event()

    async def work() -> None:
        async with stores.intake.unit(0) as unit:
            await unit.write(changes(unit.head, entry(0, 1), ref=REF))
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await append(stores, 0, entry(0, 1), ref=REF)
    assert len(await stores.journal.read(0, 0, 10)) == 1


async def test_one_unit_at_a_time_for_a_shard_and_others_go_on(stores: Stores) -> None:
    order: list[str] = []
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with stores.intake.unit(0) as unit:
            entered.set()
            await go_on.wait()
            await unit.write(changes(unit.head, entry(0, 1)))
            order.append("first")

    async def second() -> None:
        await entered.wait()
        async with stores.intake.unit(0) as unit:
            order.append("second")
            assert unit.head.seq == 1
            await unit.write(changes(unit.head, entry(0, 2)))

    tasks = [asyncio.create_task(first()), asyncio.create_task(second())]
    await entered.wait()
    await append(stores, 1, entry(1, 1))
    order.append("other shard")
    assert await stores.journal.read(0, 0, 10) == []
    go_on.set()
    await asyncio.gather(*tasks)
    assert order == ["other shard", "first", "second"]
    assert [seq for seq, _ in await stores.journal.read(0, 0, 10)] == [1, 2]


async def test_an_id_that_another_shard_takes_meanwhile_is_no_defect(stores: Stores) -> None:
    """The inbox is one for all shards: who comes second reads again and finds it there (5a.1)."""

    async def late() -> None:
        async with stores.intake.unit(0) as unit:
            assert await unit.seen([REF]) == {}
            await append(stores, 1, entry(1, 1), ref=REF)
            await unit.write(changes(unit.head, entry(0, 1), ref=REF))

    with pytest.raises(LostShard, match="m1"):
        await late()
    assert await stores.journal.read(0, 0, 10) == []
    async with stores.intake.unit(0) as unit:
        assert (await unit.seen([REF]))[REF].shard == 1


async def test_the_store_keeps_no_live_objects(stores: Stores) -> None:
    async with stores.intake.unit(0) as unit:
        made = changes(unit.head, entry(0, 1), ref=REF)
        made.positions[("t", 0)] = Position(5, b"x")
        await unit.write(made)
    made.positions[("t", 0)].next_offset = 99
    made.inbox[0].outcome = "changed"
    made.head.frontier.append(leaf_hash(b"more"))
    read = await stores.intake.positions(0)
    assert read[("t", 0)].next_offset == 5
    read[("t", 0)].next_offset = 77
    async with stores.intake.unit(0) as unit:
        assert (unit.head.seq, unit.positions[("t", 0)].next_offset) == (1, 5)
        assert (await unit.seen([REF]))[REF].outcome == "decided"
        unit.head.frontier.append(leaf_hash(b"not written"))
    async with stores.intake.unit(0) as unit:
        assert unit.head.seq == 1


async def test_states_and_positions_are_replaced(stores: Stores) -> None:
    for version in (1, 2):
        async with stores.intake.unit(0) as unit:
            made = Changes(replace(unit.head, received_at=AT))
            states = made.first_states if version == 1 else made.states
            states["c1"] = (version, b"v%d" % version)
            made.positions[("t", 0)] = Position(version, b"m%d" % version)
            await unit.write(made)
    async with stores.intake.unit(0) as unit:
        assert (await unit.load(["c1"]))["c1"].state == b"v2"
        assert unit.positions == {("t", 0): Position(2, b"m2")}


async def test_a_first_state_is_written_once(stores: Stores) -> None:
    for content in (b"first", b"second"):
        with pytest.raises(LostShard) if content == b"second" else nullcontext():
            async with stores.intake.unit(0) as unit:
                made = Changes(replace(unit.head, received_at=AT))
                made.first_states["c1"] = (1, content)
                made.positions[("t", 0)] = Position(len(content), b"m")
                await unit.write(made)
    async with stores.intake.unit(0) as unit:
        assert (await unit.load(["c1"]))["c1"].state == b"first"
        assert unit.positions == {("t", 0): Position(5, b"m")}


async def test_waiting_ends_by_name_and_parked_junk_stays(stores: Stores) -> None:
    rows = [
        ParkedRow(1, "early", "decide", "d", "t", 0, 0, "court", "m1", "c1"),
        ParkedRow(2, "held", "decide", "d", "t", 0, 1, "court", "m2", "c1"),
        ParkedRow(3, "early", "decide", "d", "t", 0, 2, "justice", "m1", "c2"),
        ParkedRow(4, "unreadable", "read", "d", "t", 0, 3, None, None, None, b"sealed"),
    ]
    async with stores.intake.unit(0) as unit:
        made = changes(unit.head, *(entry(0, n, message=f"m{n}") for n in range(1, 5)))
        made.parked = rows
        await unit.write(made)
    after = AT + timedelta(milliseconds=1)
    assert dict(await stores.waiting.waiting_before(after)) == {"c1": AT, "c2": AT}
    assert await stores.waiting.waiting_before(AT) == []
    async with stores.intake.unit(0) as unit:
        made = Changes(replace(unit.head, received_at=AT))
        made.unparked = [MessageRef("court", "m1"), MessageRef("court", "m2")]
        await unit.write(made)
    assert dict(await stores.waiting.waiting_before(after)) == {"c2": AT}


async def test_a_follower_moves_by_compare_and_set(stores: Stores) -> None:
    journal = stores.journal
    assert not await journal.advance("relay", 0, 0, 5)
    assert await journal.follower("relay", 0) == 0
    assert await journal.advance("relay", 0, 0, 5)
    assert not await journal.advance("relay", 0, 0, 9)
    assert await journal.follower("relay", 0) == 5
    assert await journal.follower("relay", 1) == 0
    assert await journal.follower("projector", 0) == 0


async def test_of_two_followers_one_moves(stores: Stores) -> None:
    await stores.journal.follower("relay", 0)
    moved = await asyncio.gather(*(stores.journal.advance("relay", 0, 0, n) for n in range(1, 9)))
    assert sorted(moved) == [False] * 7 + [True]


async def test_what_a_department_was_sent_is_found_by_sequence(stores: Stores) -> None:
    entries = [entry(0, n, told="court" if n != 3 else "justice", message=f"m{n}") for n in range(1, 6)]
    await append(stores, 0, *entries)
    await append(stores, 1, entry(1, 1, case="c2", told="court"))
    assert await stores.journal.sent_to("c1", "court", 2, 4) == [entries[1], entries[3]]
    assert await stores.journal.sent_to("c1", "justice", 1, 9) == [entries[2]]
    assert await stores.journal.sent_to("c9", "court", 1, 9) == []


async def test_what_a_department_was_refused_is_found_with_any_part(stores: Stores) -> None:
    told, refused = entry(0, 1, told="court"), entry(0, 2, message="m2")
    refused.outcome, refused.reason = Outcome.REFUSED, "illegal_step"
    await append(stores, 0, told, refused)
    assert await stores.journal.sent_to("c1", "court", 1, 1) == [told, refused]
    assert await stores.journal.sent_to("c1", "court", 2, 1) == [refused]
    assert await stores.journal.sent_to("c1", "justice", 1, 9) == []


async def test_projections_move_with_their_position(stores: Stores) -> None:
    raised = entry(0, 1)
    raised.events = [
        ev.ReferralRaised(
            "r1",
            "F20",
            1,
            "entrust",
            "petition",
            "justice",
            "信1",
            "2026-03-02T01:00:00Z",
            "2026-03-02T01:00:00Z",
            REF,
        ),
        ev.TaskAssigned("t1", "r1", "justice", "lead", "2026-03-02T01:00:00Z"),
    ]
    with pytest.raises(LostShard):
        await stores.projections.apply("projector", 0, 0, [raised])
    await stores.journal.follower("projector", 0)
    await stores.projections.apply("projector", 0, 0, [raised])
    with pytest.raises(LostShard, match="another projector"):
        await stores.projections.apply("projector", 0, 0, [raised])
    assert await stores.journal.follower("projector", 0) == 1


async def test_the_store_tells_the_time(stores: Stores) -> None:
    at = await stores.waiting.database_time()
    assert at.tzinfo is not None
    assert await stores.waiting.database_time() >= at
