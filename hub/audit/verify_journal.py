"""One shard's journal, entry by entry, and the inbox rows that point at it."""

from datetime import datetime

from hub.audit.report import Progress, Report
from hub.audit.verify_checkpoints import CheckpointWalk
from hub.domain.case import MessageRef
from hub.domain.entry import Entry, Outcome
from hub.domain.merkle import HASH_BYTES, Frontier, leaf_hash
from hub.errors import ParkingName, RefusalName
from hub.projector.rows import Projection
from hub.store import read_journal
from hub.store.read_journal import StoredEntry, StoredHead, StoredInbox
from hub.store.reading import Snapshot

Tallies = dict[tuple[str, str, str, str], int]
# What our code raises on entries that somebody changed and that can be read all the same.
CHANGED = (LookupError, ValueError, TypeError, AttributeError, AssertionError)


async def verify_journal(
    view: Snapshot,
    head: StoredHead,
    position: int,
    tallies: Tallies,
    checkpoints: CheckpointWalk,
    report: Report,
    tell: Progress,
) -> None:
    """Check the shard into `report`; what its entries without a case count is added to `tallies`."""
    frontier, due, remembered = Frontier(), 1, 0
    last: datetime | None = None
    async for rows in read_journal.in_order(view, head.shard):
        expected: dict[MessageRef, StoredInbox] = {}
        await checkpoints.ahead(rows[-1].seq)
        for row in rows:
            if row.seq != due:
                report.differs("sequence without gaps", due, row.seq, head.shard, due)
            due = row.seq + 1
            leaf = leaf_hash(row.raw)
            if leaf != row.leaf:
                report.differs(
                    "leaf hash of the entry's bytes", row.leaf, leaf, head.shard, row.seq, row.case
                )
            frontier.append(leaf)
            if frontier.size == checkpoints.due:
                checkpoints.at(frontier)
            if last is not None and row.received_at < last:
                report.differs(
                    "received_at, never falling", f"at least {last}", row.received_at, head.shard, row.seq
                )
            last = row.received_at
            entry = _entry(row, head.shard, report)
            if entry is None:
                continue
            report.rules.add(entry.rules)
            try:
                if (ref := _remembered(entry)) is not None:
                    mac = bytes.fromhex(entry.mac or "")
                    expected[ref] = StoredInbox(head.shard, row.seq, mac, entry.outcome.value, entry.reason)
                if entry.case is None and row.seq <= position:
                    add_tallies(tallies, [entry])
            except CHANGED as problem:
                report.differs("entry that can be used", "an entry", repr(problem), head.shard, row.seq)
        await _inbox(view, expected, report)
        remembered += len(expected)
        report.entries += len(rows)
        tell("journal", report.entries, head.shard)
    _head(head, frontier, due - 1, report)
    await checkpoints.end(due - 1)
    stored = await read_journal.inbox_count(view, head.shard)
    report.inbox += stored
    if stored != remembered:
        report.differs("inbox rows", remembered, stored, head.shard)
        for seq, ref in await read_journal.inbox_strays(view, head.shard, report.limit):
            report.differs("inbox row", "no row: its entry is of another message", ref, head.shard, seq)


def add_tallies(tallies: Tallies, entries: list[Entry]) -> Projection:
    """What the projector makes of these entries; its counts are added to `tallies`."""
    projection = Projection()
    projection.take(entries)
    for key, count in projection.tallies.items():
        tallies[key] = tallies.get(key, 0) + count
    return projection


def _entry(row: StoredEntry, shard: int, report: Report) -> Entry | None:
    """The entry that a row holds, its columns compared with it."""
    try:
        entry = Entry.from_bytes(row.raw)
    except ValueError as problem:
        report.differs("entry that can be read", "JSON of an entry", problem, shard, row.seq, row.case)
        return None
    columns = (
        ("shard", entry.shard, shard),
        ("seq", entry.seq, row.seq),
        ("case_id", entry.case, row.case),
        ("outcome", entry.outcome.value, row.outcome),
        ("received_at", _moment(entry.received_at), row.received_at),
    )
    for column, said, stored in columns:
        if said != stored:
            report.differs(f"column {column}, as the entry says", said, stored, shard, row.seq, row.case)
    return entry


def _moment(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _remembered(entry: Entry) -> MessageRef | None:
    """The message id that the inbox holds for this entry: all readable ones but repeated and re-used ones."""
    if entry.source is None or entry.message is None or entry.refers is not None:
        return None
    again = entry.outcome is Outcome.DUPLICATE or entry.reason == RefusalName.ID_REUSED.value
    defect = entry.outcome is Outcome.PARKED and entry.reason == ParkingName.DEFECT.value
    return None if again or defect else MessageRef(entry.source, entry.message)


async def _inbox(view: Snapshot, expected: dict[MessageRef, StoredInbox], report: Report) -> None:
    found = await read_journal.inbox(view, list(expected))
    for ref, row in expected.items():
        if (stored := found.get(ref)) != row:
            place = f"{ref.source}/{ref.id}"
            report.differs(f"inbox row of {place}", row, stored or "no row", row.shard, row.seq)


def _head(head: StoredHead, frontier: Frontier, last: int, report: Report) -> None:
    """The shard's row against the whole of its journal; a wrong subtree narrows the place down."""
    report.roots[head.shard] = frontier.root().hex()
    if last != head.seq:
        report.differs("last entry", head.seq, last, head.shard, min(last, head.seq) + 1)
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
