"""The calendar: every day as another package says, holes and contradictions refused, its end known."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from hub.domain.calendar import Calendar, days_between, differences
from hub.errors import RuleFileError
from hub.rules.calendar_files import HERE, load_calendar, load_year

YEAR = """\
year: 2027
notices: [{title: 通知}]
verified: false
holidays:
  - {zh: 元旦, en: New Year, from: 2027-01-01, to: 2027-01-03}
  - {zh: 国庆节, en: National Day, from: 2027-10-01, to: 2027-10-07}
working: [2027-01-09]
"""


def test_every_day_of_2004_to_2026_is_as_chinesecalendar_says(calendar: Calendar) -> None:
    every = list(days_between(date(2004, 1, 1), date(2026, 12, 31)))
    assert (calendar.first, calendar.last) == (every[0], every[-1])
    assert [day for day in every if calendar.is_working(day) != chinese_calendar.is_workday(day)] == []


def test_2026_has_248_working_days_and_the_notices_days(calendar: Calendar) -> None:
    assert calendar.working_between(date(2026, 1, 1), date(2026, 12, 31)) == 248
    for day in ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"):
        assert calendar.is_working(date.fromisoformat(day))
    for day in (
        "2026-01-02",
        "2026-02-16",
        "2026-02-23",
        "2026-04-06",
        "2026-06-19",
        "2026-09-25",
        "2026-10-07",
    ):
        assert not calendar.is_working(date.fromisoformat(day))


def test_every_year_since_2008_names_its_notice() -> None:
    for year in range(2008, 2027):
        file = load_year(HERE / f"{year}.yaml")
        assert file.verified
        assert file.notices[0].number is not None
        assert f"〔{year - 1}〕" in file.notices[0].number


def test_why_a_day_is_off(calendar: Calendar) -> None:
    names = {
        day: calendar.holiday(date.fromisoformat(day)) for day in ("2026-02-17", "2026-03-01", "2026-03-02")
    }
    assert [name and name.zh for name in names.values()] == ["春节", "周末", None]


def test_beyond_the_end_the_law_and_the_weekday_are_guessed(calendar: Calendar) -> None:
    assert not calendar.covers(date(2027, 1, 1))
    assert not calendar.is_working(date(2027, 1, 1))
    assert not calendar.is_working(date(2027, 1, 2))
    assert calendar.is_working(date(2027, 1, 4))


def test_before_its_start_only_the_weekday_is_known(calendar: Calendar) -> None:
    assert calendar.is_working(date(2003, 1, 1))
    assert not calendar.covers(date(2003, 12, 31))


def test_working_days_are_counted_both_ways(calendar: Calendar) -> None:
    assert calendar.add_working(date(2026, 9, 24), 5) == date(2026, 10, 9)
    assert calendar.add_working(date(2026, 10, 9), -5) == date(2026, 9, 24)


def test_coverage_that_ends_within_90_days(calendar: Calendar) -> None:
    end = calendar.last
    assert not calendar.ends_within(end - timedelta(days=90), 90)
    assert calendar.ends_within(end - timedelta(days=89), 90)


def home_with(tmp_path: Path, text: str, name: str = "2027.yaml") -> Path:
    (tmp_path / "calendar").mkdir()
    (tmp_path / "calendar" / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_homes_year_follows_the_shipped_ones(tmp_path: Path, calendar: Calendar) -> None:
    longer = load_calendar(home_with(tmp_path, YEAR))
    assert longer.last == date(2027, 12, 31)
    assert longer.digest != calendar.digest
    changed = differences(calendar, longer, date(2027, 1, 1), date(2027, 1, 31))
    assert [day for day, _, _ in changed] == [date(2027, 1, 9)]


def test_a_later_notice_may_speak_of_december_before(tmp_path: Path, calendar: Calendar) -> None:
    text = YEAR.replace("from: 2027-01-01", "from: 2026-12-31")
    longer = load_calendar(home_with(tmp_path, text))
    assert calendar.is_working(date(2026, 12, 31))
    assert not longer.is_working(date(2026, 12, 31))


def test_of_two_notices_the_later_decides(tmp_path: Path) -> None:
    home = home_with(tmp_path, YEAR.replace("from: 2027-01-01", "from: 2026-12-26"))
    earlier = (HERE / "2026.yaml").read_text("utf-8").replace("2026-10-10]", "2026-10-10, 2026-12-26]")
    (home / "calendar" / "2026.yaml").write_text(earlier, "utf-8")
    assert not load_calendar(home).is_working(date(2026, 12, 26))
    (home / "calendar" / "2027.yaml").write_text(YEAR, "utf-8")
    assert load_calendar(home).is_working(date(2026, 12, 26))


WRONG = [
    ("year: 2027", "year: 2027\nmonth: 1", "month: 1", "month: Extra inputs"),
    ("to: 2027-01-03", "to: 2026-12-30", "holidays:", "before its start"),
    ("from: 2027-10-01", "from: 2027-01-03", "holidays:", "2027-01-03 is given twice"),
    ("from: 2027-01-01", "from: 2026-11-30", "holidays:", "2026-11-30 is neither in 2027 nor in December"),
    ("working: [2027-01-09]", "working: [2027-01-08]", "working:", "2027-01-08 is no weekend day"),
    ("working: [2027-01-09]", "working: [2027-01-02]", "working:", "2027-01-02 is a holiday too"),
    ("working: [2027-01-09]", "working: [2028-01-08]", "working:", "2028-01-08 is neither"),
    ("working: [2027-01-09]", "working: [2027-01-09, 2027-01-09]", "working:", "given twice"),
    ("notices: [{title: 通知}]", "notices: []", "notices:", "at least 1"),
]


@pytest.mark.parametrize(("old", "new", "line", "says"), WRONG, ids=[row[3] for row in WRONG])
def test_a_wrong_year_is_named_by_file_and_line(
    tmp_path: Path, old: str, new: str, line: str, says: str
) -> None:
    assert old in YEAR
    text = YEAR.replace(old, new, 1)
    home = home_with(tmp_path, text)
    with pytest.raises(RuleFileError) as wrong:
        load_calendar(home)
    expected = next(n for n, words in enumerate(text.splitlines(), 1) if line in words)
    assert wrong.value.file.endswith("2027.yaml")
    assert says in wrong.value.problem
    assert wrong.value.line == expected


def test_a_hole_between_years_is_refused(tmp_path: Path) -> None:
    text = YEAR.replace("2027", "2028").replace("2028-01-09", "2028-01-08")
    with pytest.raises(RuleFileError, match="2026 is followed by 2028"):
        load_calendar(home_with(tmp_path, text, "2028.yaml"))


def test_a_year_under_another_years_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match=r"2028\.yaml:1: year: 2027 does not match the file name"):
        load_calendar(home_with(tmp_path, YEAR, "2028.yaml"))


def test_a_file_with_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="named like 2027"):
        load_calendar(home_with(tmp_path, YEAR, "next.yaml"))
