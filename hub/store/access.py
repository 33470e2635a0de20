"""Writing the log of reads: a Merkle log of its own, in the recorder's role, which may append to it and no more."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from hub.domain.look import Look, Looker
from hub.domain.merkle import Frontier, leaf_hash
from hub.domain.timetable import written
from hub.errors import ConfigurationError, LookRefusal, LookRefused
from hub.store.pool import Pool
from hub.store.roles import RECORDER_ROLE

# One lock for all recorders: a log has one end.
_LOCK = "SELECT pg_advisory_xact_lock(7303)"
_LAST = """
SELECT clock_timestamp(), r.seq, r.frontier, r.at FROM (SELECT 1) one
LEFT JOIN LATERAL (SELECT seq, frontier, at FROM access_record ORDER BY seq DESC LIMIT 1) r ON true"""
_APPEND = """
INSERT INTO access_record (seq, at, operator, what, cases, entry, leaf, frontier) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""


class Recorder:
    """`pool` is of the recorder's role; what is read through it is read by somebody who was noted."""

    def __init__(self, url: str) -> None:
        self.pool = Pool(url, size=1, role=RECORDER_ROLE, by_key=False)

    async def start(self) -> None:
        """Raises StoreTrouble, ConfigurationError."""
        try:
            await self.pool.start()
        except asyncpg.InsufficientPrivilegeError as problem:
            raise ConfigurationError(
                f"database: {problem}; the login must be granted {RECORDER_ROLE}"
            ) from None

    async def stop(self) -> None:
        """Close the connection."""
        await self.pool.stop()

    async def record(
        self,
        looker: Looker,
        what: str,
        cases: Sequence[str],
        asked: Mapping[str, str] | None = None,
        opened: bool = False,
    ) -> Look:
        """Append one look; committed when it returns. Not idempotent: each call is a look.

        Raises LookRefused where it can't be written (a server that only reads), StoreTrouble.
        """
        try:
            return await self._append(looker, what, cases, asked or {}, opened)
        except (asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientPrivilegeError) as problem:
            raise LookRefused(LookRefusal.NOT_RECORDED, str(problem)) from None

    async def _append(
        self, looker: Looker, what: str, cases: Sequence[str], asked: Mapping[str, str], opened: bool
    ) -> Look:
        async with self.pool.transaction() as connection:
            await connection.execute(_LOCK)
            row = await connection.fetchrow(_LAST)
            assert row is not None
            frontier = Frontier() if row[1] is None else Frontier.unpack(row[1], row[2])
            at = _whole(max(row[0], row[3] or row[0]))
            look = Look(
                frontier.size + 1,
                written(at),
                looker.operator,
                looker.purpose,
                what,
                list(cases),
                looker.reference,
                dict(asked),
                opened,
            )
            raw = look.to_bytes()
            leaf = leaf_hash(raw)
            frontier.append(leaf)
            columns = (look.seq, at, look.operator, what, look.cases, raw, leaf, frontier.pack())
            await connection.execute(_APPEND, *columns)
        return look


def _whole(at: datetime) -> datetime:
    """To the millisecond, as entries are written."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
