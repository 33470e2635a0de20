"""Reading the SQLite files of departments and connectors while their processes write them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 10.0


def rows(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a query; none while the file or table is not made yet. Never writes."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE_SECONDS)) as connection:
        try:
            return list(connection.execute(sql, values))
        except sqlite3.OperationalError as trouble:
            if "no such table" in str(trouble):
                return []
            raise
