"""How each branch of the law counts: hours, months, and which short times are working days."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from hub.domain.rule_data import RuleData

Unit = Literal["H", "D", "WD", "M", "Y"]
BasisName = Literal[
    "criminal", "civil", "petition", "police_admin", "reconsideration", "penalty", "coercion", "none"
]
UNITS: tuple[Unit, ...] = ("Y", "M", "WD", "D", "H")
COUNT = Annotated[int, Field(ge=0)]


class Span(RuleData):
    """A length in one or several units, as 一个半月 is {M: 1, D: 15}. The large units are added first."""

    Y: COUNT = 0
    M: COUNT = 0
    WD: COUNT = 0
    D: COUNT = 0
    H: COUNT = 0

    def __str__(self) -> str:
        return " ".join(f"{amount} {unit}" for amount, unit in self.parts()) or "nothing"

    def parts(self) -> Iterator[tuple[int, Unit]]:
        """Each amount with its unit, in the order in which they are added."""
        return ((amount, unit) for unit in UNITS if (amount := getattr(self, unit)))

    def plus(self, unit: Unit, amount: int) -> "Span":
        """Longer by so much."""
        return self.model_copy(update={unit: getattr(self, unit) + amount})

    def reaches(self, other: "Span") -> bool:
        """Whether it is at least as long in every unit."""
        return all(getattr(self, unit) >= getattr(other, unit) for unit in UNITS)


@dataclass(frozen=True, slots=True)
class Basis:
    """`next_hour`: hours count from the hour after the event, else from the stated moment. `month_end`: a time in months
    that starts on the last day of a month ends on the last day of a month. `travel`: time under way does not count.
    """

    zh: str
    en: str
    by: str
    next_hour: bool
    month_end: bool
    travel: bool
    working_days: frozenset[int] = frozenset()
    working_days_by: str = ""

    def is_working_days(self, amount: int) -> bool:
        """Whether so many 日 of this branch are working days by its own law."""
        return amount in self.working_days


BASES: dict[BasisName, Basis] = {
    "criminal": Basis("刑事", "criminal", "刑事诉讼法 105; 刑诉解释 202", True, True, True),
    "civil": Basis("民事", "civil", "民事诉讼法 85; 民诉解释 125; 民法典 202", True, False, True),
    # The petition regulations say nothing: counted as the Civil Code does, by policy.
    "petition": Basis("信访", "petition", "民法典 200-204 (policy)", False, False, False),
    "police_admin": Basis("公安行政", "police administration", "行政案件程序规定 35", True, False, True),
    "reconsideration": Basis(
        "行政复议",
        "reconsideration",
        "行政复议法 88; 民事诉讼法 85",
        True,
        False,
        True,
        frozenset({3, 5, 7, 10}),
        "行政复议法 88",
    ),
    "penalty": Basis(
        "行政处罚",
        "penalty",
        "民法典 200-204 (policy); 行政处罚法 85",
        False,
        False,
        False,
        frozenset({2, 3, 5, 7}),
        "行政处罚法 85",
    ),
    "coercion": Basis(
        "行政强制",
        "coercion",
        "民法典 200-204 (policy); 行政强制法 69",
        False,
        False,
        False,
        frozenset(range(1, 11)),
        "行政强制法 69",
    ),
    "none": Basis("未定", "not stated", "民法典 200-204 (policy)", False, False, False),
}

TRAVEL = "travel"
