"""How long what is kept, as data: `hub/rules/retention.yaml`."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub.domain.rule_data import Bilingual, CodeText, RuleData

EVERY_FLOW = "*"


class KeptClass(StrEnum):
    """Classes of fields: what names a person, and all else that is sealed."""

    PERSONS = "persons"
    TEXT = "text"


class Years(RuleData):
    """A number of calendar years."""

    years: Annotated[int, Field(ge=1, le=200)]


class Term(RuleData):
    """One term. `flows`: those it is for, or `*` for those that no other term of the class names."""

    id: CodeText
    classes: list[KeptClass] = Field(min_length=1)
    flows: list[str] = Field(min_length=1)
    keep: Years | Literal["permanent"]
    article: str
    title: Bilingual

    def ends(self, ended: date) -> date | None:
        """The first day on which it need not be kept; None: never."""
        if self.keep == "permanent":
            return None
        year = ended.year + self.keep.years
        try:
            return ended.replace(year=year)
        except ValueError:
            return date(year, 3, 1)


class Floor(RuleData):
    """How long a kind of record is kept at least, by which law."""

    what: CodeText
    months: Annotated[int, Field(ge=1)]
    article: str


class Kept(RuleData):
    """How long the city keeps a kind of record."""

    what: CodeText
    months: Annotated[int, Field(ge=1)]


class Retention(RuleData):
    """Terms by class and flow; records by kind."""

    terms: list[Term] = Field(min_length=1)
    floors: list[Floor]
    kept: list[Kept]

    @model_validator(mode="after")
    def _is_whole(self) -> "Retention":
        seen: dict[tuple[KeptClass, str], str] = {}
        for place, term in enumerate(self.terms):
            for kind in term.classes:
                for flow in term.flows:
                    if (kind, flow) in seen:
                        raise ValueError(
                            f"terms.{place}.flows: {flow!r} has a term for {kind} already: {seen[kind, flow]}"
                        )
                    seen[kind, flow] = term.id
        for kind in KeptClass:
            if (kind, EVERY_FLOW) not in seen:
                raise ValueError(f"terms: no term of class {kind} is for {EVERY_FLOW!r}")
        kept = {one.what: one.months for one in self.kept}
        for floor in self.floors:
            if kept.get(floor.what, 0) < floor.months:
                raise ValueError(
                    f"kept: {floor.what}: {kept.get(floor.what, 0)} months, at least {floor.months} ({floor.article})"
                )
        return self

    def term(self, kind: KeptClass, flow: str) -> Term:
        """The term of a class for a flow."""
        named = next((t for t in self.terms if kind in t.classes and flow in t.flows), None)
        return named or next(t for t in self.terms if kind in t.classes and EVERY_FLOW in t.flows)

    def months(self, what: str) -> int:
        """How long a kind of record is kept. Raises KeyError for one that the file does not name."""
        return {one.what: one.months for one in self.kept}[what]

    def due(self, kind: KeptClass, flows: Collection[str], ended: date, today: date) -> list[Term]:
        """The terms that have run out, all of them; empty while one of the case's flows still has to be kept."""
        terms = {term.id: term for term in (self.term(kind, flow) for flow in sorted(flows))}
        ends = [term.ends(ended) for term in terms.values()]
        over = all(end is not None and end <= today for end in ends)
        return list(terms.values()) if over and terms else []
