"""What the connector does with its store, each one transaction: take a page or batch, end a delivery."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.sdk.ports import Delivered, Link, Unmapped
from connectors.sdk.store.checkpoints import Checkpoints
from connectors.sdk.store.counts import counts
from connectors.sdk.store.database import Database
from connectors.sdk.store.inbox import Hole, Inbox, Next, Received, Unreadable
from connectors.sdk.store.links import StoreLinks
from connectors.sdk.store.outbox import Added, Outbox
from connectors.sdk.writing import Written
from schemas.messages.outbound import Receipt


@dataclass(frozen=True, slots=True)
class Taken:
    """What a page brought."""

    new: int
    known: int
    changed: int
    unmapped: int


class Store:
    """One connector's local store. Calls block on disk for milliseconds; when one returns, it is on disk.

    None of them awaits, so a cancelled task leaves a whole transaction or none. `now` is in seconds (Unix
    time).
    """

    def __init__(self, path: Path, department: str) -> None:
        self._database = Database(path, department)
        self.outbox = Outbox(self._database)
        self.inbox = Inbox(self._database)
        self.links = StoreLinks(self._database)
        self.checkpoints = Checkpoints(self._database)

    @property
    def cursor(self) -> str | None:
        """Where the next poll of the department system goes on; None before the first."""
        row = self._database.row("SELECT value FROM cursor")
        return None if row is None else str(row["value"])

    def take_page(self, items: Sequence[Written | Unmapped], cursor: str, now: float) -> Taken:
        """Store what a poll found together with its cursor. Taken once, however often the page is read."""
        added: list[Added] = []
        unmapped = 0
        with self._database.transaction():
            for item in items:
                if isinstance(item, Unmapped):
                    unmapped += 1
                    self.outbox.set_aside(item, now)
                else:
                    added.append(self.outbox.add(item, now))
                    self._link(item)
            self._database.execute(
                "INSERT INTO cursor VALUES (1, ?, ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value, polled_at = excluded.polled_at",
                (cursor, now),
            )
        return Taken(added.count(Added.NEW), added.count(Added.KNOWN), added.count(Added.CHANGED), unmapped)

    def take_batch(
        self,
        received: Sequence[Received],
        receipts: Iterable[Receipt],
        unreadable: Sequence[Unreadable],
        now: float,
    ) -> int:
        """Store a batch of `.in` as a whole, receipts with their effect; how many messages were new."""
        with self._database.transaction():
            for receipt in receipts:
                self.outbox.receipt(receipt, now)
            return self.inbox.take(received, unreadable, now)

    def take_delivered(
        self, step: Next, delivered: Delivered, receipt: Written | None, link: Link | None, now: float
    ) -> None:
        """The department system holds the message: its own number and the technical receipt are kept."""
        with self._database.transaction():
            self.inbox.mark_delivered(step, delivered.local_number, now)
            if receipt is not None:
                self.outbox.add(receipt, now)
            if link is not None:
                self.links.put(link)

    def ask(self, hole: Hole, request: Written, now: float) -> None:
        """Put the request for what is missing on its way, and remember that it is."""
        with self._database.transaction():
            self.outbox.add(request, now)
            self.inbox.asked(hole, now)

    def refused(self, message: str) -> dict[str, str]:
        """`referral`, `task` and `local_number` of a message of ours, as far as known."""
        row = self._database.row(
            "SELECT referral, task, local_number FROM outbox WHERE message = ?", (message,)
        )
        if row is None:
            return {}
        known = {name: row[name] for name in ("referral", "task", "local_number") if row[name]}
        if "local_number" not in known:
            link = self.links.by_task(known.get("task", "")) or self.links.by_referral(
                known.get("referral", "")
            )
            if link is not None:
                known["local_number"] = link.local_number
        return known

    def rewind(self) -> None:
        """Forget the cursor: the next poll reads from the beginning. What was taken is not taken again."""
        self._database.execute("DELETE FROM cursor")

    def forget_data(self, before: float) -> int:
        """Drop the data of messages that ended well before then; how many."""
        with self._database.transaction():
            return self.outbox.forget_data(before) + self.inbox.forget_data(before)

    def counts(self) -> dict[str, Any]:
        """How many messages stand where: see `connectors.sdk.store.counts`."""
        return counts(self._database)

    def close(self) -> None:
        self._database.close()

    def _link(self, message: Written) -> None:
        """A local number told to the hub stands for its referral, and for its task where it has one."""
        # A step may name a further number of the matter (an accepted task's 统一受案号); the one that the department
        # system files it under is the raised referral's, or the one that the sink gave.
        if message.local_number and message.referral and not message.task:
            link = Link(message.local_number, message.envelope.subject, message.referral, message.task)
            self.links.put(link)
