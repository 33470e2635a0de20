"""驻岗: which officer of a department is at a hall's window on a day. Dated data of the city's directory.

常驻 `resident`: there every day; 轮驻 `rota`: on given weekdays; 随驻 `on_call`: comes when called. An officer is known by
the id that the department gives, never by name.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from hub.domain.rule_data import RuleData
from schemas.identifiers import Code, DepartmentId

Manner = Literal["resident", "rota", "on_call"]
MANNERS: tuple[Manner, ...] = get_args(Manner)
MANNER_WORDS: dict[Manner, tuple[str, str]] = {
    "resident": ("常驻", "resident"),
    "rota": ("轮驻", "in turns"),
    "on_call": ("随驻", "on call"),
}
Weekday = Annotated[int, Field(strict=True, ge=1, le=7)]


class Post(RuleData):
    """An officer whom a department posts to a hall in a period. `weekdays`: 1 Monday to 7 Sunday, for `rota` alone."""

    hall: DepartmentId
    department: DepartmentId
    officer: Code
    manner: Manner
    weekdays: list[Weekday] = Field(default=[])
    effective_from: date
    effective_to: date | None = None

    @model_validator(mode="after")
    def _days_fit(self) -> Self:
        if (self.manner == "rota") != bool(self.weekdays):
            raise ValueError(f"weekdays {self.weekdays}: rota names its days, and no other manner does")
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError(f"effective_to {self.effective_to}: is before {self.effective_from}")
        return self

    def stands(self, on: date) -> bool:
        """Whether the post is manned by this officer on that day."""
        within = self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)
        return within and (not self.weekdays or on.isoweekday() in self.weekdays)

    def meets(self, other: "Post") -> bool:
        """Whether both say who stands at the same post in the same manner on some day."""
        same = (self.hall, self.department, self.manner) == (other.hall, other.department, other.manner)
        days = not self.weekdays or bool(set(self.weekdays) & set(other.weekdays))
        first = max(self.effective_from, other.effective_from)
        last = min(self.effective_to or date.max, other.effective_to or date.max)
        return same and days and first <= last


def posted(roster: Iterable[Post], hall: str, department: str, on: date) -> Post | None:
    """Who of a department is at a hall that day: who is resident before who has the turn, before who is called."""
    there = [one for one in roster if (one.hall, one.department) == (hall, department) and one.stands(on)]
    return min(there, key=lambda one: MANNERS.index(one.manner), default=None)


def roster_problems(
    roster: Sequence[Post], known: Iterable[str]
) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """What posts contradict: departments that are not in the directory, a hall's own post, two officers at one post."""
    names = set(known)
    for n, post in enumerate(roster):
        for field in ("hall", "department"):
            if getattr(post, field) not in names:
                yield (n, field), f"{getattr(post, field)!r} is no department of this directory"
        if post.hall == post.department:
            yield (n, "department"), f"{post.department!r} is the hall itself"
        for m, earlier in enumerate(roster[:n]):
            if post.meets(earlier):
                yield (
                    (n,),
                    f"stands at the same post on the same days as roster.{m}: give one an effective_to",
                )
