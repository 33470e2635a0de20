"""What cities ask for, row by row: systems and mechanisms N1 … N117, hand-overs H1 … H47. Tests say which of them work."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hub.errors import ConfigurationError

FILE = Path(__file__).with_name("coverage_rows.tsv")
ROW = re.compile(r"[NH]\d+")
_SPAN = re.compile(r"([NH])(\d+)-\1?(\d+)")
# Kinds that need no work: an organisation that is served, and what is named for completeness.
NEEDLESS = frozenset({"S", "X"})


class Row(NamedTuple):
    """`kind`: C a system to connect, E a mechanism of the hub's own, S an organisation it serves, X context only."""

    row: str
    kind: str
    zh: str
    en: str


@cache
def load_rows() -> dict[str, Row]:
    """All rows in their order."""
    lines = FILE.read_text(encoding="utf-8").splitlines()[1:]
    return {row.row: row for row in (Row(*line.split("\t")) for line in lines)}


def named_rows(names: Iterable[str]) -> list[str]:
    """Rows as people write them: `N12`, `N71-N79`, several with commas. Raises ConfigurationError for an unknown one."""
    found: dict[str, None] = {}
    for name in (part.strip().upper() for one in names for part in one.split(",") if part.strip()):
        span = _SPAN.fullmatch(name)
        wanted = [f"{span[1]}{n}" for n in range(int(span[2]), int(span[3]) + 1)] if span else [name]
        for row in wanted or [name]:
            if row not in load_rows():
                raise ConfigurationError(f"row {row!r}: allowed are N1 to N117 and H1 to H47")
            found[row] = None
    return list(found)
