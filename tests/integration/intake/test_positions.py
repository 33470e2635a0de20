"""Positions against the logs: recreated, truncated, emptied topics stop that topic only, with the remedy (5a.3)."""

from collections.abc import Sequence

import pytest

from hub.bus.memory import MemoryBus, MemoryRecord, MemorySource
from hub.bus.ports import OutRecord
from hub.domain.entry import Outcome
from hub.errors import LogStartPassed, TopicWentBack
from hub.intake.worker import ShardWorker
from hub.store.ports import IntakeStore, Position, SourcePartition
from tests.support.core import Core, Ids
from tests.support.seams import Passing


async def standing(core: Core) -> Ids:
    """A referral on shard 0 with three steps of justice committed; the petition office's topic goes on."""
    number = 0
    while core.raised(f"p{number}")[0].partition != 0:
        number += 1
    ids = core.raise_(f"p{number}")
    for step in ("task.received", "task.signed", "task.accepted"):
        core.step(ids, "justice", step)
    await core.read()
    return ids


async def check_stopped(core: Core, ids: Ids, kind: type[Exception], words: str) -> None:
    """Justice's topic is stopped on shard 0 and not read; the petition office's goes on."""
    place = (core.names.out_of("justice"), 0)
    before = await core.stores.intake.positions(0)
    count = len(await core.entries(0))
    core.say("petition", "case.fact_recorded", ids.case, FACT)
    workers: list[ShardWorker] = await core.read()
    stopped = workers[0].stopped
    assert list(stopped) == [place[0]]
    assert isinstance(stopped[place[0]], kind)
    assert words in stopped[place[0]].what
    assert f"fengqiao positions set {place[0]} 0 OFFSET --reason" in stopped[place[0]].remedy
    assert workers[1].stopped == {}
    assert (await core.stores.intake.positions(0))[place] == before[place]
    entries = await core.entries(0)
    assert len(entries) == count + 1
    assert entries[-1].outcome is Outcome.DECIDED


GAP = b"gap"
FACT = {"legal_at": "2026-03-02T09:00:00+08:00", "fact": "custody", "value": "released"}


async def test_a_recreated_topic_that_is_shorter(core: Core) -> None:
    ids = await standing(core)
    core.bus.logs[core.names.out_of("justice"), 0].clear()
    core.step(ids, "justice", "task.started")
    await check_stopped(core, ids, TopicWentBack, "ends at 1, before our position 3")


async def test_a_recreated_topic_that_is_as_long_or_longer(core: Core) -> None:
    """Only the hash of the record before the position tells (offsets alone would be read as if nothing happened)."""
    ids = await standing(core)
    for more in (0, 2):
        core.bus.logs[core.names.out_of("justice"), 0].clear()
        for n in range(3 + more):
            core.step(ids, "justice", "task.progressed", step=f"s{n}")
        await check_stopped(core, ids, TopicWentBack, "holds another record at 2")


async def test_a_log_whose_start_passed_the_position(core: Core) -> None:
    ids = await standing(core)
    place = (core.names.out_of("justice"), 0)
    for _ in range(5):
        core.step(ids, "justice", "task.progressed", step="x")
    del core.bus.logs[place][:5]
    core.bus.starts[place] = 5
    await check_stopped(core, ids, LogStartPassed, "starts at 5, after our position 3")


async def test_a_log_that_was_emptied_up_to_the_position_goes_on(core: Core) -> None:
    ids = await standing(core)
    place = (core.names.out_of("justice"), 0)
    core.bus.logs[place].clear()
    core.bus.starts[place] = 3
    core.step(ids, "justice", "task.started")
    workers = await core.read()
    assert workers[0].stopped == {}
    assert len(await core.entries(0)) == 5


async def test_a_topic_that_begins_late_is_not_begun_in_silence(core: Core) -> None:
    """A hub that has never read a topic whose beginning is gone would miss messages: it stops and says so."""
    ids = await standing(core)
    place = (core.names.out_of("court"), 0)
    core.say("court", "case.fact_recorded", ids.case, FACT)
    core.bus.starts[place] = 7
    workers = await core.read()
    assert isinstance(workers[0].stopped[place[0]], LogStartPassed)


async def test_a_gap_in_the_log_is_accepted_after_a_second_look(core: Core) -> None:
    """Offsets may be missing for good (transactions); a batch fetched before something changed looks the same."""
    ids = await standing(core)
    place = (core.names.out_of("justice"), 0)
    for _ in range(4):
        core.bus.append(OutRecord(*place, b"k", GAP, []))
    core.step(ids, "justice", "task.started")
    looks = CountsLooks(core.stores.intake)
    workers = await core.read(core.intake(Gappy(core.bus, core.shards), store=looks))
    assert workers[0].stopped == {}
    assert looks.count[0] == 2
    assert (await core.stores.intake.positions(0))[place].next_offset == 8
    assert await offsets(core, place) == [0, 1, 2, 7]


async def offsets(core: Core, place: SourcePartition) -> list[int]:
    """Which records of a source partition have an entry, in order."""
    entries = await core.entries(place[1])
    return [entry.origin.offset for entry in entries if entry.origin and entry.origin.topic == place[0]]


class CountsLooks(Passing):
    """Counts how often positions are read."""

    def __init__(self, inner: IntakeStore) -> None:
        super().__init__(inner)
        self.count: dict[int, int] = {}

    async def positions(self, shard: int) -> dict[SourcePartition, Position]:
        self.count[shard] = self.count.get(shard, 0) + 1
        return await super().positions(shard)


class Gappy(MemorySource):
    """Records with the value GAP are there for the log, but never for a reader, like a transaction's markers."""

    async def take(
        self, shard: int, topics: Sequence[str], max_records: int, wait_ms: int
    ) -> list[MemoryRecord]:
        found = await super().take(shard, topics, max_records, wait_ms)
        return [record for record in found if record.value != GAP]


@pytest.mark.parametrize("prefix", [1, 2, 3])
async def test_a_batch_that_begins_before_the_position_loses_only_its_prefix(core: Core, prefix: int) -> None:
    ids = await standing(core)
    place = (core.names.out_of("justice"), 0)
    core.step(ids, "justice", "task.started")
    source = Backwards(core.bus, core.shards, place, 3 - prefix)
    await core.read(core.intake(source))
    assert await offsets(core, place) == [0, 1, 2, 3]
    assert source.reread == [[*range(3 - prefix, 4)]]


class Backwards(MemorySource):
    """Gives records from before the position, once, as a fetch that began too early would."""

    def __init__(self, bus: MemoryBus, shards: int, place: SourcePartition, offset: int) -> None:
        super().__init__(bus, shards)
        self.place, self.offset = place, offset
        self.reread: list[list[int]] = []

    def seek(self, at: SourcePartition, offset: int) -> None:
        super().seek(at, self.offset if at == self.place and not self.reread else offset)

    async def take(
        self, shard: int, topics: Sequence[str], max_records: int, wait_ms: int
    ) -> list[MemoryRecord]:
        found = await super().take(shard, topics, max_records, wait_ms)
        if some := [record.offset for record in found if (record.topic, record.partition) == self.place]:
            self.reread.append(some)
        return found


async def test_position_and_hash_move_with_the_batch(core: Core) -> None:
    ids = await standing(core)
    place = (core.names.out_of("justice"), 0)
    first = (await core.stores.intake.positions(0))[place]
    core.step(ids, "justice", "task.started")
    await core.read()
    second = (await core.stores.intake.positions(0))[place]
    assert (first.next_offset, second.next_offset) == (3, 4)
    assert len(first.last_mac) == 32
    assert first.last_mac != second.last_mac


async def test_junk_moves_the_position_as_well(core: Core) -> None:
    topic = core.names.out_of("justice")
    core.bus.append(OutRecord(topic, 1, None, b"", []))
    await core.read()
    assert (await core.stores.intake.positions(1))[topic, 1].next_offset == 1
