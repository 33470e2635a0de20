"""How many messages of a connector stand where: for `--status`, metrics and people."""

from typing import Any

from connectors.sdk.store.database import Database


def counts(database: Database) -> dict[str, Any]:
    """Counts by name; `oldest_…` and `polled_at` are Unix seconds or None, `problems` the last twenty."""
    by_state = _by(database, "SELECT state, COUNT(*) FROM outbox GROUP BY state")
    inbox = _by(database, "SELECT state, COUNT(*) FROM inbox GROUP BY state")
    held = _one(
        database,
        "SELECT COUNT(*) FROM inbox LEFT JOIN case_sequence USING (case_id)"
        " WHERE state = 'pending' AND previous > COALESCE(last, 0)",
    )
    return {
        "outbox": {"new": by_state.get("new", 0), "sent": by_state.get("sent", 0)},
        "receipted": _by(
            database, "SELECT outcome, COUNT(*) FROM outbox WHERE outcome NOT NULL GROUP BY outcome"
        ),
        "unmapped": _one(database, "SELECT COUNT(*) FROM unmapped WHERE kind = 'unmapped'"),
        "changed": _one(database, "SELECT COUNT(*) FROM unmapped WHERE kind = 'changed'"),
        "inbox": {state: inbox.get(state, 0) for state in ("pending", "delivered", "dropped", "rejected")},
        "held": held,
        "holes": _one(database, "SELECT COUNT(*) FROM hole"),
        "unreadable": _one(database, "SELECT COUNT(*) FROM rejected"),
        "checkpoints": _one(database, "SELECT COUNT(*) FROM checkpoint"),
        "checkpoint_alarms": _one(database, "SELECT COUNT(*) FROM checkpoint_alarm"),
        "links": _one(database, "SELECT COUNT(*) FROM link"),
        "oldest_unsent": _value(database, "SELECT MIN(taken_at) FROM outbox WHERE state = 'new'"),
        "oldest_undelivered": _value(database, "SELECT MIN(taken_at) FROM inbox WHERE state = 'pending'"),
        "polled_at": _value(database, "SELECT MAX(polled_at) FROM cursor"),
        "problems": _problems(database),
    }


def _problems(database: Database) -> list[dict[str, str]]:
    rows = database.rows(
        "SELECT kind AS what, local_id AS id, problem, last_at AS at FROM unmapped"
        " UNION ALL SELECT 'rejected', message, reason, ended_at FROM inbox WHERE state = 'rejected'"
        " UNION ALL SELECT 'unreadable', topic || '/' || partition || '/' || record_offset, reason, at"
        " FROM rejected"
        " UNION ALL SELECT 'checkpoint ' || kind, origin || ' ' || COALESCE(size, ''), detail, at FROM checkpoint_alarm"
        " ORDER BY at DESC LIMIT 20"
    )
    return [{"what": row["what"], "id": row["id"], "problem": row["problem"]} for row in rows]


def _by(database: Database, sql: str) -> dict[str, int]:
    return {row[0]: row[1] for row in database.rows(sql)}


def _one(database: Database, sql: str) -> int:
    return int(_value(database, sql) or 0)


def _value(database: Database, sql: str) -> float | None:
    row = database.row(sql)
    return None if row is None else row[0]
