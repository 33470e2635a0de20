"""The clocks and the calendar as the hub loads them."""

import pytest

from hub.domain.calendar import Calendar
from hub.domain.clock_set import Clocks
from hub.rules.calendar_files import load_calendar
from hub.rules.deadline_files import load_clocks


@pytest.fixture(scope="session")
def clocks() -> Clocks:
    return load_clocks()


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    return load_calendar()
