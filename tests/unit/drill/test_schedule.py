"""What a drill does follows from its seed, and a round leaves nothing out."""

import random
from itertools import islice

import pytest

from deploy.drill.faults import FAULTS
from deploy.drill.schedule import Blow, chosen, schedule


def blows(seed: int, brokers: int, enough: int) -> list[Blow]:
    return list(islice(schedule(random.Random(seed), chosen([], brokers)), enough))


def names(found: list[Blow]) -> list[str]:
    return [fault.name for blow in found for fault in blow.faults]


def test_the_same_seed_draws_the_same() -> None:
    assert blows(5, 1, 100) == blows(5, 1, 100)
    assert names(blows(5, 1, 100)) != names(blows(6, 1, 100))


@pytest.mark.parametrize("brokers", [1, 3])
@pytest.mark.parametrize("seed", range(20))
def test_a_round_causes_every_fault_once(seed: int, brokers: int) -> None:
    wanted = sorted(fault.name for fault in FAULTS if brokers in fault.brokers)
    drawn = names(blows(seed, brokers, 100))
    assert sorted(drawn[: len(wanted)]) == wanted
    assert sorted(drawn[len(wanted) : 2 * len(wanted)]) == wanted


@pytest.mark.parametrize("seed", range(20))
def test_faults_go_together_only_where_both_can_be(seed: int) -> None:
    together = [blow for blow in blows(seed, 3, 100) if len(blow.faults) > 1]
    assert together
    for blow in together:
        assert len({fault.on for fault in blow.faults}) == len(blow.faults)
        assert not any(fault.alone for fault in blow.faults)
    assert all(blow.layout in fault.layouts for blow in blows(seed, 3, 100) for fault in blow.faults)


def test_beginnings_of_names_choose() -> None:
    assert {fault.name for fault in chosen(["cut", "kill-hub"], 1)} == {
        "cut-kafka",
        "cut-postgres",
        "kill-hub",
    }
    assert chosen(["kill-leader"], 1) == []
    with pytest.raises(ValueError, match="faults burn: allowed are kill-intake"):
        chosen(["burn"], 1)
