"""The journal's entries up to a moment, case by case."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from hub.domain.entry import Entry
from hub.store.reading import Snapshot

_SHARDS = "SELECT shard FROM shard ORDER BY shard"
_ENTRIES = """
SELECT case_id, entry FROM journal
WHERE shard = $1 AND case_id IS NOT NULL AND received_at <= $2 ORDER BY case_id, seq"""
_ENTRIES_OF = """
SELECT case_id, entry FROM journal
WHERE case_id = ANY($1::text[]) AND received_at <= $2 ORDER BY case_id, seq"""
_CASES = """
SELECT case_id FROM referral WHERE ($1::text IS NULL OR sender = $1) AND ($2::text IS NULL OR flow = $2)
UNION SELECT case_id FROM task WHERE ($1::text IS NULL OR department = $1) AND ($2::text IS NULL OR flow = $2)"""
_PROJECTED = """
SELECT NOT EXISTS (SELECT FROM shard s LEFT JOIN follower f ON f.name = 'projector' AND f.shard = s.shard
    WHERE coalesce(f.seq, 0) < s.seq)"""


async def candidates(view: Snapshot, department: str | None, flow: str | None) -> list[str] | None:
    """The cases that ever had to do with them, by the projected tables; None while those are behind the journal."""
    if not (await view.rows(_PROJECTED))[0][0]:
        return None
    return [row[0] for row in await view.rows(_CASES, department, flow)]


async def entries_until(
    view: Snapshot, at: datetime, cases: Sequence[str] | None = None
) -> AsyncIterator[tuple[str, list[Entry]]]:
    """Each case with its entries received by a moment, in order: of these cases, or of all. One case is held at a time."""
    if cases is not None:
        async for found in _grouped(view, _ENTRIES_OF, list(cases), at):
            yield found
        return
    for row in await view.rows(_SHARDS):
        async for found in _grouped(view, _ENTRIES, row[0], at):
            yield found


async def _grouped(view: Snapshot, query: str, *arguments: object) -> AsyncIterator[tuple[str, list[Entry]]]:
    case: str | None = None
    entries: list[Entry] = []
    async for rows in view.batches(query, *arguments):
        for row in rows:
            if case is not None and row[0] != case:
                yield case, entries
                entries = []
            case = row[0]
            entries.append(Entry.from_bytes(row[1]))
    if case is not None:
        yield case, entries
