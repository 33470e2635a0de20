"""A store in memory that keeps the contract of the one on PostgreSQL: for tests and the simulator only.

It holds bytes and plain values only, so nothing that a caller changes later reaches what was committed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from hub.domain.case import MessageRef
from hub.domain.entry import Entry
from hub.domain.merkle import Frontier
from hub.errors import LostShard, StoreTrouble
from hub.projector.rows import Projection
from hub.store.due import DueRow
from hub.store.ports import (
    Changes,
    Head,
    InboxRow,
    JournalRow,
    ParkedRow,
    Position,
    Seen,
    SourcePartition,
    StoredCase,
)

_WAITING = ("early", "held")
_STEPS = ("delivered_at", "signed_at", "accepted_at", "replied_at", "confirmed_at")
_TASK_COLUMNS = (*_STEPS, "pending", "outcome", "local_number")


@dataclass(slots=True)
class _Shard:
    """What one shard's row lock covers."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    frontier: bytes = b""
    received_at: datetime | None = None
    journal: list[JournalRow] = field(default_factory=list)
    positions: dict[SourcePartition, Position] = field(default_factory=dict)
    parked: dict[int, tuple[ParkedRow, datetime]] = field(default_factory=dict)


@dataclass(slots=True)
class Projected:
    """The projected tables: rows by id as column → value, aliases and tallies as they are keyed."""

    referral: dict[str, dict[str, Any]] = field(default_factory=dict)
    task: dict[str, dict[str, Any]] = field(default_factory=dict)
    deadline: dict[str, dict[str, Any]] = field(default_factory=dict)
    supervision: dict[str, dict[str, Any]] = field(default_factory=dict)
    followup: list[dict[str, Any]] = field(default_factory=list)
    alias: set[tuple[str, str, str, str]] = field(default_factory=set)
    tally: dict[tuple[str, str, str, str], int] = field(default_factory=dict)


class MemoryStore:
    """All ports of a store. See `hub.store.ports`, `hub.projector.projector`, `hub.store.waiting`.

    `away`: every call, and a commit under way, raises StoreTrouble and leaves nothing. `lost_answers`: as
    many of the next commits of units take effect and raise StoreTrouble all the same: their answer got lost.
    """

    def __init__(self, shards: int, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.away = False
        self.lost_answers = 0
        self.projected = Projected()
        self.inbox: dict[MessageRef, tuple[int, InboxRow]] = {}
        self.states: dict[str, tuple[int, bytes]] = {}
        self.case_keys: dict[str, bytes] = {}
        self.erased: dict[str, str] = {}
        self._shards = {number: _Shard() for number in range(shards)}
        self._followers: dict[tuple[str, int], int] = {}
        self._clock = clock

    @asynccontextmanager
    async def unit(self, shard: int) -> AsyncIterator["MemoryUnit"]:
        """Lock the shard, run the block, commit what was written, all of it or nothing."""
        await self._reach()
        held = self._shards.get(shard)
        if held is None:
            raise LostShard(f"shard {shard} is not in the store")
        async with held.lock:
            head = Head(shard, Frontier.unpack(len(held.journal), held.frontier), held.received_at)
            unit = MemoryUnit(self, head, {at: replace(position) for at, position in held.positions.items()})
            yield unit
            await self._reach()
            self._commit(held, unit.written)
        if unit.written and self.lost_answers:
            self.lost_answers -= 1
            raise StoreTrouble("the connection broke while the answer to a commit was awaited")

    async def positions(self, shard: int) -> dict[SourcePartition, Position]:
        """See the port."""
        await self._reach()
        return {at: replace(position) for at, position in self._shards[shard].positions.items()}

    async def read(self, shard: int, after: int, limit: int) -> list[tuple[int, bytes]]:
        """See the port."""
        await self._reach()
        return [(row.seq, row.raw) for row in self._shards[shard].journal[after : after + limit]]

    async def contents(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Entry]:
        """See the port."""
        await self._reach()
        return {ref: self._entry(*self.inbox[ref]) for ref in refs if ref in self.inbox}

    async def keys(self, cases: Sequence[str]) -> dict[str, bytes]:
        """See the port."""
        await self._reach()
        return {case: self.case_keys[case] for case in cases if case in self.case_keys}

    async def of_case(self, case: str) -> list[Entry]:
        """All entries of a case in order."""
        await self._reach()
        rows = (row for shard in self._shards.values() for row in shard.journal if row.case == case)
        return [Entry.from_bytes(row.raw) for row in sorted(rows, key=lambda row: row.seq)]

    async def sent_to(self, case: str, to: str, first: int, last: int) -> list[Entry]:
        """See the port."""
        return [entry for entry in await self.of_case(case) if entry.tells(to, first, last)]

    async def follower(self, name: str, shard: int) -> int:
        """See the port."""
        await self._reach()
        return self._followers.setdefault((name, shard), 0)

    async def advance(self, name: str, shard: int, old: int, new: int) -> bool:
        """See the port."""
        await self._reach()
        if self._followers.get((name, shard)) != old:
            return False
        self._followers[name, shard] = new
        return True

    async def apply(self, name: str, shard: int, position: int, entries: Sequence[Entry]) -> None:
        """Write what the entries change and move the position; see `hub.projector.projector.Projections`."""
        projection = Projection()
        projection.take(entries)
        if not await self.advance(name, shard, position, entries[-1].seq):
            raise LostShard(f"another {name} has moved on from {position}")
        _project(self.projected, projection)

    async def database_time(self) -> datetime:
        """See `hub.store.waiting.WaitingReader`."""
        await self._reach()
        return self._clock()

    async def waiting_before(self, limit: datetime) -> list[tuple[str, datetime]]:
        """See `hub.store.waiting.WaitingReader`."""
        await self._reach()
        latest: dict[str, datetime] = {}
        for row, since in self.parked():
            if row.reason in _WAITING and row.case is not None and since < limit:
                latest[row.case] = max(since, latest.get(row.case, since))
        return sorted(latest.items(), key=lambda item: item[1])[:1000]

    async def known_aliases(self) -> list[tuple[str, str, datetime]]:
        """See `hub.store.waiting.WaitingReader`."""
        await self._reach()
        latest: dict[str, datetime] = {}
        for row, since in self.parked():
            if row.reason in _WAITING and row.case is not None:
                latest[row.case] = max(since, latest.get(row.case, since))
        named = named_by(self.projected.alias, sorted(latest))
        return [(subject, cases[0], latest[subject]) for subject, cases in sorted(named.items())]

    async def due_deadlines(
        self, upto: datetime, after: tuple[datetime, str] | None, limit: int
    ) -> list[DueRow]:
        """See `hub.store.due.DueReader`."""
        await self._reach()
        rows = [
            DueRow(*(row[name] for name in ("next", "id", "case_id", "number", "clock", "moved")))
            for row in self.projected.deadline.values()
            if row["next"] is not None and row["next"] <= upto
        ]
        beyond = [row for row in rows if after is None or (row.next, row.id) > after]
        return sorted(beyond, key=lambda row: (row.next, row.id))[:limit]

    def parked(self) -> list[tuple[ParkedRow, datetime]]:
        """Everything that is parked now, with the moment since when."""
        return [
            (replace(row), since) for shard in self._shards.values() for row, since in shard.parked.values()
        ]

    def journal(self, shard: int) -> list[JournalRow]:
        """The rows of a shard's journal, as they are stored."""
        return list(self._shards[shard].journal)

    async def _reach(self) -> None:
        """Every call lets other tasks run, as a call to a server does."""
        await asyncio.sleep(0)
        if self.away:
            raise StoreTrouble("the store is away")

    def _entry(self, shard: int, row: InboxRow) -> Entry:
        return Entry.from_bytes(self._shards[shard].journal[row.seq - 1].raw)

    def _commit(self, held: _Shard, written: Sequence[Changes]) -> None:
        """Check first, change after: what raises here leaves nothing."""
        due = len(held.journal)
        for changes in written:
            for row in changes.journal:
                due += 1
                if row.seq != due:
                    raise ValueError(f"journal: entry {row.seq} where {due} is due")
            if twice := [row.ref for row in changes.inbox if row.ref in self.inbox]:
                raise LostShard(f"another shard has taken {twice[0]} meanwhile")
            if known := sorted(
                changes.keys.keys() & self.case_keys.keys() | changes.first_states.keys() & self.states.keys()
            ):
                raise LostShard(f"another has written {known[0]} meanwhile")
        for changes in written:
            self._write(held, changes)

    def _write(self, held: _Shard, changes: Changes) -> None:
        shard = changes.head.shard
        held.frontier, held.received_at = changes.head.frontier.pack(), changes.head.received_at
        held.journal += changes.journal
        held.positions |= {at: replace(position) for at, position in changes.positions.items()}
        self.inbox |= {row.ref: (shard, replace(row)) for row in changes.inbox}
        self.states |= changes.first_states
        self.states |= {case: state for case, state in changes.states.items() if case in self.states}
        self.case_keys |= changes.keys
        self.case_keys |= {case: key for case, key in changes.changed_keys.items() if case in self.case_keys}
        for name in changes.gone_keys:
            self.case_keys.pop(name, None)
        self.erased |= {key.id: key.case for key in changes.erased}
        since = {row.seq: row.received_at for row in changes.journal}
        held.parked |= {row.seq: (replace(row), since[row.seq]) for row in changes.parked}
        for seq in changes.mended:
            if seq in held.parked and held.parked[seq][0].reason not in _WAITING:
                del held.parked[seq]
        gone = set(changes.unparked)
        for seq, (row, _) in list(held.parked.items()):
            if row.reason in _WAITING and (row.source, row.message) in gone:
                del held.parked[seq]


class MemoryUnit:
    """One transaction of one shard. See `hub.store.ports.IntakeUnit`."""

    def __init__(self, store: MemoryStore, head: Head, positions: Mapping[SourcePartition, Position]) -> None:
        self.head, self.positions = head, positions
        self.written: list[Changes] = []
        self._store = store

    async def seen(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Seen]:
        """See the port."""
        await self._store._reach()
        found = {ref: self._store.inbox[ref] for ref in refs if ref in self._store.inbox}
        return {ref: Seen(s, row.seq, row.mac, row.outcome, row.reason) for ref, (s, row) in found.items()}

    async def aliases(self, subjects: Sequence[str]) -> dict[str, list[str]]:
        """See the port."""
        await self._store._reach()
        return named_by(self._store.projected.alias, subjects)

    async def load(self, cases: Sequence[str]) -> dict[str, StoredCase]:
        """See the port."""
        await self._store._reach()
        states, keys = self._store.states, self._store.case_keys
        return {case: StoredCase(states.get(case, (0, None))[1], keys.get(case)) for case in cases}

    async def entries(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Entry]:
        """See the port."""
        return await self._store.contents(refs)

    async def write(self, changes: Changes) -> None:
        """Keep for the commit, which is the unit's end."""
        await self._store._reach()
        self.written.append(changes)


def _project(tables: Projected, projection: Projection) -> None:
    """As the SQL does: new rows where there is none, then changes of rows that are there."""
    for row in projection.referrals.values():
        tables.referral[row.id] = {**row._asdict(), "outcome": None, "pending": None, "ended_at": None}
    for task in projection.tasks.values():
        referral = tables.referral.get(task.referral)
        if referral is None:
            continue
        told = {"flow": referral["flow"], "sender": referral["sender"]}
        tables.task[task.id] = {**dict.fromkeys(_TASK_COLUMNS), **task._asdict(), **told}
    for deadline in projection.deadlines.new.values():
        told = dict.fromkeys(("warned_at", "breached_at", "ended_at", "computed", "moved"))
        tables.deadline[deadline.id] = {**deadline._asdict(), **told}
    for step in projection.supervisions.new.values():
        told = dict.fromkeys(("answered_at", "cleared_at", "cleared_by", "cleared_why"))
        tables.supervision[step.id] = {**step._asdict(), **told}
    tables.followup += [row._asdict() for row in projection.supervisions.followups]
    for table, changes in (
        (tables.referral, projection.referral_changes),
        (tables.task, projection.task_changes),
        (tables.deadline, projection.deadlines.changes),
        (tables.supervision, projection.supervisions.changes),
    ):
        for row_id, columns in changes.items():
            if row_id in table:
                table[row_id] |= columns
    tables.alias |= projection.aliases
    for key, count in projection.tallies.items():
        tables.tally[key] = tables.tally.get(key, 0) + count


def named_by(known: Collection[tuple[str, str, str, str]], subjects: Sequence[str]) -> dict[str, list[str]]:
    """The cases that the numbers in `alias:<department>:<kind>:<number>` name."""
    found: dict[str, list[str]] = {}
    for department, kind, number, case in sorted(known):
        subject = f"alias:{department}:{kind}:{number}"
        if subject in subjects:
            found.setdefault(subject, []).append(case)
    return found
