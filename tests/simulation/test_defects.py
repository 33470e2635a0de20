"""Each defect that is put in on purpose is found: the simulation can see what it claims to look for."""

import pytest

from hub.rules.loader import load_rules
from tests.simulation.defects import DEFECTS, caught
from tests.support.core import DIRECTORY


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found(name: str) -> None:
    assert caught(name, load_rules(DIRECTORY)) is not None
