"""The log of reads, read: for proof in order, and for who asks who looked at a case."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from hub.domain.look import Look
from hub.store.reading import Snapshot

_IN_ORDER = "SELECT seq, at, operator, what, cases, entry, leaf, frontier FROM access_record ORDER BY seq"
_LOOKS = """
SELECT entry FROM access_record
WHERE ($1::text IS NULL OR cases @> ARRAY[$1::text]) AND ($2::text IS NULL OR operator = $2)
    AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
ORDER BY seq DESC LIMIT $5"""


@dataclass(frozen=True, slots=True)
class StoredLook:
    """A row of the log. `raw` are the look's bytes."""

    seq: int
    at: datetime
    operator: str
    what: str
    cases: list[str]
    raw: bytes
    leaf: bytes
    frontier: bytes


async def in_order(view: Snapshot, size: int = 500) -> AsyncIterator[list[StoredLook]]:
    """All rows by sequence."""
    async for rows in view.batches(_IN_ORDER, size=size):
        yield [StoredLook(*row) for row in rows]


async def looks(
    view: Snapshot,
    case: str | None,
    operator: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[Look]:
    """The latest looks first: at a case, of an operator, from a moment until before another."""
    rows = await view.rows(_LOOKS, case, operator, since, until, limit)
    return [Look.from_bytes(row[0]) for row in rows]
