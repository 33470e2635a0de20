"""Which cases are to be compared with others, and by what: a queue that the indexer fills, the index of persons, the
states of cases. For the timekeeper.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from hub.domain.case import Case
from hub.store.person_index import PersonRow
from hub.store.taken import PostgresTaken, TakenReader

_ASKED = "SELECT case_id, asked FROM duplicate_search WHERE case_id > $1 ORDER BY case_id LIMIT $2"
_OF_CASES = """
SELECT token, case_id, source, message_id, place, field FROM person_index
WHERE case_id = ANY($1::text[]) AND place LIKE 'parties/%'"""
# Of a token that stands in very many messages no more is read than says so.
_OF_TOKENS = """
SELECT t.token, p.case_id, p.source, p.message_id, p.place, p.field FROM unnest($1::bytea[]) AS t (token)
CROSS JOIN LATERAL (
    SELECT case_id, source, message_id, place, field FROM person_index
    WHERE token = t.token AND place LIKE 'parties/%' ORDER BY case_id LIMIT $2) AS p"""
_STATES = """
SELECT case_id, state FROM case_state WHERE case_id = ANY($1::text[])
    AND NOT EXISTS (SELECT FROM erased_key e WHERE e.case_id = case_state.case_id COLLATE "C")"""
_DONE = """
DELETE FROM duplicate_search d USING unnest($1::text[], $2::bigint[]) AS done (case_id, asked)
WHERE d.case_id = done.case_id AND d.asked = done.asked"""
# Messages of one case that name a person, at most: a token with more rows than this and `common` is a common one.
_MESSAGES = 20


class DuplicateReader(TakenReader, Protocol):
    """Raises StoreTrouble."""

    async def asked(self, after: str, limit: int) -> dict[str, int]: ...

    async def mentions(self, cases: Collection[str], common: int) -> list[PersonRow]: ...

    async def states(self, cases: Collection[str]) -> dict[str, Case]: ...

    async def done(self, cases: Mapping[str, int]) -> None: ...


class PostgresDuplicates(PostgresTaken):
    """See `DuplicateReader`."""

    async def asked(self, after: str, limit: int) -> dict[str, int]:
        """Cases that are to be compared, in the order of the database beyond `after`, each with how often it was asked for."""
        async with self._pool.connection() as connection:
            return {row[0]: row[1] for row in await connection.fetch(_ASKED, after, limit)}

    async def mentions(self, cases: Collection[str], common: int) -> list[PersonRow]:
        """The persons of these cases wherever they are named as parties, without what stands in more than `common` cases."""
        async with self._pool.connection() as connection:
            own = await connection.fetch(_OF_CASES, sorted(cases))
            tokens, most = sorted({row[0] for row in own}), common * _MESSAGES
            rows = await connection.fetch(_OF_TOKENS, tokens, most + 1) if tokens else []
        by_token: dict[bytes, list[PersonRow]] = {}
        for row in rows:
            by_token.setdefault(row[0], []).append(PersonRow(*row))
        return [
            one
            for found in by_token.values()
            if len(found) <= most and len({one.case for one in found}) <= common
            for one in found
        ]

    async def states(self, cases: Collection[str]) -> dict[str, Case]:
        """The cases as they stand, without those of which something was erased."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_STATES, sorted(cases))
        return {row[0]: Case.from_bytes(row[1]) for row in rows}

    async def done(self, cases: Mapping[str, int]) -> None:
        """They need no more comparing, unless they were asked for again meanwhile. Commits."""
        async with self._pool.transaction() as connection:
            await connection.execute(_DONE, list(cases), list(cases.values()))
