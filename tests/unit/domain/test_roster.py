"""Officers at windows: who is there on a day, and what a roster may not say."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.domain.roster import Post, posted
from hub.errors import RuleFileError
from hub.rules.loader import load_rules
from tests.support.core import DIRECTORY

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def post(officer: str, manner: str = "resident", **more: Any) -> dict[str, Any]:
    """A post of the court at the petition office's hall."""
    held = {"hall": "petition", "department": "court", "officer": officer, "manner": manner}
    return {**held, "effective_from": "2026-01-01", **more}


def test_who_is_resident_goes_before_who_has_the_turn_before_who_is_called() -> None:
    rows = [
        post("C", "on_call"),
        post("T", "rota", weekdays=[1]),
        post("R", effective_from="2026-03-03"),
    ]
    roster = [Post.model_validate(row) for row in rows]
    days = (date(2026, 3, 1), MONDAY, TUESDAY, date(2025, 12, 31))
    found = [posted(roster, "petition", "court", day) for day in days]
    assert [one and one.officer for one in found] == ["C", "T", "R", None]
    assert posted(roster, "court", "petition", MONDAY) is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([post("A"), post("B", effective_from="2026-05-01")], "roster.1: stands at the same post"),
        ([post("A", "rota", weekdays=[1, 2]), post("B", "rota", weekdays=[2])], "as roster.0"),
        ([post("A", department="nobody")], "roster.0.department: 'nobody' is no department"),
        ([post("A", department="petition")], "'petition' is the hall itself"),
        ([post("A", "rota")], "rota names its days"),
        ([post("A", weekdays=[1])], "rota names its days"),
        ([post("A", effective_to="2025-12-31")], "is before 2026-01-01"),
        ([post("A", "now and then")], "manner"),
    ],
)
def test_a_roster_that_contradicts_itself_is_named_with_file_and_line(
    tmp_path: Path, rows: list[dict[str, Any]], said: str
) -> None:
    held = yaml.safe_load(DIRECTORY.read_text(encoding="utf-8"))
    file = tmp_path / "departments.yaml"
    file.write_text(yaml.safe_dump({**held, "roster": rows}, allow_unicode=True), encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"departments\.yaml:\d+") as refused:
        load_rules(file)
    assert said in str(refused.value)


def test_shifts_that_do_not_meet_are_no_contradiction(tmp_path: Path) -> None:
    held = yaml.safe_load(DIRECTORY.read_text(encoding="utf-8"))
    rows = [
        post("A", effective_to="2026-04-30"),
        post("B", effective_from="2026-05-01"),
        post("C", "rota", weekdays=[1]),
        post("D", "rota", weekdays=[2]),
    ]
    file = tmp_path / "departments.yaml"
    file.write_text(yaml.safe_dump({**held, "roster": rows}, allow_unicode=True), encoding="utf-8")
    assert len(load_rules(file).directory.roster) == 4
