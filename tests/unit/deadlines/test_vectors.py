"""The test vectors V1–V16: rules of counting, each on a clock that counts so."""

from datetime import date

import pytest

from hub.domain.calendar import Calendar
from hub.domain.clock_set import Clocks
from hub.domain.deadline import compute
from hub.domain.deadline_facts import CustodyChanged, Extended, Fact, Started
from hub.domain.derivation_words import explain

# Vector, clock, start, more facts, raw, due.
VECTORS: list[tuple[str, str, str, list[Fact], str, str]] = [
    ("V1 15 D roll", "X1", "2026-02-05", [], "2026-02-20", "2026-02-24"),
    ("V2 5 WD", "X5", "2026-02-11", [], "2026-02-25", "2026-02-25"),
    ("V3 7 D custody", "C45", "2026-02-10", [CustodyChanged(date(2026, 2, 10), True)], "2026-02-17", "2026-02-17"),
    ("V4 7 D not custody", "C45", "2026-02-10", [], "2026-02-17", "2026-02-24"),
    ("V5 15 D", "X3", "2026-02-10", [], "2026-02-25", "2026-02-25"),
    ("V6 1 M", "C37", "2026-01-31", [], "2026-02-28", "2026-02-28"),
    ("V7 1 M criminal", "C37", "2026-02-28", [], "2026-03-31", "2026-03-31"),
    ("V8 1 M civil", "J23", "2026-02-28", [], "2026-03-28", "2026-03-30"),
    ("V9 60 D", "X7", "2026-07-01", [], "2026-08-30", "2026-08-31"),
    ("V10 60 + 30 D", "X7", "2026-07-01", [Extended(30, date(2026, 8, 25))], "2026-09-29", "2026-09-29"),
    ("V11 5 WD", "X5", "2026-09-24", [], "2026-10-09", "2026-10-09"),
    ("V12 10 WD", "J19d", "2026-09-24", [], "2026-10-15", "2026-10-15"),
    ("V13 7 D roll", "C45", "2026-09-24", [], "2026-10-01", "2026-10-08"),
    ("V14 3 D roll", "C5", "2026-09-30", [], "2026-10-03", "2026-10-08"),
    ("V15 1 M criminal", "C37", "2026-08-31", [], "2026-09-30", "2026-09-30"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "clock", "start", "more", "raw", "due"), VECTORS, ids=[v[0] for v in VECTORS]
)
def test_vector(
    clocks: Clocks,
    calendar: Calendar,
    name: str,
    clock: str,
    start: str,
    more: list[Fact],
    raw: str,
    due: str,
) -> None:
    deadline = compute(clocks.get(clock), [Started(date.fromisoformat(start)), *more], calendar)
    assert (str(deadline.raw), str(deadline.due), deadline.provisional) == (raw, due, False), name


def test_v16_beyond_the_calendar_the_date_is_provisional_and_says_so(
    clocks: Clocks, calendar: Calendar
) -> None:
    deadline = compute(clocks.get("J12b"), [Started(date(2026, 12, 30))], calendar)
    assert deadline.provisional
    assert deadline.steps[-1].kind == "provisional"
    assert "工作日历止于 2026-12-31，暂定" in explain(deadline, clocks)
    assert deadline.due > date(2026, 12, 31)


def test_the_last_covered_day_is_not_provisional(clocks: Clocks, calendar: Calendar) -> None:
    assert not compute(clocks.get("J12b"), [Started(date(2026, 12, 29))], calendar).provisional
