"""What follows from the journal, read for proof: the tables of cases, the inbox, what is parked, positions, counters."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

from hub.domain.case import MessageRef
from hub.store import tables
from hub.store.reading import Snapshot

# What follows from single cases: the columns of each table in their order, and the key by which a row is known.
OF_CASES = (
    tables.referral,
    tables.task,
    tables.deadline,
    tables.supervision,
    tables.followup,
    tables.duplicate,
    tables.alias,
)
COLUMNS = {table.name: tuple(column.name for column in table.columns) for table in OF_CASES}
KEY_OF: dict[str, Callable[[Any], Any]] = {
    table.name: itemgetter(*(COLUMNS[table.name].index(column.name) for column in table.primary_key))
    for table in OF_CASES
}
_INBOX = """
SELECT seq, source, message_id, shard, mac, outcome, reason FROM inbox WHERE shard = $1 AND seq > $2 AND seq <= $3
ORDER BY seq, source, message_id"""
_OUTCOMES = """
SELECT i.outcome, count(*) FROM unnest($1::text[], $2::text[]) AS asked (source, message_id)
JOIN inbox i USING (source, message_id) GROUP BY 1"""
_STATES = "SELECT case_id, shard, version, state FROM case_state WHERE case_id = ANY($1::text[])"
# The ids of a case's time limits begin with its own and a slash.
_WHERE = {
    "deadline": "unnest($1::text[]) AS c (id) JOIN deadline t ON t.id > c.id || '/' AND t.id < c.id || '0'",
    "followup": "referral r JOIN followup t ON t.referral = r.id WHERE r.case_id = ANY($1::text[])",
}
_ROWS = {
    table: f"SELECT {', '.join(f't.{column}' for column in columns)} FROM "
    + _WHERE.get(table, f"{table} t WHERE t.case_id = ANY($1::text[])")
    for table, columns in COLUMNS.items()
    if table != "alias"
}
# No index of `alias` begins with the case.
_NUMBERS = """
SELECT t.department, t.kind, t.number, t.case_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (department, kind, number, case_id)
JOIN alias t USING (department, kind, number, case_id)"""
_ALL_NUMBERS = (
    "SELECT department, kind, number, case_id FROM alias ORDER BY case_id, department, kind, number"
)
_TALLIES = "SELECT what, department, flow, reason, count FROM tally"
_STRAYS = """
SELECT DISTINCT t.case_id COLLATE "C" FROM {table} t
WHERE NOT EXISTS (SELECT FROM journal j WHERE j.case_id = t.case_id COLLATE "C") ORDER BY 1 LIMIT $1"""
_DEADLINES_ASTRAY = """
SELECT id, case_id FROM deadline WHERE id <> (case_id || '/' || number) COLLATE "C" ORDER BY 1 LIMIT $1"""
_OUTSIDE = {
    "inbox": "SELECT shard, source || '/' || message_id FROM inbox",
    "parked": "SELECT shard, shard || '/' || seq FROM parked",
    "position": "SELECT partition, topic || '/' || partition FROM position",
    "follower": "SELECT shard, name || '/' || shard FROM follower",
}
_OF_NO_SHARD = """
SELECT t.name FROM ({table}) t (shard, name) WHERE NOT EXISTS (SELECT FROM shard s WHERE s.shard = t.shard)
ORDER BY 1 LIMIT $1"""
_PARKED = """
SELECT seq, reason, step, detail, topic, partition, record_offset AS offset, source, message_id, case_id, since,
    encode(sha256(raw), 'hex') AS kept FROM parked WHERE shard = $1"""
_POSITIONS = "SELECT topic, next_offset, last_mac FROM position WHERE partition = $1"
_SET_BY_PERSONS = "SELECT name, value FROM meta WHERE name LIKE 'position/%' OR name LIKE 'cluster/%'"
_ERASED = "SELECT DISTINCT case_id FROM erased_key"
_JUNK = """
SELECT topic, (since AT TIME ZONE 'Asia/Shanghai')::date, count(*) FROM parked
WHERE reason NOT IN ('early', 'held') GROUP BY 1, 2"""


class StoredInbox(NamedTuple):
    """An inbox row without its key."""

    shard: int
    seq: int
    mac: bytes
    outcome: str
    reason: str | None


@dataclass(slots=True)
class StoredOfCases:
    """What the tables hold of some cases. `states`: (shard, version, bytes) by case. `tables`: rows by table and key."""

    states: dict[str, tuple[int, int, bytes]]
    tables: dict[str, dict[Any, tuple[Any, ...]]]


async def inbox(
    view: Snapshot, shard: int, after: int, upto: int
) -> AsyncIterator[list[tuple[MessageRef, StoredInbox]]]:
    """The inbox rows that point into a shard, in the order of its entries. They are sorted first."""
    async for rows in view.batches(_INBOX, shard, after, upto):
        yield [(MessageRef(row[1], row[2]), StoredInbox(row[3], row[0], *row[4:])) for row in rows]


async def outcomes(view: Snapshot, refs: Sequence[MessageRef]) -> dict[str, int]:
    """How many of these messages have which outcome; those that intake has not read have none."""
    rows = await view.rows(_OUTCOMES, [ref.source for ref in refs], [ref.id for ref in refs])
    return {row[0]: row[1] for row in rows}


async def of_cases(view: Snapshot, cases: Sequence[str], *, projected: bool = True) -> StoredOfCases:
    """The rows of these cases; only their states when not `projected`. Numbers of departments see `numbers`."""
    asked = list(cases)
    states = await view.rows(_STATES, asked)
    if not projected:
        return StoredOfCases({row[0]: (row[1], row[2], row[3]) for row in states}, {})
    tables = {
        table: {KEY_OF[table](row): row for row in map(tuple, await view.rows(query, asked))}
        for table, query in _ROWS.items()
    }
    return StoredOfCases({row[0]: (row[1], row[2], row[3]) for row in states}, tables)


async def numbers(view: Snapshot, keys: Sequence[tuple[str, str, str, str]]) -> dict[Any, tuple[Any, ...]]:
    """Which of these rows of `alias` there are."""
    rows = await view.rows(_NUMBERS, *map(list, zip(*keys, strict=True))) if keys else []
    return {row: row for row in map(tuple, rows)}


async def count_numbers(view: Snapshot) -> int:
    """All rows of `alias`."""
    return int((await view.rows("SELECT count(*) FROM alias"))[0][0])


async def all_numbers(view: Snapshot) -> AsyncIterator[list[tuple[str, str, str, str]]]:
    """All rows of `alias`, case by case."""
    async for rows in view.batches(_ALL_NUMBERS):
        yield [(row[0], row[1], row[2], row[3]) for row in rows]


async def strays(view: Snapshot, limit: int, *, projected: bool = True) -> list[tuple[str, str]]:
    """(table, case) of rows whose case the journal does not know; of `case_state` alone when not `projected`."""
    return [
        (table, row[0])
        for table in ("case_state", *(COLUMNS if projected else ()))
        for row in await view.rows(_STRAYS.format(table=table), limit)
    ]


async def deadlines_astray(view: Snapshot, limit: int) -> list[tuple[str, str]]:
    """Time limits (id, case) that are not named as their case and number say."""
    return [(row[0], row[1]) for row in await view.rows(_DEADLINES_ASTRAY, limit)]


async def of_no_shard(view: Snapshot, limit: int) -> list[tuple[str, str]]:
    """(table, row) of what names a shard that is not there."""
    return [
        (table, row[0])
        for table, query in _OUTSIDE.items()
        for row in await view.rows(_OF_NO_SHARD.format(table=query), limit)
    ]


async def parked(view: Snapshot, shard: int) -> AsyncIterator[dict[str, Any]]:
    """What is parked in a shard. `kept`: SHA-256 of the sealed record."""
    async for rows in view.batches(_PARKED, shard):
        for row in rows:
            yield dict(row)


async def positions(view: Snapshot, shard: int) -> dict[str, tuple[int, bytes]]:
    """Next offset and keyed hash of the record before, by topic."""
    return {row[0]: (row[1], row[2]) for row in await view.rows(_POSITIONS, shard)}


async def set_by_persons(view: Snapshot) -> dict[str, str]:
    """What persons decided about positions and clusters: the notes by their names."""
    return {row[0]: row[1] for row in await view.rows(_SET_BY_PERSONS)}


async def erased_cases(view: Snapshot) -> set[str]:
    """The cases of which a key was destroyed."""
    return {row[0] for row in await view.rows(_ERASED)}


async def tallies(view: Snapshot) -> dict[tuple[str, str, str, str], int]:
    """The counters that the projector keeps."""
    return {(row[0], row[1], row[2], row[3]): row[4] for row in await view.rows(_TALLIES)}


async def junk(view: Snapshot) -> list[tuple[str, date, int]]:
    """Parked records that are no readable message: (topic, day in China, how many)."""
    return [(row[0], row[1], row[2]) for row in await view.rows(_JUNK)]
