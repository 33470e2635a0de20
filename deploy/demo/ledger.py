"""What the hub's store says, for the demo's progress and its last page. Reads only."""

from dataclasses import dataclass

import asyncpg

from hub.store.url import plain_dsn

_HEADS = "SELECT coalesce(sum(seq), 0) FROM shard"
_BEHIND = """
SELECT coalesce(sum(s.seq - coalesce(f.seq, 0)), 0) FROM shard s
CROSS JOIN (VALUES ('relay'), ('projector')) AS n (name) LEFT JOIN follower f ON f.shard = s.shard AND f.name = n.name"""
_TASKS = "SELECT state, count(*) FROM task GROUP BY state"
_REFERRALS = "SELECT state, count(*) FROM referral GROUP BY state"
_FATE = """
SELECT convert_from(entry, 'UTF8')::json ->> 'outcome', convert_from(entry, 'UTF8')::json ->> 'reason',
    convert_from(entry, 'UTF8')::json ->> 'detail', convert_from(entry, 'UTF8')::json -> 'refers' IS NOT NULL
    AND convert_from(entry, 'UTF8')::json ->> 'refers' IS NOT NULL
FROM journal WHERE convert_from(entry, 'UTF8')::json ->> 'message' = $1
    OR (convert_from(entry, 'UTF8')::json -> 'origin' ->> 'topic' = $2 AND outcome = 'parked' AND case_id IS NULL)
ORDER BY shard, seq"""
_LATENCY = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), percentile_cont(0.99) WITHIN GROUP (ORDER BY ms), count(*)
FROM (SELECT extract(epoch FROM delivered_at - assigned_at) * 1000 AS ms FROM task WHERE delivered_at IS NOT NULL) t"""
_CASE_OF_TITLE = "SELECT case_id FROM referral WHERE sender = $1 AND local_number = $2"


@dataclass(frozen=True, slots=True)
class Counts:
    """Entries in the journal, entries that followers still have to do, tasks and referrals by state."""

    entries: int
    behind: int
    tasks: dict[str, int]
    referrals: dict[str, int]


class Ledger:
    """A connection for the demo's questions."""

    def __init__(self, dsn: str) -> None:
        self._dsn = plain_dsn(dsn)
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def counts(self) -> Counts:
        """Where things stand now."""
        connection = await self._open()
        return Counts(
            int(await connection.fetchval(_HEADS)),
            int(await connection.fetchval(_BEHIND)),
            {row[0]: row[1] for row in await connection.fetch(_TASKS)},
            {row[0]: row[1] for row in await connection.fetch(_REFERRALS)},
        )

    async def fate(self, message: str, topic: str) -> list[str]:
        """What became of a message: each of its journal entries in words (for parked junk: of its topic)."""
        rows = await (await self._open()).fetch(_FATE, message, topic)
        return [_words(*row) for row in rows]

    async def delivery_latency(self) -> tuple[float, float, int]:
        """Milliseconds from the hub's decision to the record in the receiver's own system: median, 99th, count."""
        row = await (await self._open()).fetchrow(_LATENCY)
        assert row is not None
        return float(row[0] or 0), float(row[1] or 0), int(row[2])

    async def case_of(self, sender: str, number: str) -> str | None:
        """The case of a referral by the sender's own number."""
        found = await (await self._open()).fetchval(_CASE_OF_TITLE, sender, number)
        return None if found is None else str(found)

    async def close(self) -> None:
        """Disconnect."""
        if self._connection is not None:
            await self._connection.close()

    async def _open(self) -> "asyncpg.Connection[asyncpg.Record]":
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn)
        return self._connection


def _words(outcome: str, reason: str | None, detail: str | None, refers: bool) -> str:
    if outcome == "duplicate":
        return f"duplicate: {detail}"
    if refers and outcome == "decided":
        return "taken up"
    return f"{outcome}: {reason}" if reason else outcome
