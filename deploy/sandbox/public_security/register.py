"""The register 收发登记 of packages:

what went out and whether a receipt came, and the receipts that we still owe.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
create table if not exists sent(
    serial integer primary key, number text not null, ext_case text, previous integer,
    sent_at real, attempts integer not null default 0, received integer not null default 0,
    repeated integer not null default 0);
create index if not exists sent_number on sent(number, serial);
create index if not exists sent_case on sent(ext_case, serial);
create index if not exists sent_open on sent(serial) where received = 0;
create table if not exists owed(
    id integer primary key autoincrement, package text not null, result text not null, number text, problem
    text);
"""

Owed = tuple[str, str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Entry:
    serial: int
    previous: int | None
    attempts: int
    sent_at: float | None


class Register:
    """A SQLite file. Every call is one transaction and durable on return."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def last_serial(self) -> int:
        return int(self._db.execute("select coalesce(max(serial), 0) from sent").fetchone()[0])

    def enter(self, serial: int, number: str, ext_case: str | None) -> None:
        """A new package; its predecessor is the last one of the same record or case."""
        self._db.execute(
            "insert into sent(serial, number, ext_case, previous) values (?1, ?2, ?3,"
            " (select max(serial) from sent where number = ?2 or ext_case = ?3))",
            (serial, number, ext_case),
        )

    def due(self, before: float) -> list[Entry]:
        """Packages without a receipt that were last sent before this moment, or never."""
        rows = self._db.execute(
            "select serial, previous, attempts, sent_at from sent"
            " where received = 0 and coalesce(sent_at, 0) < ? order by serial limit 200",
            (before,),
        )
        return [Entry(*row) for row in rows]

    def sent(self, serial: int, at: float) -> None:
        self._db.execute(
            "update sent set sent_at = ?, attempts = attempts + 1 where serial = ?", (at, serial)
        )

    def receipt(self, serial: int, taken: bool) -> None:
        """A receipt came: the package is done, or (torn) due at once."""
        change = "received = 1" if taken else "sent_at = 0"
        self._db.execute(f"update sent set {change} where serial = ? and received = 0", (serial,))

    def to_repeat(self) -> list[Entry]:
        """Received packages that were not considered for a second coming yet."""
        rows = self._db.execute(
            "select serial, previous, attempts, sent_at from sent where received = 1 and repeated = 0"
        )
        return [Entry(*row) for row in rows]

    def repeated(self, serial: int) -> None:
        self._db.execute("update sent set repeated = 1 where serial = ?", (serial,))

    def owe(self, receipt: Owed) -> None:
        self._db.execute("insert into owed(package, result, number, problem) values (?, ?, ?, ?)", receipt)

    def owed(self, limit: int) -> tuple[int, list[Owed]]:
        """The oldest receipts to give, and the mark up to which they go."""
        rows = self._db.execute(
            "select id, package, result, number, problem from owed order by id limit ?", (limit,)
        ).fetchall()
        return (rows[-1][0] if rows else 0), [row[1:] for row in rows]

    def given(self, mark: int) -> None:
        self._db.execute("delete from owed where id <= ?", (mark,))

    def waiting(self) -> Sequence[int]:
        """Serials of packages without a receipt."""
        return [
            row[0] for row in self._db.execute("select serial from sent where received = 0 order by serial")
        ]
