"""The SQLite file: tables, transactions, and the lock that lets one connector run once."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from connectors.errors import ForeignStore, StoreInUse

VERSION = 2

_TABLES = """
CREATE TABLE identity (department TEXT NOT NULL);
CREATE TABLE cursor (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL, polled_at REAL NOT NULL);
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL UNIQUE,
    local_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    type TEXT NOT NULL,
    attributes TEXT NOT NULL,
    data BLOB,
    digest TEXT NOT NULL,
    referral TEXT,
    task TEXT,
    local_number TEXT,
    state TEXT NOT NULL CHECK (state IN ('new', 'sent', 'receipted')),
    attempts INTEGER NOT NULL DEFAULT 0,
    taken_at REAL NOT NULL,
    sent_at REAL,
    topic TEXT,
    partition INTEGER,
    record_offset INTEGER,
    outcome TEXT,
    reason TEXT,
    receipted_at REAL
);
CREATE INDEX outbox_open ON outbox (state, case_id, position) WHERE state <> 'receipted';
CREATE INDEX outbox_place ON outbox (topic, partition, record_offset);
CREATE TABLE unmapped (
    local_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('unmapped', 'changed')),
    problem TEXT NOT NULL,
    raw BLOB NOT NULL,
    first_at REAL NOT NULL,
    last_at REAL NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (local_id, kind)
);
CREATE TABLE inbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL,
    type TEXT NOT NULL,
    case_id TEXT NOT NULL,
    actor TEXT,
    sequence INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    data BLOB,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dropped', 'rejected')),
    reason TEXT,
    local_number TEXT,
    taken_at REAL NOT NULL,
    ended_at REAL,
    UNIQUE (case_id, sequence, message)
);
CREATE INDEX inbox_open ON inbox (case_id, sequence, position) WHERE state IN ('pending', 'rejected');
CREATE INDEX inbox_message ON inbox (message);
CREATE TABLE case_sequence (case_id TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE hole (
    case_id TEXT PRIMARY KEY,
    from_sequence INTEGER NOT NULL,
    to_sequence INTEGER NOT NULL,
    asked_at REAL NOT NULL,
    times INTEGER NOT NULL
);
CREATE TABLE link (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    local_number TEXT NOT NULL,
    case_id TEXT NOT NULL,
    referral TEXT NOT NULL,
    task TEXT NOT NULL,
    UNIQUE (local_number, case_id, referral, task)
);
CREATE INDEX link_referral ON link (referral);
CREATE INDEX link_task ON link (task);
CREATE TABLE rejected (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    record_offset INTEGER NOT NULL,
    digest TEXT NOT NULL,
    reason TEXT NOT NULL,
    headers TEXT NOT NULL,
    key BLOB,
    value BLOB,
    at REAL NOT NULL,
    PRIMARY KEY (topic, partition, record_offset, digest)
);
"""

_CHECKPOINTS = """
CREATE TABLE checkpoint (
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (origin, size)
) WITHOUT ROWID;
CREATE TABLE checkpoint_alarm (
    kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    origin TEXT NOT NULL,
    size INTEGER,
    detail TEXT NOT NULL,
    raw BLOB NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (kind, digest)
) WITHOUT ROWID;
"""

# What each version adds to the one before.
_STEPS = (_TABLES, _CHECKPOINTS)


class Database:
    """One connection, one writer. Every call blocks on disk for milliseconds; committed means on disk.

    Any thread may call; a transaction belongs to the thread that opened it and joins an outer one of that
    thread.
    """

    def __init__(self, path: Path, department: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A message counts as taken when the department system's cursor has passed it: the disk must have it.
        self._connection.execute("PRAGMA synchronous = FULL")
        try:
            self._prepare(path, department)
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; committed, and on disk, when the outermost one ends without an exception."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    def execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> int:
        """Run one statement; how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, parameters).rowcount

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Row | None:
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _prepare(self, path: Path, department: str) -> None:
        with self.transaction():
            version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise ForeignStore(f"store {path}: version {version}; this kit reads version {VERSION}")
            for step in _STEPS[version:]:
                for statement in step.split(";"):
                    self._connection.execute(statement)
            if version == 0:
                self._connection.execute("INSERT INTO identity VALUES (?)", (department,))
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
            owner = self._connection.execute("SELECT department FROM identity").fetchone()[0]
            if owner != department:
                raise ForeignStore(
                    f"store {path}: belongs to department {owner!r}, configured is {department!r}"
                )


@contextmanager
def only_process(path: Path) -> Iterator[None]:
    """Hold the store for this process; the lock ends with it, also by kill -9. Raises StoreInUse."""
    lock = path.with_name(path.name + ".lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreInUse(f"store {path}: another process runs this connector; stop it first") from None
        yield
    finally:
        os.close(handle)
