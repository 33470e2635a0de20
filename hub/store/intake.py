"""The intake transaction on PostgreSQL: everything that one batch changes, under the shard's row lock, in one commit."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg

from hub.domain.case import MessageRef
from hub.domain.entry import Entry
from hub.domain.merkle import Frontier
from hub.errors import LostShard
from hub.store.connecting import connected
from hub.store.journal import entries_of
from hub.store.person_decisions import keep_decision
from hub.store.pool import Connection, Pool
from hub.store.ports import Changes, Head, Position, Seen, SourcePartition, StoredCase

log = logging.getLogger(__name__)
_LOCK = """
SELECT seq, frontier, received_at, (SELECT value FROM meta WHERE name = 'rules') FROM shard WHERE shard = $1
FOR UPDATE OF shard"""
_POSITIONS = "SELECT topic, next_offset, last_mac FROM position WHERE partition = $1"
_SEEN = """
SELECT i.source, i.message_id, i.shard, i.seq, i.mac, i.outcome, i.reason
FROM unnest($1::text[], $2::text[]) AS asked (source, message_id)
JOIN inbox i USING (source, message_id)"""
_LOAD = """
SELECT asked.case_id, s.state, k.wrapped FROM unnest($1::text[]) AS asked (case_id)
LEFT JOIN case_state s USING (case_id) LEFT JOIN case_key k USING (case_id)"""
_ALIASES = """
SELECT asked.subject, a.case_id FROM unnest($1::text[]) AS asked (subject)
JOIN alias a ON a.department = split_part(asked.subject, ':', 2) AND a.kind = split_part(asked.subject, ':', 3)
    AND asked.subject = 'alias:' || a.department || ':' || a.kind || ':' || a.number
ORDER BY 1, 2"""
_WRITE = """
WITH head AS (
    UPDATE shard SET seq = $2, frontier = $3, received_at = $4 WHERE shard = $1
), states AS (
    UPDATE case_state c SET version = s.version, state = s.state
    FROM unnest($5::text[], $6::integer[], $7::bytea[]) AS s (case_id, version, state) WHERE c.case_id = s.case_id
), gone AS (
    DELETE FROM parked p USING unnest($8::text[], $9::text[]) AS m (source, message_id)
    WHERE p.source = m.source AND p.message_id = m.message_id AND p.reason IN ('early', 'held')
)
INSERT INTO position (topic, partition, next_offset, last_mac)
SELECT topic, $1, next_offset, last_mac FROM unnest($10::text[], $11::bigint[], $12::bytea[]) AS p (topic, next_offset, last_mac)
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, last_mac = excluded.last_mac"""
_KEYS = """
UPDATE case_key k SET wrapped = c.wrapped FROM unnest($1::text[], $2::bytea[]) AS c (case_id, wrapped)
WHERE k.case_id = c.case_id"""
_ERASED = """
INSERT INTO erased_key (key_id, case_id, shard, seq, erased_at)
SELECT id, case_id, $1, seq, $2 FROM unnest($3::text[], $4::text[], $5::bigint[]) AS e (id, case_id, seq)
ON CONFLICT DO NOTHING"""
_OFFSET = "SELECT next_offset FROM position WHERE topic = $1 AND partition = $2"
_SET_POSITION = """
INSERT INTO position VALUES ($1, $2, $3, '')
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, last_mac = ''"""
_PARK = """
INSERT INTO parked (shard, seq, reason, step, detail, topic, partition, record_offset, source, message_id, case_id, raw, since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"""
_MEND = """
DELETE FROM parked WHERE shard = $1 AND seq = ANY($2::bigint[]) AND reason NOT IN ('early', 'held')"""
# Partitions are made a million entries ahead; every so many entries somebody looks.
_ROOM, _LOOK_AHEAD = 1_000_000, 50_000
_JOURNAL = ("shard", "seq", "case_id", "outcome", "received_at", "entry", "leaf")
_STATE = ("case_id", "shard", "version", "state")
_INBOX = ("source", "message_id", "shard", "seq", "mac", "outcome", "reason")


class PostgresIntakeUnit:
    """One transaction of one shard. See `hub.store.ports.IntakeUnit`."""

    def __init__(
        self,
        connection: "Connection[asyncpg.Record]",
        head: Head,
        positions: Mapping[SourcePartition, Position],
    ) -> None:
        self._connection = connection
        self.head = head
        self.positions = positions

    async def seen(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Seen]:
        """Those of the ids that the inbox knows, whatever their shard."""
        rows = await self._connection.fetch(_SEEN, [r.source for r in refs], [r.id for r in refs])
        return {MessageRef(row[0], row[1]): Seen(row[2], row[3], row[4], row[5], row[6]) for row in rows}

    async def aliases(self, subjects: Sequence[str]) -> dict[str, list[str]]:
        """The cases that departments' numbers name, as far as projected; an unknown number has none."""
        rows = await self._connection.fetch(_ALIASES, list(subjects))
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(row[1])
        return found

    async def load(self, cases: Sequence[str]) -> dict[str, StoredCase]:
        """Snapshot and wrapped key of each case; a case that is not there has neither."""
        rows = await self._connection.fetch(_LOAD, list(cases))
        return {row[0]: StoredCase(row[1], row[2]) for row in rows}

    async def entries(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Entry]:
        """The journal entries that hold these messages."""
        return await entries_of(self._connection, refs)

    async def write(self, changes: Changes) -> None:
        """Write all of it. The commit is the unit's end."""
        shard, head = self.head.shard, changes.head
        if head.seq // _LOOK_AHEAD != self.head.seq // _LOOK_AHEAD:
            await self._make_room(head.seq)
        if changes.journal:
            await self._connection.copy_records_to_table(
                "journal",
                records=changes.journal,
                columns=_JOURNAL,
            )
        try:
            await self._copy_new(shard, changes)
        except asyncpg.UniqueViolationError as error:
            raise LostShard(f"another has written it meanwhile: {error.detail}") from error
        if changes.parked:
            since = {row.seq: row.received_at for row in changes.journal}
            await self._connection.executemany(
                _PARK,
                [
                    (
                        *(shard, p.seq, p.reason, p.step, p.detail, p.topic, p.partition, p.offset),
                        *(p.source, p.message, p.case, p.raw, since[p.seq]),
                    )
                    for p in changes.parked
                ],
            )
        if changes.changed_keys:
            await self._connection.execute(
                _KEYS, list(changes.changed_keys), list(changes.changed_keys.values())
            )
        if changes.mended:
            await self._connection.execute(_MEND, shard, changes.mended)
        if changes.gone_keys:
            await self._connection.execute(
                "DELETE FROM case_key WHERE case_id = ANY($1::text[])", changes.gone_keys
            )
        if changes.erased:
            erased = map(list, zip(*changes.erased, strict=True))
            await self._connection.execute(_ERASED, shard, head.received_at, *erased)
        await self._connection.execute(
            _WRITE,
            shard,
            head.seq,
            head.frontier.pack(),
            head.received_at,
            list(changes.states),
            [version for version, _ in changes.states.values()],
            [state for _, state in changes.states.values()],
            [ref.source for ref in changes.unparked],
            [ref.id for ref in changes.unparked],
            [topic for topic, _ in changes.positions],
            [position.next_offset for position in changes.positions.values()],
            [position.last_mac for position in changes.positions.values()],
        )

    async def _make_room(self, seq: int) -> None:
        """See that the journal's partitions reach a million entries further. Who reads there long may delay it."""
        try:
            async with self._connection.transaction():
                await self._connection.execute("SET LOCAL lock_timeout = '500ms'")
                await self._connection.execute("SELECT journal_ensure($1, $2)", self.head.shard, seq + _ROOM)
        except asyncpg.LockNotAvailableError:
            log.warning(
                "shard %d: no room made beyond entry %d: the journal is being read", self.head.shard, seq
            )

    async def _copy_new(self, shard: int, changes: Changes) -> None:
        """The inbox is one for all shards: an id that another took meanwhile is found at the next try."""
        copy = self._connection.copy_records_to_table
        if changes.inbox:
            known = [(*r.ref, shard, r.seq, r.mac, r.outcome, r.reason) for r in changes.inbox]
            await copy("inbox", records=known, columns=_INBOX)
        if changes.first_states:
            states = [(case, shard, *state) for case, state in changes.first_states.items()]
            await copy("case_state", records=states, columns=_STATE)
        if changes.keys:
            await copy("case_key", records=changes.keys.items())


class PostgresIntakeStore:
    """Opens intake transactions. See `hub.store.ports.IntakeStore`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def unit(self, shard: int) -> AsyncIterator[PostgresIntakeUnit]:
        """Lock the shard row, read its head and positions, run the block, commit."""
        async with self._pool.transaction() as connection:
            row = await connection.fetchrow(_LOCK, shard)
            if row is None:
                raise LostShard(f"shard {shard} is not in the store")
            head = Head(shard, Frontier.unpack(row[0], row[1]), row[2], row[3])
            positions = await connection.fetch(_POSITIONS, shard)
            yield PostgresIntakeUnit(
                connection, head, {(p[0], shard): Position(p[1], p[2]) for p in positions}
            )

    async def positions(self, shard: int) -> dict[SourcePartition, Position]:
        """Positions without a lock, for seeking after an assignment."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_POSITIONS, shard)
        return {(row[0], shard): Position(row[1], row[2]) for row in rows}


async def set_position(url: str, topic: str, partition: int, offset: int, reason: str) -> int | None:
    """A person's decision to read on from an offset. Returns the old one; kept with the reason. Commits.

    The hash of the record before is forgotten, so the next start does not compare it. Workers that run find their
    positions moved on and read them again. Raises StoreTrouble, ConfigurationError.
    """
    async with connected(url) as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM shard WHERE shard = $1 FOR UPDATE", partition)
        old = await connection.fetchval(_OFFSET, topic, partition)
        await connection.execute(_SET_POSITION, topic, partition, offset)
        await keep_decision(connection, f"position/{topic}/{partition}", old, offset, reason)
    return None if old is None else int(old)
