"""The loop of a shard: defects park one record, troubles skip nothing, a zombie's batch is dropped (5, promise 4)."""

import asyncio
from dataclasses import replace

from hub.bus.memory import MemorySource
from hub.domain.case import Case
from hub.domain.entry import Outcome
from hub.domain.evolve import fold
from hub.domain.merkle import Frontier, leaf_hash
from hub.errors import ParkingName
from hub.intake.brake import Brake
from hub.intake.worker import IntakeSettings, ShardWorker, cancel
from schemas.partitioner import partition_of
from tests.support.core import QUICK, Core, Ids
from tests.support.seams import Broken, CannotStore, Fails, LosesAnswers, WaitsAtTheDoor


def many(core: Core, count: int) -> list[Ids]:
    """So many referrals whose cases are on shard 0."""
    found: list[Ids] = []
    number = 0
    while len(found) < count:
        number += 1
        record, ids = core.raised(f"p{number}")
        if record.partition == 0:
            core.bus.append(record)
            found.append(ids)
    return found


async def check_whole(core: Core) -> None:
    """Each shard's journal is gap-free under its root, and the states are what the journal's events make of them."""
    for shard in range(core.shards):
        rows = await core.stores.journal.read(shard, 0, 10_000)
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
        frontier = Frontier()
        for _, raw in rows:
            frontier.append(leaf_hash(raw))
        cases: dict[str, Case] = {}
        for entry in await core.entries(shard):
            if entry.case is not None and entry.events:
                cases[entry.case] = fold(cases.get(entry.case, Case(entry.case)), entry.events)
        async with core.stores.intake.unit(shard) as unit:
            assert unit.head.frontier.root() == frontier.root()
            stored = await unit.load(list(cases))
        assert {case: stored[case].state for case in cases} == {
            case: state.to_bytes() for case, state in cases.items()
        }


async def test_a_defect_in_deciding_parks_one_record_and_not_the_shard(core: Core) -> None:
    first = core.raise_("p1")
    record, _ = core.raised("p1", flow="F21", kind="forward", lead="court")
    core.bus.append(core.message("petition", "referral.raised", first.case, record.value, message="poison"))
    core.step(first, "justice", "task.received")
    broken = replace(core.rules, flows=Broken(core.rules.flows, "F21"))
    await core.read(core.intake(rules=broken))
    assert [(e.message, e.outcome, e.reason) for e in await core.entries()][:2] == [
        ("raise-p1", Outcome.DECIDED, None),
        ("poison", Outcome.PARKED, ParkingName.DEFECT),
    ]
    assert [e.outcome for e in await core.entries()][2:] == [Outcome.DECIDED]
    await check_whole(core)
    core.bus.append(core.message("petition", "referral.raised", first.case, record.value, message="poison"))
    await core.read()
    assert (await core.entries())[-1].outcome is Outcome.REFUSED


async def test_a_defect_in_a_waiting_message_parks_that_one(core: Core) -> None:
    """A good message that lets a bad one be taken up is not the bad one."""
    raised, ids = core.raised("p1")
    early, _ = core.raised("p1", flow="F21", kind="forward", lead="court", opened_by=ids.referral)
    core.bus.append(core.message("justice", "referral.raised", ids.case, early.value, message="poison"))
    core.step(ids, "justice", "task.received", message="good")
    core.bus.append(raised)
    core.step(ids, "justice", "task.signed", message="later")
    broken = replace(core.rules, flows=Broken(core.rules.flows, "F21"))
    await core.read(core.intake(rules=broken))
    ends = [(e.message, e.outcome, e.reason) for e in await core.entries()]
    assert ends[:2] == [(name, Outcome.PARKED, ParkingName.EARLY) for name in ("poison", "good")]
    assert ("raise-p1", Outcome.DECIDED, None) in ends
    assert ("poison", Outcome.PARKED, ParkingName.DEFECT) in ends
    assert ("good", Outcome.DECIDED, None) in ends
    assert ("later", Outcome.DECIDED, None) in ends
    await check_whole(core)


async def test_a_record_that_cannot_be_stored_is_found_by_halving(core: Core) -> None:
    ids = many(core, 32)
    poison = ids[19].case
    store = CannotStore(core.stores.intake, lambda changes: poison in changes.first_states)
    await core.read(core.intake(store=store))
    entries = await core.entries(0)
    assert [e.outcome for e in entries].count(Outcome.PARKED) == 1
    parked = entries[19]
    assert (parked.outcome, parked.reason, parked.origin and parked.origin.offset) == (
        Outcome.PARKED,
        ParkingName.DEFECT,
        19,
    )
    others = [i.case for i in ids if i.case != poison]
    assert [e.case for e in entries if e.outcome is Outcome.DECIDED] == others
    assert store.tries < 32
    await check_whole(core)


async def test_trouble_skips_nothing(core: Core) -> None:
    ids = many(core, 20)
    store = Fails(core.stores.intake, 5)
    await core.read(core.intake(store=store, settings=replace(QUICK, max_records=3)))
    assert store.times == 0
    assert [e.case for e in await core.entries(0)] == [i.case for i in ids]
    assert {e.outcome for e in await core.entries(0)} == {Outcome.DECIDED}
    await check_whole(core)


async def test_a_commit_whose_answer_was_lost_counts_once(core: Core) -> None:
    ids = many(core, 10)
    await core.read()
    for each in ids:
        core.step(each, "justice", "task.received")
        core.step(each, "justice", "task.signed")
    store = LosesAnswers(core.stores.intake, 4)
    await core.read(core.intake(store=store, settings=replace(QUICK, max_records=4)))
    assert store.times == 0
    entries = await core.entries(0)
    assert len(entries) == 30
    assert {e.outcome for e in entries} == {Outcome.DECIDED}
    assert len({e.message for e in entries}) == 30
    await check_whole(core)
    assert len(core.handed[0]) < len(entries)
    await core.relay()
    assert len(core.told("justice", "task.assigned")) == 10


async def test_a_zombies_batch_is_dropped(core: Core) -> None:
    """A worker that lost its shard while it held a batch finds the positions moved on (promise 4)."""
    ids = many(core, 8)
    door = WaitsAtTheDoor(core.stores.intake)
    zombie_source = MemorySource(core.bus, core.shards)
    await zombie_source.start(_ignore, _ignore)
    seen: list[int] = []
    zombie = ShardWorker(
        0, core.intake(zombie_source, store=door, hand_over=lambda shard, committed: seen.append(shard))
    )
    task = asyncio.create_task(zombie.run())
    await door.waits.wait()
    await core.read(core.intake(settings=replace(QUICK, max_records=3)))
    for each in ids:
        core.step(each, "justice", "task.received")
    door.go_on.set()
    core.running = [task]
    await core.until(lambda: _length(core, 16))
    await cancel([task])
    entries = await core.entries(0)
    assert len(entries) == 16
    assert {e.outcome for e in entries} == {Outcome.DECIDED}
    assert len(core.handed[0]) == 8
    await check_whole(core)


async def _length(core: Core, count: int) -> bool:
    return len(await core.entries(0)) >= count


async def _ignore(shards: set[int]) -> None:
    return


async def test_two_workers_on_one_shard_write_everything_once(core: Core) -> None:
    ids = many(core, 30)
    sources = [MemorySource(core.bus, core.shards) for _ in range(2)]
    tasks = []
    for source in sources:
        await source.start(_ignore, _ignore)
        intake = core.intake(source, settings=IntakeSettings(4, 10, 0.001, 0.01))
        tasks.append(asyncio.create_task(ShardWorker(0, intake).run()))
    core.running = tasks
    await core.until(lambda: _length(core, 30))
    await cancel(tasks)
    entries = await core.entries(0)
    assert [e.case for e in entries] == [i.case for i in ids]
    assert {e.outcome for e in entries} == {Outcome.DECIDED}
    await check_whole(core)


async def test_a_restart_goes_on_where_it_stood(core: Core) -> None:
    ids = many(core, 3)
    await core.read()
    for each in ids:
        core.step(each, "justice", "task.received")
    await core.read()
    await core.read()
    assert len(await core.entries(0)) == 6
    await check_whole(core)


async def test_time_never_goes_back_in_a_shard(core: Core) -> None:
    ids = many(core, 1)[0]
    core.later(hours=-1)
    core.step(ids, "justice", "task.received")
    await core.read()
    core.later(hours=-1)
    core.step(ids, "justice", "task.signed")
    await core.read()
    times = [e.received_at for e in await core.entries(0)]
    assert times == sorted(times)


async def test_the_brake_pauses_a_topic_of_junk_and_no_other(core: Core) -> None:
    now = [0.0]
    brake = Brake(window=10, share=0.5, pause=30, clock=lambda: now[0])
    ids = many(core, 1)[0]
    for _ in range(40):
        core.bus.append(replace(core.message("court", "task.signed", ids.case, b"{"), headers=[]))
    intake = core.intake(brake=brake, settings=replace(QUICK, max_records=5))
    court, justice = core.names.out_of("court"), core.names.out_of("justice")
    async with core.workers(intake):
        await core.until(lambda: _answer(brake.holds(court)))
        core.step(ids, "justice", "task.received")
        await core.until(lambda: _decided(core, 2))
        positions = await core.stores.intake.positions(0)
        assert positions[court, 0].next_offset < 40
        assert brake.held() == [court]
        assert not brake.holds(justice)
        while (await core.stores.intake.positions(0))[court, 0].next_offset < 40:
            now[0] += 31
            await asyncio.sleep(0.01)
    assert [e.outcome for e in await core.entries(0)].count(Outcome.PARKED) == 40


async def _answer(value: bool) -> bool:
    return value


async def _decided(core: Core, count: int) -> bool:
    return [e.outcome for e in await core.entries(0)].count(Outcome.DECIDED) == count


async def test_every_entry_is_on_the_shard_of_its_case(core: Core) -> None:
    for number in range(20):
        core.raise_(f"p{number}")
    await core.read()
    for entry in await core.entries():
        assert entry.case is not None
        assert entry.shard == partition_of(entry.case, core.shards)


async def test_a_cached_case_is_not_trusted_when_another_wrote_meanwhile(core: Core) -> None:
    """Positions tell only of the topics of a batch; the journal's head tells of every other writer."""
    ids = many(core, 1)[0]
    await core.read()
    async with core.workers(core.intake(topics=[core.names.out_of("justice")])):
        core.step(ids, "justice", "task.received")
        await core.until(lambda: _decided(core, 2))
        asks = {"referral": ids.referral, "legal_at": "2026-03-02T10:00:00+08:00", "reason": "撤回"}
        core.say("petition", "referral.withdrawal_requested", ids.case, asks)
        running = core.running
        await core.read(core.intake(topics=[core.names.out_of("petition")]))
        core.running = running
        core.step(ids, "justice", "task.signed")
        await core.until(lambda: _length(core, 4))
    assert [(e.outcome, e.reason) for e in await core.entries(0)][2:] == [
        (Outcome.DECIDED, None),
        (Outcome.REFUSED, "illegal_step"),
    ]
    await check_whole(core)
