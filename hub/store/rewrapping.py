"""Wrapping all keys anew under the key-encryption key in use, so that an earlier one can be destroyed."""

from collections.abc import Callable

from hub.store.erasures import REPLACE
from hub.store.kek import FileKeys, head_of
from hub.store.pool import Pool
from hub.store.sealing import Sealer

_OTHERS = """
SELECT case_id, wrapped FROM case_key WHERE case_id > $1 AND substring(wrapped FROM 1 FOR $2) <> $3
ORDER BY case_id LIMIT 1000"""
_COUNT = """
SELECT convert_from(substring(wrapped FROM 3 FOR get_byte(wrapped, 1)), 'UTF8'), count(*) FROM case_key GROUP BY 1 ORDER BY 1"""


async def rewrap(pool: Pool, keys: FileKeys, tell: Callable[[int], None] = lambda done: None) -> int:
    """Wrap what is under another key-encryption key anew; returns how many. Commits batch by batch; begin again at will.

    A hub may run meanwhile: a case whose keys it changes at the same moment keeps its change, and is met by the next
    run. Raises SealBroken for a key whose key-encryption key is not in the file any more, StoreTrouble.
    """
    sealer, head = Sealer(keys), head_of(keys.active)
    done, last = 0, ""
    while True:
        async with pool.transaction() as connection:
            rows = await connection.fetch(_OTHERS, last, len(head), head)
            new = [(row[0], row[1], sealer.wrap(row[0], sealer.unwrap(row[0], row[1]))) for row in rows]
            await connection.executemany(REPLACE, new)
        if not rows:
            return done
        done, last = done + len(rows), rows[-1][0]
        tell(done)


async def under(pool: Pool) -> dict[str, int]:
    """How many cases' keys are wrapped under each key-encryption key."""
    async with pool.connection() as connection:
        return {row[0]: row[1] for row in await connection.fetch(_COUNT)}
