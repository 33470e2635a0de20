"""Messages on their way to the hub: new, sent (Kafka has it), receipted (the hub said what became of it)."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from connectors.sdk.ports import Unmapped
from connectors.sdk.store.database import Database
from connectors.sdk.writing import Written
from schemas.envelope import Headers
from schemas.messages.outbound import Receipt, ReceiptOutcome

# Receipts come in well under this many seconds while the hub is there.
DOUBT = 2.0
# Names the condition of the index, else the whole outbox is read, every message that was ever sent.
_OPEN = "state <> 'receipted'"


class Added(Enum):
    """What became of a message that was put into the outbox."""

    NEW = "new"
    KNOWN = "known"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class ToSend:
    """One message to produce now."""

    message: str
    case: str
    attempts: int
    headers: Headers
    data: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where Kafka put a record."""

    topic: str
    partition: int
    offset: int


class Outbox:
    """Every method is one transaction, or joins the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, message: Written, now: float) -> Added:
        """Take a message once. The first content under a local id stays; another one is kept as `changed`."""
        with self._database.transaction():
            known = self._database.row("SELECT digest FROM outbox WHERE message = ?", (message.envelope.id,))
            if known is None:
                self._insert(message, now)
                self._database.execute(
                    "DELETE FROM unmapped WHERE local_id = ? AND kind = 'unmapped'", (message.local_id,)
                )
                return Added.NEW
            if known["digest"] == message.digest:
                return Added.KNOWN
            problem = (
                f"local_id {message.local_id!r}: changed under the same local id; the first content was kept"
            )
            self.set_aside(Unmapped(message.local_id, problem, message.data), now, kind="changed")
            return Added.CHANGED

    def set_aside(self, item: Unmapped, now: float, kind: str = "unmapped") -> None:
        """Keep what can't be sent, with the problem; again under the same local id renews it."""
        self._database.execute(
            "INSERT INTO unmapped (local_id, kind, problem, raw, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET problem = excluded.problem, raw = excluded.raw,"
            " last_at = excluded.last_at, times = times + 1",
            (item.local_id, kind, item.problem, item.raw, now, now),
        )

    def next_round(self, limit: int, except_cases: Iterable[str] = ()) -> list[ToSend]:
        """The first unsent message of each case, oldest first: sent together, none overtakes another."""
        waiting = set(except_cases)
        rows = self._database.rows(
            "SELECT * FROM outbox WHERE position IN"
            f" (SELECT MIN(position) FROM outbox WHERE {_OPEN} AND state = 'new' GROUP BY case_id)"
            " ORDER BY position LIMIT ?",
            (limit + len(waiting),),
        )
        return [_to_send(row) for row in rows if row["case_id"] not in waiting][:limit]

    def mark_sent(self, sent: Sequence[tuple[str, Place]], now: float) -> None:
        """Kafka has acknowledged these. A receipt that was faster is not undone."""
        with self._database.transaction():
            for message, place in sent:
                self._database.execute(
                    "UPDATE outbox SET attempts = attempts + 1, sent_at = ?, topic = ?, partition = ?,"
                    " record_offset = ?, state = CASE state WHEN 'new' THEN 'sent' ELSE state END"
                    " WHERE message = ?",
                    (now, place.topic, place.partition, place.offset, message),
                )

    def send_again(self, resend_after: float, longest: float, now: float) -> int:
        """Put back every sent message of a case whose first one without a receipt is overdue or in doubt; how many.

        The whole rest of the case goes again and in order: after a loss of the topic the hub must not see a
        later step without the earlier one. So a case in which something new is to go, and where `DOUBT` seconds before
        that was taken a message had been sent that has no receipt yet, is sent again at once: the hub counts
        once what it had. Else the wait doubles with each attempt up to `longest` (seconds).
        """
        return self._database.execute(
            f"UPDATE outbox SET state = 'new' WHERE {_OPEN} AND state = 'sent' AND case_id IN"
            " (SELECT sent.case_id FROM"
            f" (SELECT MIN(position) AS position FROM outbox WHERE {_OPEN} AND state = 'sent' GROUP BY case_id)"
            " JOIN outbox AS sent USING (position) LEFT JOIN"
            f" (SELECT case_id, MAX(taken_at) AS taken_at FROM outbox WHERE {_OPEN} AND state = 'new'"
            " GROUP BY case_id) AS newest ON newest.case_id = sent.case_id"
            " WHERE sent.sent_at + MIN(:longest, :after * (1 << MIN(sent.attempts - 1, 20))) <= :now"
            " OR newest.taken_at >= sent.sent_at + :doubt)",
            {"after": resend_after, "longest": longest, "now": now, "doubt": DOUBT},
        )

    def receipt(self, receipt: Receipt, now: float) -> bool:
        """End the sending of what the receipt names, by message id, or else by place and claimed id; whether it is ours.

        A place alone does not do: after a topic went back somebody else's record may lie where ours was. A later receipt
        replaces only `parked`: what was early has been taken up since.
        """
        message = receipt.message if receipt.message is not None else self._at(receipt)
        changed = self._database.execute(
            "UPDATE outbox SET state = 'receipted', outcome = ?, reason = ?, receipted_at = ?"
            " WHERE message = ? AND (outcome IS NULL OR outcome = ?)",
            (receipt.outcome, receipt.reason, now, message, ReceiptOutcome.PARKED),
        )
        return changed > 0

    def _at(self, receipt: Receipt) -> str | None:
        rows = self._database.rows(
            "SELECT message FROM outbox WHERE topic = ? AND partition = ? AND record_offset = ?",
            (receipt.topic, receipt.partition, receipt.offset),
        )
        names = [str(row["message"]) for row in rows]
        return next((one for one in names if sha256(one.encode()).hexdigest() == receipt.claim), None)

    def forget_data(self, before: float) -> int:
        """Drop the data of messages whose submission was receipted before then; the digest stays."""
        return self._database.execute(
            "UPDATE outbox SET data = NULL WHERE outcome = ? AND receipted_at < ? AND data IS NOT NULL",
            (ReceiptOutcome.SUBMITTED, before),
        )

    def _insert(self, message: Written, now: float) -> None:
        self._database.execute(
            "INSERT INTO outbox (message, local_id, case_id, type, attributes, data, digest, referral, task,"
            " local_number, state, taken_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'new', ?)",
            (
                message.envelope.id,
                message.local_id,
                message.envelope.subject,
                message.envelope.type,
                json.dumps([[name, value.decode()] for name, value in message.envelope.headers()]),
                message.data,
                message.digest,
                message.referral,
                message.task,
                message.local_number,
                now,
            ),
        )


def _to_send(row: sqlite3.Row) -> ToSend:
    headers = [(name, text.encode()) for name, text in json.loads(row["attributes"])]
    return ToSend(row["message"], row["case_id"], row["attempts"], headers, row["data"])
