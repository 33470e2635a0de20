"""One year of the working-day calendar as data: what the State Council's yearly notice says."""

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from hub.domain.rule_data import Bilingual, RuleData

ONE_DAY = timedelta(days=1)
SATURDAY = 5


class Notice(RuleData):
    """Where the days come from. `number` is null where it is not known."""

    title: str
    number: str | None = None
    issued: date | None = None


class Holiday(RuleData):
    """Days off in a row, both ends included, weekends among them."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    zh: str
    en: str
    first: date = Field(alias="from")
    last: date = Field(alias="to")

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return [self.first + n * ONE_DAY for n in range((self.last - self.first).days + 1)]


class CalendarYear(RuleData):
    """Holidays, and weekend days that are worked instead 调休. December of the year before may be among them.

    Every other day follows its weekday. `verified`: the notice itself was read.
    """

    year: Annotated[int, Field(ge=1949, le=2999)]
    notices: Annotated[list[Notice], Field(min_length=1)]
    verified: bool
    holidays: Annotated[list[Holiday], Field(min_length=1)]
    working: list[date]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        off: set[date] = set()
        for holiday in self.holidays:
            if holiday.last < holiday.first:
                raise ValueError(
                    f"holidays: {holiday.zh} ends {holiday.last}, before its start {holiday.first}"
                )
            for day in holiday.days:
                if day in off:
                    raise ValueError(f"holidays: {day} is given twice")
                off.add(day)
        if len(set(self.working)) != len(self.working):
            raise ValueError("working: a day is given twice")
        for day in self.working:
            if day.weekday() < SATURDAY:
                raise ValueError(f"working: {day} is no weekend day, so it needs no notice to be worked")
            if day in off:
                raise ValueError(f"working: {day} is a holiday too")
        for name, days in (("holidays", off), ("working", set(self.working))):
            for day in sorted(days):
                if day.year != self.year and (day.year, day.month) != (self.year - 1, 12):
                    raise ValueError(f"{name}: {day} is neither in {self.year} nor in December before it")
        return self


class FixedHoliday(RuleData):
    """A day off that the law itself puts on a day of the solar year."""

    zh: str
    en: str
    day: Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Statutory(RuleData):
    """What is known of a year that has no notice yet: enough for a provisional date, no more."""

    law: Bilingual
    article: str
    valid_from: date
    fixed: list[FixedHoliday]
