"""The pace at which a backlog gets less. Time is the test's own."""

import pytest

from hub.operations.backlog import WINDOW_SECONDS, Backlog, Pace


class Looking:
    """A backlog with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.backlog = Backlog(lambda: self.now)

    def look(self, done: int, left: int, after: float = 10.0) -> Pace:
        self.now += after
        return self.backlog.look(done, left)


def test_rate_and_time_left() -> None:
    looking = Looking()
    assert looking.look(0, 10_000) == Pace(10_000, 0.0, None)
    assert looking.look(1_000, 9_000) == Pace(9_000, 100.0, 90.0)
    assert str(looking.look(2_000, 8_000)) == "8,000 wait, 100 a second, some 80 s left"


def test_what_arrives_meanwhile_makes_it_longer() -> None:
    looking = Looking()
    looking.look(0, 10_000)
    assert looking.look(1_000, 9_500) == Pace(9_500, 100.0, 190.0)


@pytest.mark.parametrize("left", [10_000, 12_000])
def test_what_does_not_get_less_has_no_end(left: int) -> None:
    looking = Looking()
    looking.look(0, 10_000)
    assert looking.look(1_000, left).seconds is None
    assert "does not get less" in str(looking.look(2_000, left + 1))


def test_nothing_waits() -> None:
    looking = Looking()
    looking.look(5, 0)
    assert looking.look(9, 0) == Pace(0, 0.4, 0.0)
    assert str(looking.look(9, 0)) == "nothing waits"


def test_only_the_last_minute_counts() -> None:
    looking = Looking()
    looking.look(0, 100_000)
    for tens in range(1, 20):
        pace = looking.look(100 * tens, 100_000 - 100 * tens)
    assert pace.per_second == 10.0
    pace = looking.look(1_900 + 10_000, 98_100 - 10_000, after=WINDOW_SECONDS)
    assert pace.per_second == pytest.approx(10_000 / WINDOW_SECONDS)


def test_after_an_outage_or_a_position_set_back_it_begins_anew() -> None:
    looking = Looking()
    looking.look(5_000, 100)
    assert looking.look(1_000, 4_100).seconds is None
    looking.backlog.forget()
    assert looking.look(2_000, 3_100) == Pace(3_100, 0.0, None)
