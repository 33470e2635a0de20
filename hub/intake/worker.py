"""The loop of one shard: poll → read → verify → decide → commit → hand over. One transaction in flight per shard."""

import asyncio
import contextlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.bus.ports import InRecord, Source
from hub.bus.topics import TopicNames
from hub.domain.case import Case
from hub.domain.decide import ALIAS
from hub.domain.entry import Committed
from hub.domain.rules import Rules
from hub.errors import LostShard, Parking, ParkingName, Refusal, Stopped, Trouble
from hub.intake.batch import Batch
from hub.intake.brake import Brake
from hub.intake.checker import Checker
from hub.intake.clock_gate import ClockGate
from hub.intake.desk import RETRIED
from hub.intake.entries import Item
from hub.intake.positions import Gap, GapMet, check_positions, fresh_records, next_positions
from hub.intake.reading import Read, parked_record, read, read_all, received_at
from hub.intake.rules_check import check_rules
from hub.intake.verifying import KeyRegistry
from hub.operators import Operators
from hub.store.ports import ErasedKey, IntakeStore, IntakeUnit
from hub.store.sealing import CaseKey, Sealer

log = logging.getLogger(__name__)
# Of one shard; a case with its key takes some 8 KB, and more of them cost a tenth of the throughput in cache misses alone.
CACHED_CASES = 200
LOOK_AGAIN_SECONDS = 15.0
# From so many messages on, asking a process beside costs less than checking signatures here.
BACKLOG = 32


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """Bounds of the hot path. Records a batch; milliseconds to wait for a first one; seconds of backoff."""

    max_records: int = 500
    wait_ms: int = 500
    backoff_first: float = 0.2
    backoff_most: float = 10.0


def _not_noted(keys: list[ErasedKey]) -> None:
    """Where no list is kept beside the store."""


@dataclass
class Intake:
    """What all shards of one process share. `erased`: told of keys that were destroyed, right after their commit."""

    source: Source
    store: IntakeStore
    rules: Rules
    sealer: Sealer
    keys: KeyRegistry
    names: TopicNames
    topics: Sequence[str]
    shards: int
    hand_over: Callable[[int, list[Committed]], None]
    settings: IntakeSettings = field(default_factory=IntakeSettings)
    brake: Brake = field(default_factory=Brake)
    checker: Checker = field(default_factory=Checker)
    operators: Operators = field(default_factory=Operators)
    erased: Callable[[list[ErasedKey]], None] = _not_noted


class ShardWorker:
    """Intake of one shard while this process has it. `run` ends when cancelled; a commit under way is whole or left whole."""

    def __init__(self, shard: int, intake: Intake) -> None:
        self.shard = shard
        self.stopped: dict[str, Stopped] = {}
        self.last_commit = self.last_poll = time.monotonic()
        self.troubled_at = -math.inf
        self._intake = intake
        self._gate = ClockGate(shard, intake.names, intake.topics)
        self._cases: OrderedDict[str, tuple[Case, CaseKey | None]] = OrderedDict()
        self._head = -1
        self._gaps: set[Gap] = set()
        self._placed_at = -math.inf

    async def run(self) -> None:
        """Read and commit until cancelled. Troubles are waited out; a stopped topic is left alone and reported."""
        delay = self._intake.settings.backoff_first
        placed = False
        while True:
            try:
                if not placed or self._look_again():
                    await self._place()
                    placed = True
                await self._step()
                delay = self._intake.settings.backoff_first
            except LostShard as lost:
                if isinstance(lost, GapMet):
                    self._gaps.add(lost.gap)
                log.warning("shard %d: %s; reading positions again", self.shard, lost)
                placed = False
                await asyncio.sleep(delay)
            except Trouble as trouble:
                self.troubled_at = time.monotonic()
                log.warning("shard %d: %s; trying again in %.1f s", self.shard, trouble, delay)
                placed = False
                await asyncio.sleep(delay)
                delay = min(delay * 2, self._intake.settings.backoff_most)

    def _look_again(self) -> bool:
        """A stopped topic is looked at again now and then: a person may have set its position."""
        return bool(self.stopped) and time.monotonic() - self._placed_at > LOOK_AGAIN_SECONDS

    async def _place(self) -> None:
        """Forget everything, read positions, check them against the logs, seek (5a.3)."""
        self._forget()
        self._gate.forget()
        self._placed_at = time.monotonic()
        intake = self._intake
        positions = await intake.store.positions(self.shard)
        self.stopped = await check_positions(
            intake.source, positions, intake.topics, self.shard, intake.sealer
        )
        for topic, stop in self.stopped.items():
            log.error("shard %d: %s is stopped: %s", self.shard, topic, stop)

    async def _step(self) -> None:
        intake = self._intake
        topics = [t for t in intake.topics if t not in self.stopped and not intake.brake.holds(t)]
        records = await intake.source.take(
            self.shard, topics, intake.settings.max_records, intake.settings.wait_ms
        )
        self.last_poll = time.monotonic()
        admitted = await self._gate.admit(records, intake.source, self.stopped)
        if admitted:
            await self._commit(admitted)
        elif records:
            # Only clock messages that must wait: they come again at once, so look less often.
            await asyncio.sleep(intake.settings.wait_ms / 1000)

    async def _commit(self, records: list[InRecord]) -> None:
        """Commit a batch; one that fails other than by a lost connection is bisected, and a lone record is parked (5)."""
        try:
            committed = await self._transact(records, defect=False)
        except (Trouble, LostShard, Stopped):
            raise
        except Exception:
            self._forget()
            if len(records) > 1:
                log.exception("shard %d: a batch of %d failed; halving it", self.shard, len(records))
                middle = len(records) // 2
                await self._commit(records[:middle])
                await self._commit(records[middle:])
                return
            log.exception("hub.defect: shard %d offset %d", self.shard, records[0].offset)
            committed = await self._transact(records, defect=True)
        if committed:
            self.last_commit = time.monotonic()
            self._head = committed[-1].entry.seq
            self._intake.brake.count(committed)
            self._intake.hand_over(self.shard, committed)

    async def _transact(self, records: list[InRecord], defect: bool) -> list[Committed]:
        intake = self._intake
        items = await self._items(records, defect)
        async with intake.store.unit(self.shard) as unit:
            fresh = fresh_records(records, unit.positions, self._gaps)
            if not fresh:
                raise LostShard("positions have moved past this batch")
            items = _those_of(items, fresh)
            check_rules(unit.head.rules, intake.rules.digest)
            if unit.head.seq != self._head:
                self._forget()
            batch = Batch(unit.head, intake.rules, intake.sealer, {}, {}, {}, {}, operators=intake.operators)
            self._admit(items, batch)
            await self._load(unit, items, batch)
            batch.run(items)
            batch.changes.positions = next_positions(fresh, intake.sealer)
            await unit.write(batch.changes)
        if batch.changes.erased:
            intake.erased(batch.changes.erased)
        self._cache(batch)
        return batch.committed

    async def _items(self, records: Sequence[InRecord], defect: bool) -> list[Item]:
        """Read and look at signatures. That needs no state, so it is done before the shard's row is locked."""
        intake = self._intake
        items = [Item(record, received_at(record, None)) for record in records]
        if defect:
            for item in items:
                item.problem = Parking(ParkingName.DEFECT, "the record could not be stored", "commit")
            return items
        for item, found in zip(items, read_all(records, intake.names, intake.shards), strict=True):
            if isinstance(found, Read):
                item.read = found
            else:
                item.problem = found
        reads = [item.read for item in items if item.read is not None]
        if len(reads) >= BACKLOG:
            await intake.keys.look_ahead(reads, intake.checker)
        return items

    def _admit(self, items: Sequence[Item], batch: Batch) -> None:
        """The moment of each record, never below the shard's last, and whether its key was valid then."""
        last = batch.head.received_at
        for item in items:
            item.at = last = received_at(item.record, last)
            if item.read is None:
                continue
            try:
                item.read = self._intake.keys.proved(item.read, last)
                if item.read.envelope.type == RETRIED:
                    item.inner = self._taken_again(item.read, last)
            except (Parking, Refusal) as problem:
                item.read, item.problem = None, problem

    def _taken_again(self, outer: Read, at: datetime) -> Item:
        intake = self._intake
        record = parked_record(outer.data, outer.record.timestamp)
        return Item(record, at, intake.keys.proved(read(record, intake.names, intake.shards), at))

    async def _load(self, unit: IntakeUnit, items: Sequence[Item], batch: Batch) -> None:
        """The inbox rows, cases, keys and waiting messages that this batch needs."""
        reads = [item.read for item in items if item.read is not None]
        reads += [item.inner.read for item in items if item.inner is not None and item.inner.read is not None]
        if not reads:
            return
        batch.seen = await unit.seen(list({r.ref for r in reads}))
        wanted = dict.fromkeys(r.envelope.subject for r in reads)
        missing = [case for case in wanted if case not in self._cases]
        for case_id in wanted:
            if case_id in self._cases:
                self._cases.move_to_end(case_id)
                batch.cases[case_id], key = self._cases[case_id]
                if key is not None:
                    batch.keys[case_id] = key
        for case_id, stored in (await unit.load(missing) if missing else {}).items():
            state = stored.state
            batch.cases[case_id] = Case(case_id) if state is None else Case.from_bytes(state)
            if stored.wrapped_key is not None:
                batch.keys[case_id] = self._intake.sealer.unwrap(case_id, stored.wrapped_key)
        numbers = [case_id for case_id in wanted if case_id.startswith(ALIAS)]
        if numbers:
            batch.aliases = await unit.aliases(numbers)
        waiting = [w.message for case in batch.cases.values() for w in case.waiting]
        if waiting:
            batch.held = await unit.entries(waiting)

    def _cache(self, batch: Batch) -> None:
        for case_id, case in batch.cases.items():
            if case.born:
                self._cases[case_id] = (case, batch.keys.get(case_id))
        while len(self._cases) > CACHED_CASES:
            self._cases.popitem(last=False)

    def _forget(self) -> None:
        self._cases.clear()
        self._head = -1


def _those_of(items: Sequence[Item], records: Sequence[InRecord]) -> list[Item]:
    kept = {(record.topic, record.offset) for record in records}
    return [item for item in items if (item.record.topic, item.record.offset) in kept]


async def cancel(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancel and wait; for workers and followers alike."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
