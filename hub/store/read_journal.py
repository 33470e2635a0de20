"""The journal, read for proof: whole, in order, in batches."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg

from hub.store.reading import Snapshot

# Beyond any sequence.
LAST = 2**62
_SHARDS = "SELECT shard, seq, frontier, received_at FROM shard ORDER BY shard"
_IN_ORDER = """
SELECT seq, case_id, outcome, received_at, entry, leaf FROM journal
WHERE shard = $1 AND seq > $2 AND seq <= $3 ORDER BY seq"""
_LEAVES = "SELECT seq, leaf FROM journal WHERE shard = $1 AND seq <= $2 AND seq > $3 ORDER BY seq"
_BY_CASE = """
SELECT case_id, seq, entry FROM journal
WHERE shard = $1 AND case_id IS NOT NULL AND case_id > $2 AND seq <= $3 ORDER BY case_id, seq"""
_TOUCHED = """
SELECT DISTINCT case_id FROM journal
WHERE shard = $1 AND seq > $2 AND seq <= $3 AND case_id IS NOT NULL ORDER BY 1"""
_OF_CASES = """
SELECT case_id, seq, entry FROM journal WHERE shard = $1 AND case_id = ANY($2::text[]) AND seq <= $3
ORDER BY case_id, seq"""
_RAISES = """
SELECT entry FROM journal WHERE shard = $1 AND seq <= $2 ORDER BY seq"""
_BEFORE = "SELECT seq FROM journal WHERE shard = $1 AND received_at < $2 ORDER BY seq DESC LIMIT 1"
_CASES_SINCE = """
SELECT case_id, seq, entry FROM journal WHERE shard = $1 AND case_id IN (
    SELECT case_id FROM journal WHERE shard = $1 AND seq > $2 AND case_id IS NOT NULL)
ORDER BY case_id, seq"""
_WITHOUT_CASE = (
    "SELECT seq, entry FROM journal WHERE shard = $1 AND seq > $2 AND case_id IS NULL ORDER BY seq"
)
_LAST_MOMENT = "SELECT received_at FROM shard WHERE shard = $1"
_COUNT_SINCE = "SELECT count(*) FROM journal WHERE shard = $1 AND seq > $2"
_WAITING = """
SELECT j.entry FROM parked p JOIN journal j ON j.shard = p.shard AND j.seq = p.seq
WHERE p.reason IN ('early', 'held') ORDER BY p.shard, p.seq"""


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A shard's row."""

    shard: int
    seq: int
    frontier: bytes
    received_at: datetime | None


class StoredEntry(NamedTuple):
    """A journal row. `raw` are the entry's bytes."""

    seq: int
    case: str | None
    outcome: str
    received_at: datetime
    raw: bytes
    leaf: bytes


async def heads(view: Snapshot) -> list[StoredHead]:
    """All shards in order."""
    return [StoredHead(row[0], row[1], row[2], row[3]) for row in await view.rows(_SHARDS)]


async def in_order(
    view: Snapshot, shard: int, after: int = 0, upto: int = LAST, size: int = 500
) -> AsyncIterator[list[StoredEntry]]:
    """The rows of a shard by sequence, after one and up to another."""
    async for rows in view.batches(_IN_ORDER, shard, after, upto, size=size):
        yield [StoredEntry._make(row) for row in rows]


async def leaves(
    view: Snapshot, shard: int, upto: int, after: int = 0
) -> AsyncIterator[list[tuple[int, bytes]]]:
    """Sequence and leaf hash of the entries of a shard up to one, in order; those after `after`."""
    async for rows in view.batches(_LEAVES, shard, upto, after, size=5000):
        yield [(row[0], row[1]) for row in rows]


async def by_case(
    view: Snapshot, shard: int, after: str = "", upto: int = LAST
) -> AsyncIterator[tuple[str, list[tuple[int, bytes]]]]:
    """The cases of a shard in the order of their ids, after one, each with its (sequence, entry bytes) in order."""
    async for found in _grouped(view.batches(_BY_CASE, shard, after, upto)):
        yield found


async def touched(view: Snapshot, shard: int, after: int, upto: int) -> AsyncIterator[list[str]]:
    """The cases that have an entry after one and up to another."""
    async for rows in view.batches(_TOUCHED, shard, after, upto):
        yield [row[0] for row in rows]


async def entries_of(
    view: Snapshot, shard: int, cases: Sequence[str], upto: int = LAST
) -> AsyncIterator[tuple[str, list[tuple[int, bytes]]]]:
    """These cases as `by_case` gives them."""
    async for found in _grouped(view.batches(_OF_CASES, shard, list(cases), upto)):
        yield found


async def _grouped(
    batches: AsyncIterator[list[asyncpg.Record]],
) -> AsyncIterator[tuple[str, list[tuple[int, bytes]]]]:
    case: str | None = None
    entries: list[tuple[int, bytes]] = []
    async for rows in batches:
        for row in rows:
            if case is not None and row[0] != case:
                yield case, entries
                entries = []
            case = row[0]
            entries.append((row[1], row[2]))
    if case is not None:
        yield case, entries


async def up_to(view: Snapshot, shard: int, seq: int) -> AsyncIterator[bytes]:
    """The entries of a shard in order, up to and with a sequence."""
    async for rows in view.batches(_RAISES, shard, seq):
        for row in rows:
            yield row[0]


async def waiting_entries(view: Snapshot) -> list[bytes]:
    """The entries of all messages that wait now (early or held)."""
    return [row[0] for row in await view.rows(_WAITING)]


async def before(view: Snapshot, shard: int, moment: datetime) -> int:
    """The last sequence of a shard that was received before a moment; 0 for none. Costs what came after it."""
    rows = await view.rows(_BEFORE, shard, moment)
    return int(rows[0][0]) if rows else 0


async def cases_since(
    view: Snapshot, shard: int, seq: int
) -> AsyncIterator[tuple[str, list[tuple[int, bytes]]]]:
    """As `by_case`, of the cases that have an entry after a sequence: each with all its entries."""
    async for case in _grouped(view.batches(_CASES_SINCE, shard, seq)):
        yield case


async def without_case(view: Snapshot, shard: int, seq: int) -> AsyncIterator[tuple[int, bytes]]:
    """The entries of a shard after a sequence that belong to no case, in order."""
    async for rows in view.batches(_WITHOUT_CASE, shard, seq):
        for row in rows:
            yield row[0], row[1]


async def count_since(view: Snapshot, shard: int, seq: int) -> int:
    """How many entries of a shard there are after a sequence."""
    return int((await view.rows(_COUNT_SINCE, shard, seq))[0][0])


async def last_moment(view: Snapshot, shard: int) -> datetime | None:
    """When the last entry of a shard was received; None for an empty one."""
    found: datetime | None = (await view.rows(_LAST_MOMENT, shard))[0][0]
    return found
