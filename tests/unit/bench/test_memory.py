"""The slope of the memory: what a process fills at first is not growth, what comes after is."""

import pytest

from tests.bench.memory import Memory


def _second_by_second(sizes: list[float]) -> Memory:
    return Memory([(float(second), size) for second, size in enumerate(sizes)])


def test_filling_at_first_is_not_growth() -> None:
    memory = _second_by_second([100.0 + 10 * second for second in range(15)] + [240.0] * 45)
    assert memory.slope() == pytest.approx(0.0)
    assert "240 MiB after a quarter" in str(memory)


def test_growth_is_told_in_mib_a_minute() -> None:
    assert _second_by_second([100.0 + second / 10 for second in range(60)]).slope() == pytest.approx(6.0)


def test_nothing_to_tell() -> None:
    assert Memory().slope() == 0.0
    assert "not looked at" in str(Memory())
