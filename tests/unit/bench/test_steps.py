"""Messages about cases that are there: for the right task, and as skewed as is said."""

from itertools import islice

import pytest

from tests.bench.steps import skewed, uniform


def test_skewed_means_most_messages_on_few_cases() -> None:
    numbers = list(islice(skewed(1_000, 1), 10_000))
    assert min(numbers) >= 1
    assert max(numbers) <= 1_000
    assert sum(number <= 200 for number in numbers) / 10_000 == pytest.approx(0.8, abs=0.02)


def test_uniform_means_each_case_alike() -> None:
    numbers = list(islice(uniform(1_000, 1), 10_000))
    assert sum(number <= 200 for number in numbers) / 10_000 == pytest.approx(0.2, abs=0.02)
    assert set(numbers) <= set(range(1, 1_001))


def test_a_seed_gives_the_same_again() -> None:
    assert list(islice(skewed(50, 7), 100)) == list(islice(skewed(50, 7), 100))
    assert list(islice(skewed(50, 7), 100)) != list(islice(skewed(50, 8), 100))
