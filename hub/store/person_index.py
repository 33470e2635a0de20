"""The index by which a person is found: keyed hashes of names and numbers, never the names and numbers themselves.

`token` is HMAC-SHA256 (16 bytes of it) under a key that follows from the key-encryption key, so equal tokens are equal
persons in any case. An erasure deletes its rows; what has been erased can't be opened any more, so nothing puts them
back. Only the indexer writes here, and only while it holds `SHARED`.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import asyncpg

# An erasure waits for those who have read keys to write, and who comes later finds the keys gone.
SHARED = "SELECT pg_advisory_xact_lock_shared(7302)"
_EXCLUSIVE = "SELECT pg_advisory_xact_lock(7302)"
_PUT = """
INSERT INTO person_index (token, case_id, source, message_id, place, field)
SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) ON CONFLICT DO NOTHING"""
_FORGET_CASE = "DELETE FROM person_index WHERE case_id = $1"
_FORGET_PERSON = """
DELETE FROM person_index p USING person_index named
WHERE named.case_id = $1 AND named.token = ANY($2::bytea[]) AND p.case_id = named.case_id AND p.source = named.source
    AND p.message_id = named.message_id AND p.place = named.place"""


class PersonRow(NamedTuple):
    """A message names a person at `place` (`parties/0`, `officer`) by `field`."""

    token: bytes
    case: str
    source: str
    message: str
    place: str
    field: str


async def put(connection: "asyncpg.Connection[asyncpg.Record]", rows: Iterable[PersonRow]) -> None:
    """Add rows in the caller's transaction, which holds `SHARED` and read the keys after it. Idempotent."""
    if found := list(rows):
        await connection.execute(_PUT, *map(list, zip(*found, strict=True)))


async def forget_case(connection: "asyncpg.Connection[asyncpg.Record]", case: str) -> int:
    """Delete the rows of a case; returns how many. Call it after its key was deleted, in the same transaction.

    Waits for an indexer that has read the key; the caller commits.
    """
    await connection.execute(_EXCLUSIVE)
    return _count(await connection.execute(_FORGET_CASE, case))


async def forget_person(
    connection: "asyncpg.Connection[asyncpg.Record]", case: str, tokens: Sequence[bytes]
) -> int:
    """The same for one person of a case: whatever stands at a place where one of these tokens stands."""
    await connection.execute(_EXCLUSIVE)
    return _count(await connection.execute(_FORGET_PERSON, case, list(tokens)))


def _count(done: str) -> int:
    return int(done.rpartition(" ")[2])
