"""Messages of the hub on their way into the department system: per case in order, each once."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from connectors.sdk.store.database import Database


@dataclass(frozen=True, slots=True)
class Received:
    """One record of `.in` that was read. `sequence` 0: without order, delivered as soon as it is there."""

    message: str
    type: str
    case: str
    actor: str | None
    sequence: int
    previous: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One record of `.in` that can't be read: kept whole."""

    topic: str
    partition: int
    offset: int
    digest: str
    reason: str
    headers: str
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Next:
    """The message of a case that is to be delivered now."""

    position: int
    message: str
    type: str
    case: str
    actor: str | None
    sequence: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hole:
    """The case waits: these sequences of the hub are missing. `times`: how often they were asked for."""

    case: str
    first: int
    last: int
    times: int
    asked_at: float


class Inbox:
    """Every method is one transaction, or joins the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, received: Iterable[Received], unreadable: Iterable[Unreadable], now: float) -> int:
        """Store a batch as a whole; how many messages were new. The same records again change nothing."""
        new = 0
        with self._database.transaction():
            for one in received:
                new += self._database.execute(
                    "INSERT INTO inbox"
                    " (message, type, case_id, actor, sequence, previous, data, state, taken_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?) ON CONFLICT DO NOTHING",
                    (one.message, one.type, one.case, one.actor, one.sequence, one.previous, one.data, now),
                )
            for bad in unreadable:
                self._database.execute(
                    "INSERT INTO rejected VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (
                        bad.topic,
                        bad.partition,
                        bad.offset,
                        bad.digest,
                        bad.reason,
                        bad.headers,
                        bad.key,
                        bad.value,
                        now,
                    ),
                )
        return new

    def open_cases(self) -> list[str]:
        """Cases with a message that is not delivered yet, the longest waiting first."""
        rows = self._database.rows(
            "SELECT case_id, MIN(position) FROM inbox WHERE state = 'pending' GROUP BY case_id ORDER BY 2"
        )
        return [row["case_id"] for row in rows]

    def next(self, case: str, now: float) -> Next | Hole | None:
        """What the case needs now; drops what is old. None: nothing, or a rejected one blocks the case.

        Order is `previous` <= last delivered < `sequence`: everything up to `previous` has been delivered.
        A rejected one without a sequence blocks nothing.
        """
        with self._database.transaction():
            rows = self._database.rows(
                "SELECT * FROM inbox WHERE case_id = ? AND state IN ('pending', 'rejected')"
                " ORDER BY sequence, position",
                (case,),
            )
            last = self.last_sequence(case)
            for row in rows:
                if row["state"] == "rejected":
                    if row["sequence"] == 0:
                        continue
                    return None
                if self._delivered_before(row):
                    self._drop(row, "delivered before under the same id", now)
                    last = max(last, row["sequence"])
                    self._advance(case, last)
                elif 0 < row["sequence"] <= last:
                    self._drop(
                        row, f"sequence {row['sequence']} is not above {last}, the last delivered", now
                    )
                elif row["previous"] <= last:
                    return _next(row)
                else:
                    return self._hole(case, last + 1, row["previous"])
        return None

    def asked(self, hole: Hole, now: float) -> None:
        """Note that the hole's sequences were asked for again."""
        self._database.execute(
            "INSERT INTO hole VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET from_sequence = excluded.from_sequence,"
            " to_sequence = excluded.to_sequence, asked_at = excluded.asked_at, times = excluded.times",
            (hole.case, hole.first, hole.last, now, hole.times + 1),
        )

    def mark_delivered(self, step: Next, local_number: str | None, now: float) -> None:
        """The department system holds it: the case goes on behind it."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE inbox SET state = 'delivered', local_number = ?, ended_at = ? WHERE position = ?",
                (local_number, now, step.position),
            )
            if step.sequence is not None:
                self._advance(step.case, step.sequence)

    def mark_rejected(self, step: Next, reason: str, now: float) -> None:
        """The department system says no: the case waits until a person retries or skips it."""
        self._database.execute(
            "UPDATE inbox SET state = 'rejected', reason = ?, ended_at = ? WHERE position = ?",
            (reason, now, step.position),
        )

    def retry(self, message: str) -> bool:
        """Deliver a rejected message again; False if there is none of this id."""
        changed = self._database.execute(
            "UPDATE inbox SET state = 'pending', ended_at = NULL WHERE message = ? AND state = 'rejected'",
            (message,),
        )
        return changed > 0

    def skip(self, message: str, now: float) -> bool:
        """Give a rejected message up, so that its case goes on; False if there is none of this id."""
        with self._database.transaction():
            rows = self._database.rows(
                "SELECT * FROM inbox WHERE message = ? AND state = 'rejected'", (message,)
            )
            for row in rows:
                self._drop(row, f"skipped by a person; was rejected: {row['reason']}", now)
                self._advance(row["case_id"], row["sequence"])
        return bool(rows)

    def last_sequence(self, case: str) -> int:
        """The sequence last delivered in the case; 0 before the first."""
        row = self._database.row("SELECT last FROM case_sequence WHERE case_id = ?", (case,))
        return int(row["last"]) if row else 0

    def forget_data(self, before: float) -> int:
        """Drop the data of messages delivered or dropped before then; the id stays, to know it again."""
        return self._database.execute(
            "UPDATE inbox SET data = NULL"
            " WHERE state IN ('delivered', 'dropped') AND ended_at < ? AND data IS NOT NULL",
            (before,),
        )

    def _delivered_before(self, row: sqlite3.Row) -> bool:
        found = self._database.row(
            "SELECT 1 FROM inbox WHERE message = ? AND case_id = ? AND state = 'delivered'",
            (row["message"], row["case_id"]),
        )
        return found is not None

    def _hole(self, case: str, first: int, last: int) -> Hole:
        row = self._database.row("SELECT * FROM hole WHERE case_id = ? AND to_sequence >= ?", (case, last))
        if row is None:
            return Hole(case, first, last, 0, 0.0)
        return Hole(case, first, last, row["times"], row["asked_at"])

    def _advance(self, case: str, sequence: int) -> None:
        if sequence <= 0:
            return
        self._database.execute(
            "INSERT INTO case_sequence VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET last = MAX(last, excluded.last)",
            (case, sequence),
        )
        self._database.execute("DELETE FROM hole WHERE case_id = ? AND to_sequence <= ?", (case, sequence))

    def _drop(self, row: sqlite3.Row, reason: str, now: float) -> None:
        self._database.execute(
            "UPDATE inbox SET state = 'dropped', reason = ?, ended_at = ? WHERE position = ?",
            (reason, now, row["position"]),
        )


def _next(row: sqlite3.Row) -> Next:
    data = json.loads(row["data"])
    return Next(
        row["position"],
        row["message"],
        row["type"],
        row["case_id"],
        row["actor"],
        row["sequence"] or None,
        data,
    )
