"""Writing the projected tables together with the projector's position, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg

from hub.domain.entry import Entry
from hub.errors import LostShard
from hub.projector.deadline_rows import DeadlineRow
from hub.projector.duplicate_rows import DuplicateRow
from hub.projector.rows import Projection, ReferralRow, TaskRow
from hub.projector.supervision_rows import FollowupRow, SupervisionRow
from hub.store.pool import Connection, Pool

_ADVANCE = "UPDATE follower SET seq = $4 WHERE name = $1 AND shard = $2 AND seq = $3"
# A task of a referral that is stored already.
_TASKS = """
INSERT INTO task (id, referral, case_id, department, role, state, since, assigned_at, assigned_seq, flow, sender)
SELECT t.*, r.flow, r.sender FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::timestamptz[], $8::timestamptz[], $9::bigint[])
    AS t (id, referral, case_id, department, role, state, since, assigned_at, assigned_seq)
JOIN referral r ON r.id = t.referral"""
_ALIASES = "INSERT INTO alias SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING"
_TALLIES = """
INSERT INTO tally SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
ON CONFLICT (what, department, flow, reason) DO UPDATE SET count = tally.count + excluded.count"""

_TEXTS = ("state", "outcome", "pending", "lead", "local_number", "since")
_TYPES = {"referral": dict.fromkeys(_TEXTS, "text")}
_TYPES["task"] = {**_TYPES["referral"], "since": "timestamptz"}
_TYPES["supervision"] = {**_TYPES["referral"], "cleared_by": "text", "cleared_why": "text"}
_TYPES["duplicate"] = {**_TYPES["referral"], "answered_by": "text"}
_TYPES["deadline"] = {**_TYPES["referral"], "provisional": "boolean", "moved": "bigint"}


class PostgresProjections:
    """The projector's write side."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def apply(self, name: str, shard: int, position: int, entries: Sequence[Entry]) -> None:
        """Write what the entries change and move the position. Raises LostShard when it was moved by another."""
        projection = Projection()
        projection.take(entries)
        async with self._pool.transaction() as connection:
            moved = await connection.execute(_ADVANCE, name, shard, position, entries[-1].seq)
            if moved != "UPDATE 1":
                raise LostShard(f"another {name} has moved on from {position}")
            await write(connection, projection)


async def write(connection: "Connection[asyncpg.Record]", projection: Projection) -> None:
    """All rows of a projection. New rows first, then changes."""
    if projection.referrals:
        await _copy(connection, "referral", ReferralRow._fields, projection.referrals.values())
    if projection.tasks:
        known = [task for task in projection.tasks.values() if task.flow is not None]
        others = [task[:9] for task in projection.tasks.values() if task.flow is None]
        await _copy(connection, "task", TaskRow._fields, known)
        if others:
            await connection.execute(_TASKS, *map(list, zip(*others, strict=True)))
    if projection.deadlines.new:
        await _copy(connection, "deadline", DeadlineRow._fields, projection.deadlines.new.values())
    if projection.supervisions.new:
        await _copy(connection, "supervision", SupervisionRow._fields, projection.supervisions.new.values())
    if projection.supervisions.followups:
        await _copy(connection, "followup", FollowupRow._fields, projection.supervisions.followups)
    if projection.duplicates.new:
        await _copy(connection, "duplicate", DuplicateRow._fields, projection.duplicates.new.values())
    await _change(connection, "referral", projection.referral_changes)
    await _change(connection, "task", projection.task_changes)
    await _change(connection, "deadline", projection.deadlines.changes)
    await _change(connection, "supervision", projection.supervisions.changes)
    await _change(connection, "duplicate", projection.duplicates.changes)
    if projection.aliases:
        await connection.execute(_ALIASES, *map(list, zip(*sorted(projection.aliases), strict=True)))
    if projection.tallies:
        keys = sorted(projection.tallies)
        await connection.execute(
            _TALLIES, *map(list, zip(*keys, strict=True)), [projection.tallies[key] for key in keys]
        )


async def _copy(
    connection: "Connection[asyncpg.Record]",
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """New rows. They can't be there: the position that was moved in this transaction says so."""
    await connection.copy_records_to_table(table, records=rows, columns=columns)


async def _change(
    connection: "Connection[asyncpg.Record]", table: str, changes: Mapping[str, dict[str, Any]]
) -> None:
    """Set columns by id: one statement for each set of columns that occurs."""
    by_columns: dict[tuple[str, ...], list[tuple[str, dict[str, Any]]]] = {}
    for row_id, columns in changes.items():
        by_columns.setdefault(tuple(sorted(columns)), []).append((row_id, columns))
    for names, rows in by_columns.items():
        sets = ", ".join(f"{column} = c.{column}" for column in names)
        arrays = ", ".join(
            f"${n}::{_TYPES[table].get(column, 'timestamptz')}[]" for n, column in enumerate(names, 2)
        )
        await connection.execute(
            f"UPDATE {table} t SET {sets} FROM unnest($1::text[], {arrays}) AS c (id, {', '.join(names)}) "
            "WHERE t.id = c.id",
            [row_id for row_id, _ in rows],
            *[[values[column] for _, values in rows] for column in names],
        )
