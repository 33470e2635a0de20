"""The hub's engine against another reader of the law: on every worked example, and on questions nobody thought of."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from hub.cli import app
from hub.domain.calendar import Calendar
from hub.domain.clock import Clock
from hub.domain.clock_set import Clocks
from hub.domain.deadline import Deadline, compute
from hub.domain.deadline_admission import admit, grounds
from hub.domain.deadline_facts import (
    SHANGHAI,
    CustodyChanged,
    Excluded,
    Extended,
    Fact,
    Point,
    Restarted,
    Started,
    day_of,
)
from hub.errors import FactNotAllowed
from hub.rules.calendar_files import load_calendar
from hub.rules.deadline_files import load_clocks
from tests.unit.clocks.calculator import Answer, Question, Refused, answer, rests, sheet
from tests.unit.clocks.examples import Example, examples

REASONS = {"退补": "supplement_returned", "改变管辖": "jurisdiction_changed"}
ONE_DAY = timedelta(days=1)


@cache
def clocks() -> Clocks:
    return load_clocks()


@cache
def calendar() -> Calendar:
    return load_calendar()


def point(at: date | datetime) -> Point:
    return at.replace(tzinfo=SHANGHAI) if isinstance(at, datetime) else at


def told(clock: Clock, question: Question, circumstance: str | None = None) -> list[Fact]:
    """The facts of a question, each admitted by the rule. Raises FactNotAllowed."""
    facts: list[Fact] = []

    def tell(fact: Fact) -> None:
        admit(clock, facts, fact)
        facts.append(fact)

    tell(Started(point(question.start), question.since, circumstance, question.nth))
    for day, why in question.restarts:
        tell(Restarted(day, REASONS[why] if why else clock.restart_reasons[0]))
    for first, last in question.excluded:
        tell(Excluded(first, last, (clock.excludes or grounds(clock))[0]))
    begun = max([day_of(point(question.start)), *(day for day, _ in question.restarts)])
    for nth, term in enumerate(question.extended):
        tell(Extended(int(term.rstrip("HDWMY")), begun + nth * ONE_DAY))
    if question.custody:
        tell(CustodyChanged(day_of(point(question.start)), True))
    if question.held:
        tell(CustodyChanged(question.held, True))
    if question.released:
        tell(CustodyChanged(question.released, False))
    return facts


def agree(deadline: Deadline, found: Answer) -> bool:
    """Of a day that waits for a notice the engine may guess, but must say so."""
    if found.raw is None:
        return deadline.provisional
    if found.due is None:
        return deadline.provisional and deadline.raw == point(found.raw)
    return (deadline.raw, deadline.due, deadline.provisional) == (point(found.raw), point(found.due), False)


def test_both_calendars_rest_on_the_same_days() -> None:
    differ = [day for day in sheet() if calendar().is_working(day) == rests(day)]
    assert differ == []


@pytest.mark.parametrize("example", examples(), ids=str)
def test_engine_and_example_agree(example: Example) -> None:
    clock = clocks().get(example.clock)
    if example.refused:
        with pytest.raises(FactNotAllowed):
            told(clock, example.question, example.circumstance)
        return
    facts = told(clock, example.question, example.circumstance)
    deadline = compute(clock, facts, calendar())
    assert agree(deadline, Answer(example.raw, example.due)), deadline


@pytest.mark.parametrize("example", examples(), ids=str)
def test_the_rule_of_the_example_was_in_force(example: Example) -> None:
    assert clocks().get(example.clock).in_force(day_of(point(example.question.start)))


OF_EACH_CLOCK = {example.clock: example.question for example in reversed(examples())}
SHEET = st.dates(min(sheet()) + 90 * ONE_DAY, max(sheet()) + 90 * ONE_DAY)
MONTH_ENDS = st.builds(
    lambda day, before: day.replace(day=1) - (1 + before) * ONE_DAY, SHEET, st.integers(0, 2)
)


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, Question]:
    """Any clock, any day, and whatever of extensions, exclusions, restarts and custody the rule knows."""
    name = draw(st.sampled_from(sorted(OF_EACH_CLOCK)))
    clock = clocks().get(name)
    day = draw(SHEET | MONTH_ENDS)
    hours = clock.unit == "H"
    days = st.integers(-20, 120).map(lambda n: day + n * ONE_DAY)
    later = st.integers(0, 90).map(lambda n: day + n * ONE_DAY)
    periods = st.tuples(days, st.integers(0, 40)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1] * ONE_DAY))
    extension = clock.extension
    extended: list[str] = []
    if extension is not None:
        amounts = st.integers(1, extension.each or 60).map(lambda amount: f"{amount}{extension.unit}")
        extended = draw(st.lists(amounts, max_size=min(extension.times or 2, 2)))
    excluded: list[tuple[date, date]] = []
    if not hours and (clock.amount or 0) > 0 and grounds(clock):
        excluded = draw(st.lists(periods, max_size=3))
    restarts = (
        draw(st.lists(st.tuples(later, st.just("")), max_size=2)) if clock.restarts and not hours else []
    )
    return name, replace(
        OF_EACH_CLOCK[name],
        start=datetime.combine(day, draw(st.times())) if hours else day,
        custody=draw(st.booleans()),
        extended=tuple(extended),
        excluded=tuple(excluded),
        restarts=tuple(restarts),
        nth=1,
        since=None,
        held=None,
        released=draw(st.none() | later),
    )


@settings(max_examples=400, deadline=None)
@given(questions())
def test_two_readers_agree_on_any_question(asked: tuple[str, Question]) -> None:
    clock, question = clocks().get(asked[0]), asked[1]
    try:
        found = answer(question)
    except Refused:
        with pytest.raises(FactNotAllowed):
            told(clock, question)
        return
    deadline = compute(clock, told(clock, question), calendar())
    assert agree(deadline, found), (found, deadline)


def of_each_kind() -> list[Example]:
    """Of those that people found, the first for each unit, outcome and set of options that the command takes."""
    kinds: dict[object, Example] = {}
    for example in examples():
        q = example.question
        options = (q.custody, q.extended, q.excluded, q.restarts, q.since, q.nth > 1)
        kind = (q.term.lstrip("-0123456789"), example.refused, example.provisional, *map(bool, options))
        if example.by_hand and not q.held and not q.released:
            kinds.setdefault(kind, example)
    return list(kinds.values())


def ask(example: Example, home: Path) -> Result:
    question = example.question
    line = ["deadline", "compute", example.clock, "--start", question.start.isoformat(), "--json"]
    line += ["--home", str(home), "--nth", str(question.nth)]
    line += ["--custody"] * question.custody
    for term in question.extended:
        line += ["--extend", term.rstrip("HDWMY")]
    for first, last in question.excluded:
        line += ["--exclude", f"{first}..{last}"]
    for day, why in question.restarts:
        line += ["--restart", f"{day}:{REASONS[why]}" if why else f"{day}"]
    if question.since:
        line += ["--since", f"{question.since}"]
    if example.circumstance:
        line += ["--circumstance", example.circumstance]
    return CliRunner().invoke(app, line)


@pytest.mark.parametrize("example", of_each_kind(), ids=str)
def test_the_command_says_what_a_person_found(example: Example, tmp_path: Path) -> None:
    result = ask(example, tmp_path)
    if example.refused:
        assert result.exit_code == 2
        assert result.output.startswith(("fengqiao: extend ", "fengqiao: restart ", "fengqiao: nth "))
        return
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["provisional"] == example.provisional
    if example.raw:
        assert said["raw"] == point(example.raw).isoformat()
    if example.due:
        assert said["due"] == point(example.due).isoformat()
