"""The worked examples of `examples.tsv`, a line each, read into values.

start      the event; with its time for terms of hours; the event to come for terms counted back
options    custody · extend TERM · exclude FIRST..LAST · restart DAY, separated by semicolons
raw        the last day before it moves; empty where no notice tells
due        the last day, or `provisional` where it waits for a notice, or `refused`
crosses    festivals with a day of rest on the way, and weekend days worked (+)
by_hand    how a person found the day, before any program was asked; empty where only the calculator was
"""

import csv
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import cast

from tests.unit.clocks.calculator import Basis, Nature, Question

OPTIONS = ("custody", "released", "held", "extend", "exclude", "restart", "since", "circumstance", "nth")
EXAMPLES = Path(__file__).with_name("examples.tsv")


@dataclass(frozen=True, slots=True)
class Example:
    no: str
    clock: str
    article: str
    question: Question
    circumstance: str | None
    raw: date | datetime | None
    due: date | datetime | None
    provisional: bool
    refused: bool
    crosses: tuple[str, ...]
    by_hand: str

    def __str__(self) -> str:
        return f"{self.no} {self.clock}"


@cache
def examples() -> tuple[Example, ...]:
    with EXAMPLES.open(encoding="utf-8", newline="") as text:
        return tuple(_example(row) for row in csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))


def _example(row: dict[str, str]) -> Example:
    settled = row["due"] not in ("provisional", "refused")
    given = _options(row["options"])
    return Example(
        no=row["no"],
        clock=row["clock"],
        article=row["article"],
        question=_question(row, given),
        circumstance=next(iter(given["circumstance"]), None),
        raw=_moment(row["raw"]) if row["raw"] else None,
        due=_moment(row["due"]) if settled else None,
        provisional=row["due"] == "provisional",
        refused=row["due"] == "refused",
        crosses=tuple(row["crosses"].split("; ")) if row["crosses"] else (),
        by_hand=row["by_hand"],
    )


def _options(text: str) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {name: [] for name in OPTIONS}
    for option in filter(None, text.split("; ")):
        name, _, value = option.partition(" ")
        given[name].append(value)
    return given


def _question(row: dict[str, str], given: dict[str, list[str]]) -> Question:
    restarts = [value.partition(" ") for value in given["restart"]]
    since, released, held = (_only_day(given[name]) for name in ("since", "released", "held"))
    return Question(
        term=row["term"],
        basis=cast(Basis, row["basis"]),
        nature=cast(Nature, row["nature"]),
        start=_moment(row["start"]),
        custody=bool(given["custody"]),
        extended=tuple(given["extend"]),
        excluded=tuple(_interval(value) for value in given["exclude"]),
        restarts=tuple((date.fromisoformat(day), reason) for day, _, reason in restarts),
        cap=row["cap"],
        since=since,
        nth=int((given["nth"] or ["1"])[0]),
        most=int(row["most"] or 0),
        released=released,
        held=held,
    )


def _only_day(values: list[str]) -> date | None:
    return date.fromisoformat(values[0]) if values else None


def _interval(text: str) -> tuple[date, date]:
    first, _, last = text.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last)


def _moment(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
