"""A small department system for the kit's own tests: a notebook in a SQLite file, and the mapping onto it.

The connector process and the test open the same file, as officers and a connector share a real system.
"""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.conformance.bench import Held
from connectors.sdk.ids import referral_id
from connectors.sdk.ports import (
    Delivered,
    Delivery,
    DeliveryRejected,
    Kit,
    Link,
    Outgoing,
    Page,
    Sink,
    Source,
    TransportTrouble,
    Unmapped,
)
from schemas.identifiers import mint_case_id
from schemas.messages.base import HandedPaper, ReferralKind
from schemas.messages.referral import FollowupRecorded, ReferralRaised

PAGE = 7
LEGAL_AT = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
_TABLES = """
CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT, title TEXT, kind TEXT
);
CREATE TABLE IF NOT EXISTS held (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery TEXT UNIQUE, number TEXT, case_id TEXT, type TEXT, data TEXT
);
"""


class Notebook:
    """What officers write, and what connectors deliver. It is away while `<path>.away` exists."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._away = path.with_suffix(".away")
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)
        connection.close()

    def go_away(self) -> None:
        self._away.touch()

    def come_back(self) -> None:
        self._away.unlink(missing_ok=True)

    def hang(self) -> None:
        """From now on a poll never ends."""
        self._away.with_suffix(".hangs").touch()

    def hangs(self) -> bool:
        return self._away.with_suffix(".hangs").exists()

    def reach(self) -> None:
        if self._away.exists():
            raise TransportTrouble("the notebook is closed")

    def raise_matter(self, title: str, kind: str = "raise") -> str:
        """A new matter; its number."""
        number = f"NB-{self._insert('INSERT INTO entry (title, kind) VALUES (?, ?)', title, kind):06d}"
        self._insert("UPDATE entry SET number = ? WHERE seq = ?", number, int(number[3:]))
        return number

    def follow_up(self, number: str, opinion: str) -> None:
        """A call to the citizen about a raised matter."""
        self._insert("INSERT INTO entry (number, title, kind) VALUES (?, ?, 'follow_up')", number, opinion)

    def entries(self, after: int, limit: int) -> list[sqlite3.Row]:
        return self._rows("SELECT * FROM entry WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)

    def raised_under(self, number: str) -> int:
        return int(self._rows("SELECT MIN(seq) FROM entry WHERE number = ?", number)[0][0])

    def receive(self, delivery: Delivery, number: str | None) -> str:
        """Write a delivery in, once; the number of its record."""
        data = json.dumps(dict(delivery.data), ensure_ascii=False)
        self._insert(
            "INSERT INTO held (delivery, number, case_id, type, data) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            *(delivery.message_id, number, delivery.case, delivery.type, data),
        )
        row = self._rows("SELECT * FROM held WHERE delivery = ?", delivery.message_id)[0]
        return row["number"] or f"NR-{row['seq']:06d}"

    def held(self) -> list[dict[str, Any]]:
        """Deliveries in the order in which they were written in."""
        rows = self._rows("SELECT * FROM held ORDER BY seq")
        return [{**dict(row), "number": row["number"] or f"NR-{row['seq']:06d}"} for row in rows]

    def _insert(self, sql: str, *values: object) -> int:
        connection = sqlite3.connect(self._path, timeout=10)
        with connection:
            seq = connection.execute(sql, values).lastrowid
        connection.close()
        return seq or 0

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        connection = sqlite3.connect(self._path, timeout=10)
        connection.row_factory = sqlite3.Row
        rows = connection.execute(sql, values).fetchall()
        connection.close()
        return rows


class NotebookSource:
    """Pages by sequence number; gives the last entry of the page before again."""

    def __init__(self, kit: Kit, notebook: Notebook) -> None:
        self._kit, self._notebook = kit, notebook

    async def poll(self, cursor: str | None) -> Page:
        self._notebook.reach()
        while self._notebook.hangs():
            await asyncio.sleep(0.1)
        after = int(cursor or 0)
        rows = self._notebook.entries(max(0, after - 1), PAGE)
        last = rows[-1]["seq"] if rows else after
        return Page([self._map(row) for row in rows], str(last), more=len(rows) == PAGE)

    def _map(self, row: sqlite3.Row) -> Outgoing | Unmapped:
        local_id = f"entry/{row['seq']}"
        case = mint_case_id(self._kit.department, row["number"])
        raised = referral_id(self._kit.department, f"entry/{self._notebook.raised_under(row['number'])}")
        if row["kind"] == "follow_up":
            followup = FollowupRecorded(
                legal_at=LEGAL_AT, referral=raised, reached=True, opinion=row["title"]
            )
            return Outgoing(local_id, "followup.recorded.v1", case, followup, LEGAL_AT)
        if row["kind"] != "raise":
            problem = f"kind: {row['kind']!r}: allowed: raise, follow_up"
            return Unmapped(local_id, problem, json.dumps(dict(row)).encode())
        content = f"示例文书 {row['title']}".encode()
        paper = HandedPaper(
            code="letter",
            title="示例函",
            sha256=self._kit.attachments.put(content),
            size=len(content),
            media_type="text/plain",
        )
        data = ReferralRaised(
            legal_at=LEGAL_AT,
            flow="F21",
            kind=ReferralKind.ASSIGN,
            local_number=row["number"],
            title=row["title"],
            lead="court",
            papers=[paper],
        )
        return Outgoing(local_id, "referral.raised.v1", case, data, LEGAL_AT)


class NotebookSink:
    """Writes deliveries in; refuses a task whose title asks for it. A write takes `slow` seconds."""

    def __init__(self, kit: Kit, notebook: Notebook, slow: float) -> None:
        self._kit, self._notebook, self._slow = kit, notebook, slow

    async def deliver(self, delivery: Delivery) -> Delivered:
        self._notebook.reach()
        if "拒收" in str(delivery.data.get("title")):
            raise DeliveryRejected(f"title: {delivery.data['title']!r}: must not hold 拒收")
        link = self._link(delivery)
        number = self._notebook.receive(delivery, link.local_number if link else None)
        await asyncio.sleep(self._slow)
        return Delivered(number)

    def _link(self, delivery: Delivery) -> Link | None:
        task, referral = delivery.data.get("task"), delivery.data.get("referral")
        return self._kit.links.by_task(str(task)) or self._kit.links.by_referral(str(referral))


def build(kit: Kit) -> tuple[Source, Sink]:
    """Settings: `path` of the notebook, `slow` seconds for each delivery."""
    notebook = Notebook(Path(kit.settings["path"]))
    return NotebookSource(kit, notebook), NotebookSink(kit, notebook, float(kit.settings.get("slow", 0)))


def as_held(rows: Sequence[dict[str, Any]]) -> list[Held]:
    return [Held(row["delivery"], row["number"]) for row in rows]
