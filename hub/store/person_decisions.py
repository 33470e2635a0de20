"""What a person decided about the store itself (positions, cluster, rules): kept in `meta` with the reason."""

import json
from datetime import UTC, datetime

import asyncpg

_NOTE = "INSERT INTO meta VALUES ($1, $2)"


async def keep_decision(
    connection: "asyncpg.Connection[asyncpg.Record]", about: str, old: object, new: object, reason: str
) -> None:
    """Write one decision in the caller's transaction; `about` and the moment are its name."""
    note = json.dumps({"from": old, "to": new, "reason": reason}, ensure_ascii=False)
    await connection.execute(_NOTE, f"{about}/{datetime.now(UTC).isoformat()}", note)
