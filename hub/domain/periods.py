"""Calendar periods by China time: which one a moment is in, when it begins and ends, how it is named."""

from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from hub.domain.deadline_facts import SHANGHAI

PeriodKind = Literal["week", "month", "quarter", "half_year", "year"]
_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


class Span(NamedTuple):
    """The days from `first` up to `before`, which is the first day of the next one."""

    name: str
    first: date
    before: date

    def begins(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first, datetime.min.time(), SHANGHAI)

    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.before, datetime.min.time(), SHANGHAI)


def span_of(kind: PeriodKind, day: date) -> Span:
    """The period that a day is in: `2026_W10`, `2026_03`, `2026_Q1`, `2026_H1`, `2026`."""
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        year, week, _ = day.isocalendar()
        return Span(f"{year}_W{week:02}", first, first + timedelta(days=7))
    months = _MONTHS[kind]
    part = (day.month - 1) // months
    first = date(day.year, part * months + 1, 1)
    after = part * months + months
    before = date(day.year + after // 12, after % 12 + 1, 1)
    names = {
        "month": f"_{day.month:02}",
        "quarter": f"_Q{part + 1}",
        "half_year": f"_H{part + 1}",
        "year": "",
    }
    return Span(f"{day.year}{names[kind]}", first, before)


def before(kind: PeriodKind, span: Span) -> Span:
    """The period before one."""
    return span_of(kind, span.first - timedelta(days=1))
