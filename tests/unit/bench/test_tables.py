"""Figures count only when the floor was steady, and ratios are to the floor of the same repetition."""

import pytest

from tests.bench.latency import Latency
from tests.bench.tables import print_latency, print_rounds, steadiness
from tests.bench.throughput import Round
from tests.bench.variants import FLOOR, OUTBOX, hub_variant


def _round(per_second: float, python: float) -> Round:
    return Round(per_second, {"Python": python, "PostgreSQL": 20.0, "Kafka": 10.0}, 100.0, 110.0)


def test_a_steady_floor_counts() -> None:
    assert steadiness([9_000, 10_000, 10_900]).endswith("the figures count.")


@pytest.mark.parametrize("rates", [[8_000, 10_000, 10_100], [10_000, 10_100], []])
def test_an_unsteady_floor_or_too_few_repetitions_do_not(rates: list[float]) -> None:
    assert "do not count" in steadiness(rates).lower()


def test_a_ratio_is_to_the_floor_of_the_same_repetition(capsys: pytest.CaptureFixture[str]) -> None:
    # The machine was half as fast in the second and third repetition, for both.
    floor = [_round(rate, 70.0) for rate in (10_000, 5_000, 5_000)]
    outbox = [_round(rate, 220.0) for rate in (8_000, 4_000, 4_000)]
    print_rounds(500, 6_000, {FLOOR: floor, OUTBOX: outbox})
    line = next(line for line in capsys.readouterr().out.splitlines() if OUTBOX.title in line)
    assert "4,000 (4,000–8,000)" in line
    assert "0.80 (0.80–0.80)" in line
    assert line.endswith("220, 20, 10; 250 = 2.50 ×")


def test_latency_is_told_beside_the_bare_loop(capsys: pytest.CaptureFixture[str]) -> None:
    hub = hub_variant("projector", True, 1)
    print_latency({FLOOR: Latency([5.0] * 99 + [15.0]), hub: Latency([10.0] * 99 + [30.0])})
    bare, line = capsys.readouterr().out.splitlines()[2:4]
    assert bare.split() == ["bare", "loop", "5.0", "15.0", "15.0", "100"]
    assert line.endswith("2.0 × (+5.0 ms), 2.0 × (+15.0 ms)")
