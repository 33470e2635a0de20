"""`fengqiao calendar …`: which years of working days are known, and taking in a new one. Needs no server. Thin."""

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.command_group import group
from hub.command_home import HomeOption
from hub.domain.calendar import Calendar, differences
from hub.domain.deadline_facts import SHANGHAI
from hub.domain.rule_data import Bilingual
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME, Home
from hub.rules.calendar_files import load_calendar, load_year, year_files

app = group("The calendar of working days.")
WARN_DAYS = 90


@app.command("load")
def load_command(
    file: Annotated[Path, typer.Argument(help="A year's file, as those in hub/rules/calendar.")],
    replace: Annotated[bool, typer.Option("--replace", help="In place of a year that is known.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take in a year that the State Council has announced. What it changes is printed; nothing is taken in part."""
    if not home.is_dir():
        raise ConfigurationError(f"home {home}: is not there: run `fengqiao up` first")
    rules = Home(home).rules_of_city() or home / "rules"
    year = load_year(file, any_name=True)
    before = load_calendar(rules)
    known = before.covers(date(year.year, 1, 1))
    if known and not replace:
        raise ConfigurationError(f"year {year.year}: is known already; --replace puts this file in its place")
    after = load_calendar(rules, candidate=file)
    place = rules / "calendar" / f"{year.year}.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_suffix(".new")
    shutil.copyfile(file, new)
    new.replace(place)
    typer.echo(f"{year.year}: taken in as {place}; the calendar covers {_span(after)}")
    _changes(before, after, min(before.first, after.first), before.last if not known else after.last)


@app.command("check")
def check_command(
    today: Annotated[str | None, typer.Option(metavar="DATE", help="Check as if it were this day.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """What is covered, what a home changed, and whether the end is near. Exit code 1 when it ends within 90 days."""
    rules = Home(home).rules_of_city()
    shipped, calendar = load_calendar(), load_calendar(rules)
    own = sorted(year_files(rules / "calendar")) if rules is not None else []
    typer.echo(f"covers {_span(calendar)}, digest {calendar.digest}")
    typer.echo(f"of this home: {', '.join(map(str, own)) or 'none'}")
    _changes(shipped, calendar, shipped.first, shipped.last)
    day = _today(today)
    warning = ending(calendar, day)
    typer.echo(warning or f"no year is missing before {day.year + 1}")
    raise typer.Exit(1 if warning else 0)


def ending(calendar: Calendar, today: date) -> str | None:
    """What to tell people when coverage ends within 90 days: due dates beyond it are provisional."""
    if not calendar.ends_within(today, WARN_DAYS):
        return None
    left = (calendar.last - today).days
    when = f"in {left} days" if left >= 0 else f"{-left} days ago"
    year = calendar.last.year + 1
    return (
        f"the calendar of working days ends {calendar.last} ({when}): due dates beyond it are provisional; "
        f"take in {year} when the State Council has announced it: fengqiao calendar load {year}.yaml"
    )


def shanghai_today() -> date:
    """Today by Shanghai time."""
    return datetime.now(SHANGHAI).date()


def _today(text: str | None) -> date:
    if text is None:
        return shanghai_today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"today {text!r}: give a day, as in 2026-11-22") from None


def _changes(before: Calendar, after: Calendar, first: date, last: date) -> None:
    for day, old, new in differences(before, after, first, last):
        typer.echo(f"  {day} {_what(old)} → {_what(new)}")


def _what(holiday: Bilingual | None) -> str:
    return "working day 工作日" if holiday is None else f"off 休 ({holiday.zh})"


def _span(calendar: Calendar) -> str:
    return f"{calendar.first} to {calendar.last}"
