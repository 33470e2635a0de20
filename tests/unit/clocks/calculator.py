"""A second reading of how legal periods are counted. It knows nothing of the hub and shares no line with it.

Where the hub reckons with offsets, this one walks: it rules a sheet with one cell a day from the notices of the State
Council (`holidays.tsv`), puts a finger on the day of the event and moves it cell by cell, counting only the cells
that the law counts. Slow, and easy to check against the statute:

    the day, and the hour, of the event is not counted   刑诉法105¶2, 民诉法85¶2, 程序规定35; 民法典201¶1
    hours of a court, procuratorate or police clock run from the next hour; where no procedural law governs,
    from the moment itself                               刑诉法105¶2, 民诉解释125, 程序规定35; 民法典201¶2
    a month ends on the day of the same number, else on the month's last day      民法典202, 刑诉解释202
    in criminal matters a month that starts on a last day ends on a last day      刑诉解释202
    a last day of rest moves to the first day of work     刑诉法105¶4, 民诉法85¶3, 程序规定35; 民法典203
    but never for a person in custody                     刑诉法105¶4
    an examination takes the time from the day it is asked for to the day its result arrives: neither counts
                                                         公安部解释(公通字〔2006〕12号)十二
    2, 3, 5, 7 or 10 days that the law means as working days are counted on days of work only   复议法88¶2
"""

import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

Basis = Literal[
    "criminal", "civil", "petition", "police_admin", "reconsideration", "penalty", "coercion", "none"
]
Nature = Literal[
    "ordinary",  # the last day moves off a holiday, whoever is in custody
    "liberty",  # it moves, unless the person whose matter it is is in custody
    "detention",  # bounds a detention itself: never moves
    "maximum",  # the longest that a measure may last: never moves
    "backward",  # counted back from an event to come: never moves
    "unstated",  # no law says how it is counted: taken strictly, never moves
]

HOLIDAYS = Path(__file__).with_name("holidays.tsv")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NEXT_HOUR = ("criminal", "civil", "police_admin", "reconsideration")
RETURNED, RETURNS = "退补", 2  # 刑诉法175¶3, carried across a change of jurisdiction (规则350)
MONTHS_OF = {"M": 1, "Y": 12}


class Refused(Exception):
    """The law does not give that much time."""


class BeyondTheSheet(Exception):
    """The day is not ruled yet: no notice of the State Council says whether people work on it."""


@dataclass(frozen=True, slots=True)
class Cell:
    rest: bool
    festival: str | None
    made_up: bool


@cache
def sheet() -> dict[date, Cell]:
    """One cell for each day of the years that a notice exists for."""
    with HOLIDAYS.open(encoding="utf-8", newline="") as text:
        notices = list(csv.DictReader(text, delimiter="\t"))
    years = sorted({int(row["festival"][-4:]) for row in notices})
    cells = {
        day: Cell(day.isoweekday() > 5, None, False)
        for day in _days(date(years[0], 1, 1), date(years[-1], 12, 31))
    }
    for row in notices:
        for day in _days(date.fromisoformat(row["first"]), date.fromisoformat(row["last"])):
            if day in cells:
                cells[day] = Cell(True, row["festival"], False)
        for day in map(date.fromisoformat, row["works"].split()):
            if day in cells:
                cells[day] = Cell(False, None, True)
    return cells


def rests(day: date) -> bool:
    try:
        return sheet()[day].rest
    except KeyError:
        raise BeyondTheSheet(day.isoformat()) from None


@dataclass(frozen=True, slots=True)
class Question:
    """One example. A term is a list of parts: `1M 15D`; a negative part counts back from the event.

    `extended` holds the extensions granted, each a term, one after the other. Excluded intervals name their first and
    their last excluded day. Restarts name their day and why. `cap` is the longest that term and extensions may come to
    together, or all of the time from an earlier event `since`. `nth` says which start of this clock in the case it is,
    `most` how many there may be (0: no number). `released` and `held` are the days after the start on which custody
    ended or began.
    """

    term: str
    basis: Basis
    nature: Nature
    start: date | datetime
    custody: bool = False
    extended: tuple[str, ...] = ()
    excluded: tuple[tuple[date, date], ...] = ()
    restarts: tuple[tuple[date, str], ...] = ()
    cap: str = ""
    since: date | None = None
    nth: int = 1
    most: int = 0
    released: date | None = None
    held: date | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`raw` is the last day before it moves; `due` the last day. None: not known before a further notice."""

    raw: date | datetime | None
    due: date | datetime | None
    crosses: tuple[str, ...] = field(default=())


def answer(question: Question) -> Answer:
    """Raises `Refused` when the extensions come to more than the cap, or the clock was started too often."""
    start = max([question.start, *(day for day, _ in question.restarts)], key=_day)
    if question.most and question.nth > question.most:
        raise Refused(f"start number {question.nth}: {question.most} at most")
    if sum(reason == RETURNED for _, reason in question.restarts) > RETURNS:
        raise Refused(f"{RETURNED} more than {RETURNS} times")
    if question.cap and not question.since and _size(question.term, *question.extended) > _size(question.cap):
        raise Refused(f"{question.term} and {' and '.join(question.extended)} is more than {question.cap}")
    try:
        raw = start
        for term in (question.term, *question.extended):
            raw = _end(question, raw, term, begins=raw is start)
    except BeyondTheSheet:
        return Answer(None, None)
    if question.cap and (question.since or question.extended):
        with suppress(BeyondTheSheet):  # then it lies after every day that is ruled
            raw = min(raw, _end(question, question.since or start, question.cap, begins=True))
    try:
        due = _moved(raw) if _moves(question, _day(raw)) else raw
    except BeyondTheSheet:
        return Answer(raw, None)
    return Answer(raw, due, crossed(start, due))


def crossed(start: date | datetime, due: date | datetime) -> tuple[str, ...]:
    """The festivals with a day of rest after the start and up to the due day, and the weekend days worked (+)."""
    first, last = sorted((_day(start), _day(due)))
    found: dict[str, None] = {}
    for day in _days(first + DAY, last):
        cell = sheet().get(day)
        if cell and cell.festival:
            found[cell.festival] = None
        elif cell and cell.made_up:
            found[f"+{day.isoformat()}"] = None
    return tuple(found)


def _end(question: Question, start: date | datetime, term: str, *, begins: bool) -> date | datetime:
    at = start
    for amount, unit in _parts(term):
        if unit == "H":
            assert isinstance(at, datetime), f"{term} counts hours: the start needs its time"
            at = _walk_hours(at, amount, from_next=begins and question.basis in NEXT_HOUR)
        elif unit in MONTHS_OF:
            corners = amount * MONTHS_OF[unit]
            at = _walk_months(_day(at), corners, question.basis == "criminal", question.excluded)
        else:
            at = _walk_days(_day(at), amount, unit == "WD", question.excluded)
    return at


def _walk_hours(moment: datetime, hours: int, *, from_next: bool) -> datetime:
    if from_next:
        moment = moment.replace(minute=0, second=0, microsecond=0) + HOUR
    for _ in range(hours):
        moment += HOUR
    return moment


def _walk_days(day: date, amount: int, at_work: bool, excluded: tuple[tuple[date, date], ...]) -> date:
    step = DAY if amount > 0 else -DAY
    counted = 0
    while counted < abs(amount):
        day += step
        if any(first <= day <= last for first, last in excluded):
            continue
        counted += not (at_work and rests(day))
    return day


def _walk_months(day: date, corners: int, ends_stay: bool, excluded: tuple[tuple[date, date], ...]) -> date:
    """Each month has one corner: the day of the start's number, or its last day where that number is missing."""
    start, steps, finger = day, 0, day
    from_an_end = ends_stay and _is_last(start)
    while corners:
        finger += DAY
        steps += 1
        if from_an_end:
            corners -= _is_last(finger)
        else:
            corners -= finger.day == start.day or (_is_last(finger) and finger.day < start.day)
    return _walk_days(start, steps, False, excluded)


def _moves(question: Question, last: date) -> bool:
    if question.term.endswith(("H", "WD")):
        return False
    return question.nature == "ordinary" or (question.nature == "liberty" and not _in_custody(question, last))


def _in_custody(question: Question, on: date) -> bool:
    """The law asks on the last day: who was released before it is no longer kept by the time running on."""
    if question.released and question.released <= on:
        return False
    return question.custody or bool(question.held and question.held <= on)


def _moved(at: date | datetime) -> date:
    day = _day(at)
    while rests(day):
        day += DAY
    return day


def _size(*terms: str) -> tuple[int, int]:
    """Months and days (or working days) of the terms together."""
    parts = [part for term in terms for part in _parts(term)]
    months = sum(amount * MONTHS_OF[unit] for amount, unit in parts if unit in MONTHS_OF)
    return months, sum(amount for amount, unit in parts if unit not in MONTHS_OF)


def _parts(term: str) -> Iterator[tuple[int, str]]:
    for part in term.split():
        number = part.rstrip("HDWMY")
        yield int(number), part.removeprefix(number)


def _is_last(day: date) -> bool:
    return (day + DAY).day == 1


def _day(at: date | datetime) -> date:
    return at.date() if isinstance(at, datetime) else at


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY
