"""The worked examples themselves: many, of all kinds, and found twice where a person found them by hand."""

import ast
import sys
from pathlib import Path

import pytest

from tests.unit.clocks import calculator
from tests.unit.clocks.calculator import Answer, Refused, answer, sheet
from tests.unit.clocks.examples import Example, examples


def test_the_calculator_shares_nothing_with_the_hub() -> None:
    tree = ast.parse(Path(calculator.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_examples_are_many_and_of_all_kinds() -> None:
    every = examples()
    questions = [example.question for example in every]
    assert len(every) >= 200
    assert len({(e.clock, e.question) for e in every}) == len(every), "an example stands twice"
    assert len({example.clock for example in every}) >= 120
    assert {q.term.lstrip("-0123456789") for q in questions} == {"H", "D", "WD", "M", "Y"}
    bases = {"criminal", "civil", "petition", "police_admin", "reconsideration", "penalty", "none"}
    assert {q.basis for q in questions} == bases  # no clock of the tables is counted under 强制法69
    assert {e.due.year for e in every if e.due} >= set(range(2016, 2027))
    assert sum(bool(example.by_hand) for example in every) >= 30
    for has in (
        lambda e: e.question.custody,
        lambda e: e.question.extended,
        lambda e: e.question.excluded,
        lambda e: e.question.restarts,
        lambda e: e.question.since,
        lambda e: e.question.most,
        lambda e: e.question.released or e.question.held,
        lambda e: e.refused,
        lambda e: e.provisional,
    ):
        assert sum(map(bool, map(has, every))) >= 5


def test_every_weekend_worked_lies_on_a_weekend_and_every_festival_holds_a_working_day() -> None:
    assert all(day.isoweekday() > 5 for day, cell in sheet().items() if cell.made_up)
    festivals = {cell.festival for cell in sheet().values() if cell.festival}
    weekdays = {cell.festival for day, cell in sheet().items() if cell.festival and day.isoweekday() < 6}
    assert festivals - weekdays == {"中秋节2015"}  # a Saturday and a Sunday


@pytest.mark.parametrize("example", examples(), ids=str)
def test_calculator_and_example_agree(example: Example) -> None:
    """A hand-made day and the calculator are two readings; the other lines are kept from drifting."""
    if example.refused:
        with pytest.raises(Refused):
            answer(example.question)
        return
    assert answer(example.question) == Answer(example.raw, example.due, example.crosses)
