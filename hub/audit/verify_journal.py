"""One shard's journal, entry by entry, with the inbox rows that point at it and the checkpoints that were signed of it."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime

from hub.audit.follows import count, follow
from hub.audit.made import CHANGED, remembered
from hub.audit.report import Report
from hub.audit.shard_state import ShardState
from hub.audit.verify_checkpoints import CheckpointWalk
from hub.domain.case import MessageRef
from hub.domain.entry import Entry
from hub.domain.merkle import HASH_BYTES, Frontier, leaf_hash
from hub.store import read_journal, read_tables
from hub.store.read_journal import LAST, StoredEntry, StoredHead
from hub.store.read_tables import StoredInbox
from hub.store.reading import Snapshot

Tell = Callable[[ShardState], None]
Look = Callable[[Sequence[Entry], Report], Awaitable[None]]
_COLUMNS = ("shard", "seq", "case_id", "outcome", "received_at")


async def verify_journal(
    view: Snapshot,
    head: StoredHead,
    state: ShardState,
    checkpoints: CheckpointWalk,
    position: int,
    tell: Tell,
    look: Look | None = None,
) -> None:
    """Go on with the shard from where `state` is. Entries up to the projector's `position` are tallied.

    `look` sees the readable entries of each batch too.
    """
    report, shard = state.report, head.shard
    upto = state.scope.last or LAST
    frontier = Frontier.unpack(state.seq, state.frontier)
    inbox = _Inbox(read_tables.inbox(view, shard, state.seq, upto), shard, report)
    async for rows in read_journal.in_order(view, shard, state.seq, upto):
        await checkpoints.ahead(rows[-1].seq)
        entries, due = [], state.seq + 1
        for row in rows:
            if row.seq != due:
                report.differs("sequence without gaps", due, row.seq, shard, due)
            due = row.seq + 1
            leaf = leaf_hash(row.raw)
            if leaf != row.leaf:
                report.differs("leaf hash of the entry's bytes", row.leaf, leaf, shard, row.seq, row.case)
            frontier.append(leaf)
            if frontier.size == checkpoints.due:
                checkpoints.at(frontier)
            if state.last is not None and row.received_at < state.last:
                what = "received_at, never falling"
                report.differs(what, f"at least {state.last}", row.received_at, shard, row.seq)
            state.last = row.received_at
            if (entry := _entry(row, shard, report)) is not None:
                entries.append(entry)
        report.rules |= {entry.rules for entry in entries}
        await inbox.compare(entries, rows[-1].seq)
        for entry in entries:
            follow(state, entry)
        count(state, entries, min(position, rows[-1].seq))
        if look is not None:
            await look(entries, report)
        report.entries += len(rows)
        report.read += len(rows)
        state.seq, state.frontier = due - 1, frontier.pack()
        state.passed = checkpoints.passed
        if frontier.size == state.seq:
            tell(state)
    await inbox.compare([], upto)
    if state.scope.last is None:
        _head(head, frontier, state, report)
    if state.scope.whole:
        await checkpoints.end(state.seq)
    state.journal_done = True


def _entry(row: StoredEntry, shard: int, report: Report) -> Entry | None:
    """The entry that a row holds, its columns compared with it."""
    try:
        entry = Entry.from_bytes(row.raw)
    except ValueError as problem:
        report.differs("entry that can be read", "JSON of an entry", problem, shard, row.seq, row.case)
        return None
    at = _moment(entry.received_at)
    said = (entry.shard, entry.seq, entry.case, entry.outcome, at)
    if said != (shard, row.seq, row.case, row.outcome, row.received_at):
        stored = (shard, row.seq, row.case, row.outcome, row.received_at)
        for column, one, other in zip(_COLUMNS, said, stored, strict=True):
            if one != other:
                what = f"column {column}, as the entry says"
                report.differs(what, one, other, shard, row.seq, row.case)
    # What else there is to check goes by the place where the entry stands.
    entry.seq, entry.shard = row.seq, shard
    return entry


def _moment(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


class _Inbox:
    """The inbox rows of a shard beside its entries, both in order."""

    def __init__(
        self, batches: AsyncIterator[list[tuple[MessageRef, StoredInbox]]], shard: int, report: Report
    ) -> None:
        self._batches, self._shard, self._report = batches, shard, report
        self._rows: list[tuple[MessageRef, StoredInbox]] = []

    async def compare(self, entries: Sequence[Entry], upto: int) -> None:
        """The rows of the entries up to one: as the entries say, and no others."""
        expected: dict[MessageRef, StoredInbox] = {}
        for entry in entries:
            try:
                if (row := remembered(entry)) is not None:
                    expected[row[0]] = row[1]
            except CHANGED as problem:
                self._report.differs(
                    "entry that can be used", "an entry", repr(problem), self._shard, entry.seq
                )
        found = await self._upto(upto)
        self._report.inbox += len(found)
        if found == expected:
            return
        for ref, due in expected.items():
            if (stored := found.get(ref)) != due:
                what = f"inbox row of {ref.source}/{ref.id}"
                self._report.differs(what, due, stored or "no row", self._shard, due.seq)
        for ref in found.keys() - expected.keys():
            what, other = f"inbox row {ref.source}/{ref.id}", "no row: its entry is of another message"
            self._report.differs(what, other, "a row", self._shard, found[ref].seq)

    async def _upto(self, seq: int) -> dict[MessageRef, StoredInbox]:
        while not self._rows or self._rows[-1][1].seq <= seq:
            more = await anext(self._batches, None)
            if more is None:
                break
            self._rows += more
        end = bisect_right(self._rows, seq, key=_seq_of)
        found, self._rows = dict(self._rows[:end]), self._rows[end:]
        return found


def _seq_of(row: tuple[MessageRef, StoredInbox]) -> int:
    return row[1].seq


def _head(head: StoredHead, frontier: Frontier, state: ShardState, report: Report) -> None:
    """The shard's row against the whole of its journal; a wrong subtree narrows the place down."""
    report.roots[head.shard] = frontier.root().hex()
    last = state.seq
    if last != head.seq:
        report.differs("last entry", head.seq, last, head.shard, min(last, head.seq) + 1)
    if state.last != head.received_at:
        report.differs("shard.received_at", state.last, head.received_at, head.shard, last)
    if frontier.pack() == head.frontier:
        return
    if frontier.size != head.seq or len(head.frontier) != HASH_BYTES * head.seq.bit_count():
        report.differs("Merkle frontier", head.frontier, frontier.pack(), head.shard)
        return
    stored, first = Frontier.unpack(head.seq, head.frontier), 1
    bits = [bit for bit in range(head.seq.bit_length() - 1, -1, -1) if head.seq >> bit & 1]
    for bit, recorded, computed in zip(bits, stored.hashes, frontier.hashes, strict=True):
        if recorded != computed:
            upto = first + (1 << bit) - 1
            report.differs(f"Merkle subtree of entries {first} to {upto}", recorded, computed, head.shard)
        first += 1 << bit
