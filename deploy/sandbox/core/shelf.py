"""Reading a department's records: the books, the outgoing log, the deliveries, the documents."""

import json
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.sandbox.core.matter import Fields, Received, Record, Step, now
from deploy.sandbox.core.tables import open_tables


class Shelf:
    """The reading half of `Records`. Papers come with their content."""

    def __init__(self, path: Path, department: str, clock: Callable[[], datetime] = now) -> None:
        self.department = department
        self._clock = clock
        self._db = open_tables(path, department)
        self._lock = threading.RLock()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def steps_after(self, cursor: int, limit: int) -> list[Step]:
        """The outgoing log after `cursor` (a Step.seq; 0 for the start), in order, at most `limit`."""
        return self._steps("seq > ? order by seq limit ?", cursor, limit)

    def steps_of(self, number: str) -> list[Step]:
        """All steps on one record, in order."""
        return self._steps("number = ? order by seq", number)

    def record(self, number: str) -> Record:
        """One record. Raises KeyError that names the number."""
        found = self._records("number = ?", number)
        if not found:
            raise KeyError(f"number {number!r}: no such record at {self.department}")
        return found[0]

    def record_of_key(self, key: str) -> Record | None:
        """The raised record of a matter's key (a received one's key is its `ext_task`)."""
        return next(iter(self._records("key = ?", key)), None)

    def all_records(self) -> list[Record]:
        """Every record, in the order in which they came to be."""
        return self._records("true order by rowid")

    def received_log(self, after: int = 0, number: str | None = None) -> list[Received]:
        """Deliveries in order of arrival, after the ordinal `after`; of one record when `number` is given."""
        where, values = (
            ("ordinal > ?", (after,)) if number is None else ("ordinal > ? and number = ?", (after, number))
        )
        return self._received(f"{where} order by ordinal", *values)

    def delivery(self, delivery_id: str) -> Received | None:
        """What was written in under this id."""
        return next(iter(self._received("delivery_id = ?", delivery_id)), None)

    def acts_done(self, number: str) -> set[str]:
        """The names of the acts that the officers have done on a record."""
        return {
            row["act"]
            for row in self._query("select act from step where number = ? and act is not null", (number,))
        }

    def paper(self, sha256: str) -> bytes:
        """A document's content. Raises KeyError that names the hash."""
        rows = self._query("select content from paper where sha256 = ?", (sha256,))
        if not rows:
            raise KeyError(f"sha256 {sha256!r}: no such document at {self.department}")
        return bytes(rows[0]["content"])

    def _load(self, text: str) -> Fields:
        fields: Fields = json.loads(text)
        for paper in fields.get("papers") or ():
            paper["content"] = self.paper(paper["sha256"])
        return fields

    def _steps(self, where: str, *values: Any) -> list[Step]:
        rows = self._query(f"select * from step where {where}", values)
        return [
            Step(row["seq"], row["key"], row["number"], row["kind"], row["at"], self._load(row["fields"]))
            for row in rows
        ]

    def _records(self, where: str, *values: Any) -> list[Record]:
        rows = self._query(f"select * from record where {where}", values)
        return [Record(**{**dict(row), "content": self._load(row["content"])}) for row in rows]

    def _received(self, where: str, *values: Any) -> list[Received]:
        rows = self._query(f"select * from received where {where}", values)
        return [
            Received(
                row["ordinal"],
                row["delivery_id"],
                row["number"],
                row["kind"],
                row["at"],
                self._load(row["fields"]),
            )
            for row in rows
        ]

    def _query(self, sql: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()
