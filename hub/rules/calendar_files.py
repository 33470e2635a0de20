"""The calendar's files into one `Calendar`: those that ship with the hub, and those that a home was given since."""

from pathlib import Path

from hub.domain.calendar import Calendar, calendar_text
from hub.domain.calendar_year import CalendarYear, Statutory
from hub.errors import RuleFileError
from hub.rules.files import line_in, load_model

HERE = Path(__file__).parent / "calendar"
STATUTORY = "statutory.yaml"


def load_calendar(
    home_rules: Path | None = None, shipped: Path = HERE, candidate: Path | None = None
) -> Calendar:
    """The shipped years, and those under `home_rules`/calendar in place of or after them. Raises RuleFileError.

    `candidate`: a year's file of any name that is tried in its place.
    """
    files = year_files(shipped)
    if home_rules is not None:
        files |= year_files(home_rules / "calendar")
    if candidate is not None:
        files[load_year(candidate, any_name=True).year] = candidate
    years = [load_year(path, path == candidate) for _, path in sorted(files.items())]
    try:
        return Calendar.of(years, load_model(shipped / STATUTORY, Statutory))
    except ValueError as problem:
        last = files[max(files)] if files else shipped
        raise RuleFileError(str(last), 1, str(problem)) from None


def calendar_files_text(home_rules: Path | None = None, shipped: Path = HERE) -> str:
    """The text whose SHA-256 is the digest of the calendar of these files. Raises RuleFileError."""
    files = year_files(shipped) | ({} if home_rules is None else year_files(home_rules / "calendar"))
    return calendar_text(map(load_year, files.values()), load_model(shipped / STATUTORY, Statutory))


def year_files(directory: Path) -> dict[int, Path]:
    """The files of a directory by the year in their name. Raises RuleFileError for any other name."""
    found: dict[int, Path] = {}
    for path in sorted(directory.glob("*.yaml")):
        if path.name == STATUTORY:
            continue
        if not path.stem.isdigit():
            raise RuleFileError(str(path), 0, f"{path.name}: a year's file is named like 2027.yaml")
        found[int(path.stem)] = path
    return found


def load_year(path: Path, any_name: bool = False) -> CalendarYear:
    """One year's file; its name is its year unless `any_name`. Raises RuleFileError with the line."""
    year = load_model(path, CalendarYear)
    if not any_name and path.stem != str(year.year):
        problem = f"year: {year.year} does not match the file name {path.name}"
        raise RuleFileError(str(path), line_in(path, "year"), problem)
    return year
