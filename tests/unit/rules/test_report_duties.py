"""`report_duties.yaml`: a wrong one is named by file and line, at start and by `flows check`; it is part of the digest."""

import shutil
from pathlib import Path

import pytest

from hub.errors import RuleFileError
from hub.rules.checking import rule_problems
from hub.rules.loader import load_rules

ROOT = Path(__file__).parents[3]
CITY = ROOT / "tests" / "support" / "city.yaml"
EXAMPLE = ROOT / "docs" / "examples" / "recurring-reports"
WRONG = [
    ("to: petition", "to: governance", "to: governance", "to whom ['public_security'"),
    ("to: petition", "to: court", "to: court", "'court' does not raise RPT version 1; allowed: ['petition', 'governance']"),
    ("to: petition", "to: nobody", "to: nobody", "'nobody' is no role; allowed"),
    ("owes: [court,", "owes: [mediation, court,", "owes:", "['mediation'] is no lead of RPT version 1"),
    ("owes: [court, procuratorate, public_security, justice]", "owes: [governance]", "owes:", "no department owes it"),
    ("period: month", "period: fortnight", "period: fortnight", "'half_year' or 'year'"),
    ("due: 5 WD", "due: 5 H", "due: 5 H", "allowed: D, WD, M"),
    ("due: 5 WD", "due: soon", "due: soon", "as `5 WD`"),
    ("since: 2026-01-01", "since: 2025-12-31", "flow: RPT", "'RPT' is no flow that is in force on 2025-12-31"),
    ("flow: RPT", "flow: F26", "flow: F26", "F26 version 1 has no kind 'assign'"),
    ("flow: RPT", "flow: F21", "flow: F21", "nothing would warn of the last day"),
]  # fmt: skip


def changed(place: Path, old: str, new: str) -> Path:
    """The example with one change in its list; returns that file."""
    shutil.copytree(EXAMPLE, place)
    file = place / "report_duties.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(("old", "new", "words", "says"), WRONG)
def test_a_wrong_file_fails_with_file_line_and_what_is_wrong(
    tmp_path: Path, old: str, new: str, words: str, says: str
) -> None:
    file = changed(tmp_path / "own", old, new)
    found = [one for one in rule_problems(CITY, file.parent) if says in one.problem]
    assert [one.file for one in found] == [str(file)]
    assert words in file.read_text(encoding="utf-8").splitlines()[found[0].line - 1]


def test_a_start_fails_too_and_the_example_is_right(tmp_path: Path) -> None:
    assert rule_problems(CITY, EXAMPLE) == []
    file = changed(tmp_path / "own", "to: petition", "to: governance")
    with pytest.raises(RuleFileError, match="to whom"):
        load_rules(CITY, overlay=file.parent)


def test_another_day_is_another_set_of_rules(tmp_path: Path) -> None:
    file = changed(tmp_path / "own", "due: 5 WD", "due: 6 WD")
    assert load_rules(CITY, overlay=file.parent).digest != load_rules(CITY, overlay=EXAMPLE).digest
