"""Working days: which are, which are not and why, and where that knowledge ends. Shanghai dates."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from hub.domain.calendar_year import ONE_DAY, SATURDAY, CalendarYear, Statutory
from hub.domain.rule_data import Bilingual

WEEKEND = Bilingual(zh="周末", en="the weekend")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of `first` to `last` are as the notices say; any other day is guessed by weekday and by law.

    `off`: days off and why; `worked`: weekend days that are worked; `fixed`: by month and day, what the law says of
    years without a notice. `digest` names the knowledge, so that a decision can say on what it stood.
    """

    first: date
    last: date
    off: Mapping[date, Bilingual]
    worked: frozenset[date]
    fixed: Mapping[tuple[int, int], Bilingual]
    fixed_from: date
    digest: str

    @classmethod
    def of(cls, years: Iterable[CalendarYear], statutory: Statutory) -> "Calendar":
        """A calendar of years in a row. A day that two years speak of is as the later says. ValueError: a hole."""
        known = sorted(years, key=lambda year: year.year)
        if not known:
            raise ValueError("no year is given")
        off: dict[date, Bilingual] = {}
        worked: set[date] = set()
        for before, year in zip([None, *known], known, strict=False):
            if before is not None and year.year != before.year + 1:
                raise ValueError(f"{before.year} is followed by {year.year}: years must follow each other")
            for holiday in year.holidays:
                name = Bilingual(zh=holiday.zh, en=holiday.en)
                for day in holiday.days:
                    off[day] = name
                    worked.discard(day)
            worked.update(year.working)
        return cls(
            first=date(known[0].year, 1, 1),
            last=date(known[-1].year, 12, 31),
            off=off,
            worked=frozenset(worked),
            fixed={
                (int(one.day[:2]), int(one.day[3:])): Bilingual(zh=one.zh, en=one.en)
                for one in statutory.fixed
            },
            fixed_from=statutory.valid_from,
            digest=hashlib.sha256(calendar_text(known, statutory).encode()).hexdigest(),
        )

    def covers(self, day: date) -> bool:
        """Whether what the calendar says of the day is known rather than guessed."""
        return self.first <= day <= self.last

    def holiday(self, day: date) -> Bilingual | None:
        """Why a day is off, or None when it is worked."""
        if day in self.worked:
            return None
        name = self.off.get(day)
        if name is None and day > self.last and day >= self.fixed_from:
            name = self.fixed.get((day.month, day.day))
        return name or (WEEKEND if day.weekday() >= SATURDAY else None)

    def is_working(self, day: date) -> bool:
        """Whether the day is a working day 工作日."""
        if self.first <= day <= self.last:
            return day in self.worked if day.weekday() >= SATURDAY else day not in self.off
        return self.holiday(day) is None

    def working_on_or_after(self, day: date) -> date:
        """The day itself, or the next working day."""
        while not self.is_working(day):
            day += ONE_DAY
        return day

    def working_on_or_before(self, day: date) -> date:
        """The day itself, or the working day before it."""
        while not self.is_working(day):
            day -= ONE_DAY
        return day

    def add_working(self, day: date, count: int) -> date:
        """The count-th working day after a day (before it, when the count is negative)."""
        step, is_working = (ONE_DAY if count > 0 else -ONE_DAY), self.is_working
        for _ in range(abs(count)):
            day += step
            while not is_working(day):
                day += step
        return day

    def working_between(self, first: date, last: date) -> int:
        """How many working days there are from `first` to `last`, both included."""
        return sum(map(self.is_working, days_between(first, last)))

    def ends_within(self, today: date, days: int) -> bool:
        """Whether coverage ends less than so many days from today."""
        return self.last < today + timedelta(days=days)


def calendar_text(years: Iterable[CalendarYear], statutory: Statutory) -> str:
    """Everything that a calendar of these years says, as JSON; its digest is the SHA-256 of this."""
    known = sorted(years, key=lambda year: year.year)
    return json.dumps([part.model_dump(mode="json") for part in (*known, statutory)], sort_keys=True)


def days_between(first: date, last: date) -> Iterable[date]:
    """Every day from `first` to `last`, both included; none when they run backward."""
    return (first + n * ONE_DAY for n in range((last - first).days + 1))


def differences(
    old: Calendar, new: Calendar, first: date, last: date
) -> list[tuple[date, Bilingual | None, Bilingual | None]]:
    """The days on which two calendars disagree on whether one works, with what each says."""
    differ: Callable[[date], bool] = lambda day: old.is_working(day) != new.is_working(day)  # noqa: E731
    return [(day, old.holiday(day), new.holiday(day)) for day in filter(differ, days_between(first, last))]
