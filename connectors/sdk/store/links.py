"""What a department's own number stands for."""

from connectors.sdk.ports import Link
from connectors.sdk.store.database import Database


class StoreLinks:
    """`Links` in the store: on disk when `put` returns. The link put last is the one that is found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, link: Link) -> None:
        self._database.execute(
            "INSERT INTO link (local_number, case_id, referral, task) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (link.local_number, link.case, link.referral or "", link.task or ""),
        )

    def by_number(self, local_number: str) -> Link | None:
        return self._last("local_number", local_number)

    def by_referral(self, referral: str) -> Link | None:
        return self._last("referral", referral)

    def by_task(self, task: str) -> Link | None:
        return self._last("task", task)

    def _last(self, column: str, value: str) -> Link | None:
        if not value:
            return None
        row = self._database.row(
            f"SELECT * FROM link WHERE {column} = ? ORDER BY position DESC LIMIT 1", (value,)
        )
        if row is None:
            return None
        return Link(row["local_number"], row["case_id"], row["referral"] or None, row["task"] or None)
