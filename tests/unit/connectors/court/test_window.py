"""Windowed polling against a system whose view of changes lags."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.transports.window import Listed, Window

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
OVERLAP = timedelta(seconds=10)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def listed(name: str, seconds: float | None) -> Listed:
    return Listed(None if seconds is None else at(seconds), name.encode())


class View:
    """A list of changes (name, moment, shown from) as a query by window and page gives them."""

    def __init__(self, page_size: int, *changes: tuple[str, float, float]) -> None:
        self._page_size = page_size
        self._changes = changes

    def poll(self, cursor: str | None, now: float) -> tuple[list[str], str, bool]:
        window = Window.read(cursor, at(-3600))
        shown = sorted((when, name) for name, when, from_ in self._changes if from_ <= now)
        found = [listed(name, when) for when, name in shown if at(when) >= window.opens(OVERLAP)]
        page = found[(window.page - 1) * self._page_size : window.page * self._page_size]
        more = window.page * self._page_size < len(found)
        new = [one.raw.decode() for one in page if window.is_new(one)]
        return new, window.after(page, more, at(now), OVERLAP).cursor(), more


def read_all(view: View, *moments: float) -> list[str]:
    names: list[str] = []
    cursor: str | None = None
    for now in moments:
        more = True
        while more:
            new, cursor, more = view.poll(cursor, now)
            names += new
    return names


def test_a_change_that_shows_late_is_found_once() -> None:
    view = View(50, ("a", 0, 0), ("late", 1, 8), ("b", 5, 5))
    assert read_all(view, 0, 5, 6, 8, 9, 15, 30) == ["a", "b", "late"]


def test_a_change_that_shows_later_than_the_overlap_is_missed_as_documented() -> None:
    view = View(50, ("a", 0, 0), ("too late", 1, 30), ("b", 20, 20))
    assert read_all(view, 5, 25, 31) == ["a", "b"]


def test_nothing_is_lost_when_a_late_change_shifts_the_pages() -> None:
    changes = [(f"c{n}", float(n), 0.0) for n in range(6)]
    view = View(2, *changes, ("late", 0.5, 7))
    cursor: str | None = None
    names: list[str] = []
    for now in (6, 7, 7.5, 8, 8, 8, 8, 8):
        new, cursor, _ = view.poll(cursor, now)
        names += new
    assert set(names) == {"late", *(name for name, _, _ in changes)}


def test_a_cursor_gives_the_same_again() -> None:
    view = View(2, *((f"c{n}", 0.0, 0.0) for n in range(5)))
    _, cursor, _ = view.poll(None, 1)
    assert view.poll(cursor, 1) == view.poll(cursor, 1)


def test_a_change_with_other_content_is_new() -> None:
    window = Window(NOON).after([listed("a", 0)], False, at(0), OVERLAP)
    assert not window.is_new(listed("a", 0))
    assert window.is_new(listed("a changed", 0))


def test_what_the_next_window_does_not_list_is_forgotten() -> None:
    window = Window(NOON).after(
        [listed("old", -60), listed("young", -5), listed("undated", None)], False, at(0), OVERLAP
    )
    assert len(window.seen) == 2


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    window = Window(at(3600)).after([], False, at(0), OVERLAP)
    assert window.opens(OVERLAP) == at(-10)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '["x", 1, null, [], []]', "null"])
def test_another_text_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        Window.read(text, NOON)
