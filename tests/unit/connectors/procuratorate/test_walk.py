from datetime import timedelta

import pytest

from connectors.transports.exchange_walk import Polled, Position, Row, Walk

NOON = "2026-11-22 12:00:{}.000"


def rows(*seconds: str) -> list[Row]:
    return [{"xh": f"K{second}", "update_time": NOON.format(second)} for second in seconds]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def walk(clock: Clock) -> Walk:
    return Walk(Polled("T"), 10, clock)


def test_a_full_page_is_gone_on_from_its_last_row(walk: Walk) -> None:
    moved = walk.moved(Position(), rows("20", "30"), full=True)
    assert moved == Position(NOON.format(30), "K30", NOON.format(30))


def test_at_the_end_the_overlap_is_read_again(walk: Walk) -> None:
    moved = walk.moved(Position(), rows("20", "30"), full=False)
    assert moved == Position(NOON.format(20), "", NOON.format(30))


def test_once_nothing_newer_came_for_as_long_it_stays_at_the_last_row(walk: Walk, clock: Clock) -> None:
    moved = walk.moved(Position(), rows("30"), full=False)
    clock.now = 10.5
    assert walk.moved(moved, rows("30"), full=False) == Position(NOON.format(30), "K30", NOON.format(30))


def test_a_newer_row_opens_the_overlap_again(walk: Walk, clock: Clock) -> None:
    walk.moved(Position(), rows("30"), full=False)
    clock.now = 100
    moved = walk.moved(Position(NOON.format(30), "K30", NOON.format(30)), rows("45"), full=False)
    assert moved == Position(NOON.format(35), "", NOON.format(45))


def test_rows_found_by_their_flag_alone_never_move_it_back(walk: Walk) -> None:
    start = Position(NOON.format(50), "K50", NOON.format(50))
    assert walk.moved(start, rows("10"), full=True) == start


def test_a_moment_that_cannot_be_read_moves_nothing_back() -> None:
    assert Polled("T").back("昨天", by=timedelta(seconds=1)) == "昨天"
