"""The periods of the stock report: without gaps, by the calendar of China."""

from datetime import date
from itertools import pairwise

import pytest

from hub.errors import ConfigurationError
from hub.operations.stock_commands import By, periods


def test_periods_meet_and_begin_where_months_and_weeks_do() -> None:
    since, until = date(2026, 1, 15), date(2026, 3, 2)
    months = periods(since, until, By.month)
    assert [one.isoformat() for one, _ in months] == [
        "2026-01-15T00:00:00+08:00",
        "2026-02-01T00:00:00+08:00",
        "2026-03-01T00:00:00+08:00",
    ]
    assert months[-1][1].isoformat() == "2026-03-03T00:00:00+08:00"
    for by in By:
        found = periods(since, until, by)
        assert all(a[1] == b[0] for a, b in pairwise(found))
        assert (found[0][0], found[-1][1]) == (months[0][0], months[-1][1])
    assert [one.isoweekday() for one, _ in periods(since, until, By.week)][1:] == [1] * 7


def test_what_can_not_be_counted_is_named() -> None:
    with pytest.raises(ConfigurationError, match="until 2026-01-01: is before 2026-01-02"):
        periods(date(2026, 1, 2), date(2026, 1, 1), By.day)
    with pytest.raises(ConfigurationError, match="at most 366"):
        periods(date(2025, 1, 1), date(2026, 12, 31), By.day)
