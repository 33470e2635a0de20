"""The cursor of a file channel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transports.package_position import Aside, Position, Serials

NUMBERS = st.lists(st.integers(0, 40))


@given(NUMBERS, NUMBERS)
def test_serials_are_a_set_of_numbers_in_few_ranges(added: list[int], discarded: list[int]) -> None:
    serials, plain = Serials(), set(added) - set(discarded)
    for number in added:
        serials.add(number)
    for number in discarded:
        serials.discard(number)
    assert list(serials) == sorted(plain)
    assert all((number in serials) == (number in plain) for number in range(42))
    assert len(serials.ranges) == sum(number - 1 not in plain for number in plain)


def test_a_position_survives_as_a_cursor() -> None:
    position = Position(aside=[Aside(name="BW_3.zip", sha256="0" * 64, folder="torn", reason="cut")])
    position.taken.add(1)
    position.unmapped.add(1)
    assert Position.from_cursor(position.to_cursor()) == position


def test_a_foreign_cursor_is_an_error() -> None:
    with pytest.raises(ValueError, match="position"):
        Position.from_cursor('{"position": 3}')
