"""The checkpoints of the hub's journal that this department keeps as a witness, and what it found wrong with others."""

from dataclasses import dataclass

from connectors.sdk.store.database import Database
from schemas.checkpoints import Checkpoint
from schemas.notes import Note


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """Something that must not happen in an honest log, and the record that shows it."""

    kind: str
    origin: str
    size: int | None
    detail: str


class Checkpoints:
    """Every method is one transaction, or joins the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def log(self) -> str | None:
        """The name of the log that is kept; None before its first checkpoint."""
        row = self._database.row("SELECT origin FROM checkpoint LIMIT 1")
        return None if row is None else str(row["origin"]).rpartition("/")[0]

    def first(self, origin: str) -> int | None:
        """The size of the first checkpoint kept of a shard."""
        row = self._database.row("SELECT MIN(size) AS size FROM checkpoint WHERE origin = ?", (origin,))
        return None if row is None else row["size"]

    def latest(self, origin: str) -> Checkpoint | None:
        """The longest checkpoint kept of a shard."""
        row = self._database.row(
            "SELECT size, root FROM checkpoint WHERE origin = ? ORDER BY size DESC LIMIT 1", (origin,)
        )
        return None if row is None else Checkpoint(origin, row["size"], row["root"])

    def root(self, origin: str, size: int) -> bytes | None:
        """The root kept for a size."""
        row = self._database.row("SELECT root FROM checkpoint WHERE origin = ? AND size = ?", (origin, size))
        return None if row is None else bytes(row["root"])

    def keep(self, said: Checkpoint, note: Note, now: float) -> None:
        """Keep a checkpoint for good. It is on disk before anything is said about it."""
        self._database.execute(
            "INSERT INTO checkpoint (origin, size, root, note, at) VALUES (?, ?, ?, ?, ?)",
            (said.origin, said.size, said.root, note.to_bytes(), now),
        )

    def alarm(self, alarm: AlarmRow, digest: str, raw: bytes, now: float) -> bool:
        """Remember an alarm with its record; whether it is new."""
        return bool(
            self._database.execute(
                "INSERT INTO checkpoint_alarm VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (alarm.kind, digest, alarm.origin, alarm.size, alarm.detail, raw, now),
            )
        )

    def alarms(self) -> list[AlarmRow]:
        """All that have not been settled by a person, the latest last."""
        rows = self._database.rows("SELECT kind, origin, size, detail FROM checkpoint_alarm ORDER BY at")
        return [AlarmRow(row["kind"], row["origin"], row["size"], row["detail"]) for row in rows]

    def notes(self) -> list[Note]:
        """All that is kept, shard by shard, for an auditor."""
        rows = self._database.rows("SELECT note FROM checkpoint ORDER BY origin, size")
        return [Note.parse(row["note"]) for row in rows]

    def forget(self) -> int:
        """Begin anew with the next checkpoint, after a person has settled the alarms; how many were kept."""
        with self._database.transaction():
            self._database.execute("DELETE FROM checkpoint_alarm")
            return self._database.execute("DELETE FROM checkpoint")
