"""`fengqiao calendar`: a new year is taken in whole or not at all; the end of coverage is told."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli import app
from hub.operations.calendar_commands import ending
from hub.rules.calendar_files import HERE, load_calendar

YEAR = """\
year: 2027
notices: [{title: 国务院办公厅关于2027年部分节假日安排的通知}]
verified: true
holidays:
  - {zh: 元旦, en: New Year's Day, from: 2026-12-31, to: 2027-01-03}
working: [2027-01-09]
"""


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["calendar", *arguments, "--home", str(home)])


@pytest.fixture
def year(tmp_path: Path) -> Path:
    """A year's file, under a name of its own."""
    file = tmp_path / "notice.yaml"
    file.write_text(YEAR, encoding="utf-8")
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    return place


def test_a_new_year_is_taken_in_and_what_it_changes_is_told(home: Path, year: Path) -> None:
    result = run(home, "load", str(year))
    assert result.exit_code == 0, result.output
    assert "the calendar covers 2004-01-01 to 2027-12-31" in result.stdout
    assert "  2026-12-31 working day 工作日 → off 休 (元旦)" in result.stdout
    assert load_calendar(home / "rules").last == date(2027, 12, 31)
    assert not (home / "rules" / "calendar" / "2027.new").exists()


def test_loading_again_needs_replace(home: Path, year: Path) -> None:
    run(home, "load", str(year))
    again = run(home, "load", str(year))
    assert (again.exit_code, "is known already; --replace" in again.stderr) == (2, True)
    year.write_text(YEAR.replace("[2027-01-09]", "[2027-01-10]"), encoding="utf-8")
    replaced = run(home, "load", str(year), "--replace")
    assert replaced.exit_code == 0
    assert "  2027-01-09 working day 工作日 → off 休 (周末)" in replaced.stdout
    assert "  2027-01-10 off 休 (周末) → working day 工作日" in replaced.stdout


def test_a_wrong_file_changes_nothing(home: Path, year: Path) -> None:
    year.write_text(YEAR.replace("[2027-01-09]", "[2027-01-08]"), encoding="utf-8")
    result = run(home, "load", str(year))
    assert (result.exit_code, "notice.yaml:6: working: 2027-01-08 is no weekend day" in result.stderr) == (
        2,
        True,
    )
    assert not (home / "rules").exists()


def test_a_year_that_leaves_a_hole_changes_nothing(home: Path, year: Path) -> None:
    text = YEAR.replace("2027", "2028").replace("2026", "2027").replace("2028-01-09", "2028-01-08")
    year.write_text(text, encoding="utf-8")
    result = run(home, "load", str(year))
    assert (result.exit_code, "2026 is followed by 2028" in result.stderr) == (2, True)
    assert not (home / "rules").exists()
    assert run(home, "check", "--today", "2026-06-01").exit_code == 0


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path, year: Path) -> None:
    result = run(tmp_path / "elsewhere", "load", str(year))
    assert (result.exit_code, "run `fengqiao up` first" in result.stderr) == (2, True)
    assert not (tmp_path / "elsewhere").exists()


def test_check_says_what_is_covered_and_what_the_home_changed(home: Path, year: Path) -> None:
    before = run(home, "check", "--today", "2026-06-01")
    assert (before.exit_code, "of this home: none" in before.stdout) == (0, True)
    assert before.stdout.startswith("covers 2004-01-01 to 2026-12-31, digest ")
    run(home, "load", str(year))
    after = run(home, "check", "--today", "2026-12-01")
    assert after.exit_code == 0
    assert "of this home: 2027" in after.stdout
    assert "  2026-12-31 working day 工作日 → off 休 (元旦)" in after.stdout


def test_check_fails_when_the_end_is_near(home: Path) -> None:
    result = run(home, "check", "--today", "2026-11-22")
    assert result.exit_code == 1
    assert "ends 2026-12-31 (in 39 days): due dates beyond it are provisional" in result.stdout
    assert run(home, "check", "--today", "2027-01-02").stdout.count("(2 days ago)") == 1
    assert run(home, "check", "--today", "soon").exit_code == 2


def test_the_warning_begins_90_days_before_the_end() -> None:
    calendar = load_calendar()
    assert ending(calendar, calendar.last - timedelta(days=90)) is None
    assert ending(calendar, calendar.last - timedelta(days=89)) is not None


def test_every_shipped_year_could_be_loaded_again(home: Path) -> None:
    result = run(home, "load", str(HERE / "2026.yaml"), "--replace")
    assert result.exit_code == 0, result.output
    assert " → " not in result.stdout
