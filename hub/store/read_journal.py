"""The journal and all that follows from it, read for proof: whole, in order, in batches."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg
from pydantic_core import from_json

from hub.domain.case import MessageRef
from hub.store.reading import Snapshot

_SHARDS = "SELECT shard, seq, frontier FROM shard ORDER BY shard"
_IN_ORDER = """
SELECT seq, case_id, outcome, received_at, entry, leaf FROM journal WHERE shard = $1 ORDER BY seq"""
_LEAVES = "SELECT seq, leaf FROM journal WHERE shard = $1 AND seq <= $2 ORDER BY seq"
_BY_CASE = """
SELECT case_id, seq, entry FROM journal WHERE shard = $1 AND case_id IS NOT NULL ORDER BY case_id, seq"""
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
_INBOX = """
SELECT i.source, i.message_id, i.shard, i.seq, i.mac, i.outcome, i.reason
FROM unnest($1::text[], $2::text[]) AS asked (source, message_id) JOIN inbox i USING (source, message_id)"""
_INBOX_COUNT = "SELECT count(*) FROM inbox WHERE shard = $1"
_INBOX_OF_SHARD = """
SELECT i.seq, i.source, i.message_id, j.entry FROM inbox i LEFT JOIN journal j ON j.shard = i.shard AND j.seq = i.seq
WHERE i.shard = $1 ORDER BY i.seq, i.source, i.message_id"""
_STATES = "SELECT case_id, shard, version, state FROM case_state WHERE case_id = ANY($1::text[])"
_REFERRALS = "SELECT * FROM referral WHERE case_id = ANY($1::text[])"
_TASKS = "SELECT * FROM task WHERE case_id = ANY($1::text[])"
_ALIASES = "SELECT department, kind, number, case_id FROM alias WHERE case_id = ANY($1::text[])"
_TALLIES = "SELECT what, department, flow, reason, count FROM tally"
_CASES_OF = {
    "case_state": "SELECT case_id FROM case_state",
    "referral": "SELECT case_id FROM referral",
    "task": "SELECT case_id FROM task",
    "alias": "SELECT case_id FROM alias",
}
_STRAYS = """
SELECT DISTINCT t.case_id COLLATE "C" FROM ({table}) t
WHERE NOT EXISTS (SELECT FROM journal j WHERE j.case_id = t.case_id COLLATE "C") ORDER BY 1 LIMIT $1"""
_WAITING = """
SELECT j.entry FROM parked p JOIN journal j ON j.shard = p.shard AND j.seq = p.seq
WHERE p.reason IN ('early', 'held') ORDER BY p.shard, p.seq"""
_JUNK = """
SELECT topic, (since AT TIME ZONE 'Asia/Shanghai')::date, count(*) FROM parked
WHERE reason NOT IN ('early', 'held') GROUP BY 1, 2"""


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A shard's row."""

    shard: int
    seq: int
    frontier: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A journal row. `raw` are the entry's bytes."""

    seq: int
    case: str | None
    outcome: str
    received_at: datetime
    raw: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class StoredInbox:
    """An inbox row without its key."""

    shard: int
    seq: int
    mac: bytes
    outcome: str
    reason: str | None


@dataclass(slots=True)
class StoredOfCases:
    """What the tables hold of some cases. Rows by id; `states`: (shard, version, bytes) by case."""

    states: dict[str, tuple[int, int, bytes]]
    referrals: dict[str, dict[str, Any]]
    tasks: dict[str, dict[str, Any]]
    aliases: set[tuple[str, str, str, str]]


async def heads(view: Snapshot) -> list[StoredHead]:
    """All shards in order."""
    return [StoredHead(row[0], row[1], row[2]) for row in await view.rows(_SHARDS)]


async def in_order(view: Snapshot, shard: int, size: int = 500) -> AsyncIterator[list[StoredEntry]]:
    """The rows of a shard by sequence."""
    async for rows in view.batches(_IN_ORDER, shard, size=size):
        yield [StoredEntry(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


async def leaves(view: Snapshot, shard: int, upto: int) -> AsyncIterator[list[tuple[int, bytes]]]:
    """Sequence and leaf hash of the entries of a shard up to one, in order."""
    async for rows in view.batches(_LEAVES, shard, upto, size=5000):
        yield [(row[0], row[1]) for row in rows]


async def by_case(view: Snapshot, shard: int) -> AsyncIterator[tuple[str, list[tuple[int, bytes]]]]:
    """The cases of a shard in the order of their ids, each with its (sequence, entry bytes) in order."""
    async for case in _grouped(view.batches(_BY_CASE, shard)):
        yield case


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


async def inbox(view: Snapshot, refs: Sequence[MessageRef]) -> dict[MessageRef, StoredInbox]:
    """The inbox rows of these messages."""
    rows = await view.rows(_INBOX, [r.source for r in refs], [r.id for r in refs])
    return {MessageRef(r[0], r[1]): StoredInbox(r[2], r[3], r[4], r[5], r[6]) for r in rows}


async def inbox_count(view: Snapshot, shard: int) -> int:
    """How many rows point into a shard."""
    return int((await view.rows(_INBOX_COUNT, shard))[0][0])


async def inbox_strays(view: Snapshot, shard: int, limit: int) -> list[tuple[int, MessageRef]]:
    """Inbox rows that point at no entry or at another message's, or at one that can't be read.

    Reads it all: only after a difference.
    """
    found: list[tuple[int, MessageRef]] = []
    async for rows in view.batches(_INBOX_OF_SHARD, shard):
        found += [(row[0], MessageRef(row[1], row[2])) for row in rows if _named(row[3]) != (row[1], row[2])]
        if len(found) >= limit:
            break
    return found[:limit]


def _named(raw: bytes | None) -> tuple[object, object] | None:
    try:
        entry = from_json(raw or b"")
    except ValueError:
        return None
    return (entry.get("source"), entry.get("message")) if isinstance(entry, dict) else None


async def of_cases(view: Snapshot, cases: Sequence[str]) -> StoredOfCases:
    """The rows of these cases."""
    asked = list(cases)
    states = await view.rows(_STATES, asked)
    referrals = await view.rows(_REFERRALS, asked)
    tasks = await view.rows(_TASKS, asked)
    aliases = await view.rows(_ALIASES, asked)
    return StoredOfCases(
        {row[0]: (row[1], row[2], row[3]) for row in states},
        {row["id"]: dict(row) for row in referrals},
        {row["id"]: dict(row) for row in tasks},
        {(row[0], row[1], row[2], row[3]) for row in aliases},
    )


async def strays(view: Snapshot, limit: int) -> list[tuple[str, str]]:
    """(table, case) of rows whose case the journal does not know."""
    return [
        (table, row[0])
        for table, query in _CASES_OF.items()
        for row in await view.rows(_STRAYS.format(table=query), limit)
    ]


async def tallies(view: Snapshot) -> dict[tuple[str, str, str, str], int]:
    """The counters that the projector keeps."""
    return {(row[0], row[1], row[2], row[3]): row[4] for row in await view.rows(_TALLIES)}


async def waiting_entries(view: Snapshot) -> list[bytes]:
    """The entries of all messages that wait now (early or held)."""
    return [row[0] for row in await view.rows(_WAITING)]


async def junk(view: Snapshot) -> list[tuple[str, date, int]]:
    """Parked records that are no readable message: (topic, day in China, how many)."""
    return [(row[0], row[1], row[2]) for row in await view.rows(_JUNK)]


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
