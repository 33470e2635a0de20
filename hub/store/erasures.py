"""What was erased, kept outside the database too, so that no restored backup brings it back.

A file beside the key-encryption keys, added to and never changed: `<key id> <case>` a line, nothing else. Table
`erased_key` holds the same. Whichever lacks a line gets it, and a key that is on the list is destroyed wherever it is met.
"""

import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigurationError
from hub.store.pool import Pool
from hub.store.reindexing import reindex_in
from hub.store.sealing import SealBroken, Sealer

log = logging.getLogger(__name__)
_LINE = re.compile(r"([0-9a-f]{24}) (\S.*)")
_KNOWN = "SELECT key_id, case_id FROM erased_key"
_WRAPPED = "SELECT case_id, wrapped FROM case_key WHERE case_id = ANY($1::text[])"
# Only what was read: an intake that runs may have given the case another person meanwhile.
REPLACE = "UPDATE case_key SET wrapped = $3 WHERE case_id = $1 AND wrapped = $2"
_NOTE = """
INSERT INTO erased_key (key_id, case_id, erased_at)
SELECT key_id, case_id, clock_timestamp() FROM unnest($1::text[], $2::text[]) AS e (key_id, case_id) ON CONFLICT DO NOTHING"""


@dataclass(frozen=True, slots=True)
class Settled:
    """`again`: keys that were there again and were destroyed; `noted`: lines that the file lacked."""

    again: int
    noted: int


class ErasureList:
    """The file. Several processes may add to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, str]:
        """Case by key id; empty without a file. Raises ConfigurationError naming file and line."""
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as problem:
            raise ConfigurationError(f"erasure list {self.path}: {problem}") from None
        found: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            match = _LINE.fullmatch(line)
            if match is None:
                raise ConfigurationError(
                    f"erasure list {self.path}:{number}: {line[:80]!r}: must be a key id and a case"
                )
            found[match[1]] = match[2]
        return found

    def add(self, keys: Iterable[tuple[str, str]]) -> None:
        """Append (key id, case), durably. Idempotent for the reader: a line may be there twice."""
        lines = "".join(f"{key} {case}\n" for key, case in keys)
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())


async def settle_erasures(pool: Pool, sealer: Sealer, listed: ErasureList) -> Settled:
    """Make file and table one, and destroy what a restored database has again. Commits. Idempotent.

    To be called before anything serves. Raises ConfigurationError, StoreTrouble.
    """
    on_file = listed.read()
    async with pool.connection() as connection:
        in_table = {row[0]: row[1] for row in await connection.fetch(_KNOWN)}
    missing = {key: case for key, case in on_file.items() if key not in in_table}
    again = await _destroy(pool, sealer, missing) if missing else 0
    unlisted = [(key, case) for key, case in in_table.items() if key not in on_file]
    listed.add(unlisted)
    if again:
        log.warning("%d erased keys were in the database again (a restored backup?): destroyed", again)
    return Settled(again, len(unlisted))


async def _destroy(pool: Pool, sealer: Sealer, keys: Mapping[str, str]) -> int:
    destroyed = 0
    async with pool.transaction() as connection:
        for case, wrapped in await connection.fetch(_WRAPPED, sorted(set(keys.values()))):
            try:
                key = sealer.unwrap(case, wrapped)
            except SealBroken as broken:
                log.error("keys of a case with erased ones can't be looked at, nor used: %s", broken)
                continue
            there = [(name, number) for name, number in key.ids().items() if name in keys]
            if not there:
                continue
            persons = [number for _, number in there if number is not None]
            destroyed += len(key.destroy(persons, text=len(persons) < len(there)))
            await connection.execute(REPLACE, case, wrapped, sealer.wrap(case, key))
            await reindex_in(connection, sealer, case)
        await connection.execute(_NOTE, list(keys), list(keys.values()))
    return destroyed
