"""A file that says how far a verification has come, so that one that was killed goes on from there."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from hub.audit.shard_state import Scope, ShardState
from hub.errors import ConfigurationError


@dataclass(slots=True)
class _Kept:
    log: str
    scopes: list[Scope]
    shards: list[ShardState]
    tables: bool = True


class Resuming:
    """The file is replaced as a whole, and removed when the verification has come to its end."""

    def __init__(self, file: Path, each: float = 2.0) -> None:
        self._file, self._each, self._log, self._scopes = file, each, "", list[Scope]()
        self._kept_at, self._tables = 0.0, True

    def begun(self, log: str, states: Sequence[ShardState], tables: bool = True) -> list[ShardState]:
        """The states that were kept, else these. Raises ConfigurationError for a file of another verification."""
        self._tables = tables
        self._log, self._scopes = log, [state.scope for state in states]
        if not self._file.exists():
            return list(states)
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError) as problem:
            raise ConfigurationError(f"state file {self._file}: {problem}") from None
        if (kept.log, kept.scopes, kept.tables) != (log, self._scopes, tables):
            which = "with" if kept.tables else "without"
            raise ConfigurationError(
                f"state file {self._file}: is of log {kept.log} and {len(kept.scopes)} ranges, {which} tables; this is log "
                f"{log}: name the same database, range and tables, or another file"
            )
        return [replace(state, done=False) for state in kept.shards]

    def keep(self, states: Sequence[ShardState]) -> None:
        """Write the file, but not more often than each few seconds."""
        now = time.monotonic()
        if now - self._kept_at < self._each:
            return
        self._kept_at = now
        raw = msgspec.json.encode(_Kept(self._log, self._scopes, list(states), self._tables))
        whole = self._file.with_name(self._file.name + ".new")
        with whole.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        whole.replace(self._file)

    def end(self) -> None:
        """Nothing is left to go on with."""
        self._file.unlink(missing_ok=True)
