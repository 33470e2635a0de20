"""`fengqiao deadline compute`: what it prints, and what it refuses in one line that names field, value and what is allowed."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub.cli import app


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["deadline", "compute", *arguments, "--home", str(home)])


def computed(home: Path, *arguments: str) -> dict[str, Any]:
    result = run(home, *arguments, "--json")
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(result.stdout)
    return data


def test_the_date_and_its_derivation(tmp_path: Path) -> None:
    result = run(tmp_path, "X1", "--start", "2026-02-05")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "X1 信访部门登记并转送、交办、报请: 2026-02-24",
        "收到 2026-02-05 + 15 日 = 02-20, 春节假期顺延至 02-24, 信访工作条例 第22条第1款",
        "从严: 2026-02-20",
    ]


def test_in_english(tmp_path: Path) -> None:
    lines = run(tmp_path, "C4", "--start", "2026-03-01T10:15", "--lang", "en").stdout.splitlines()
    assert lines[0] == "C4 Transfer a criminal report outside own jurisdiction: 2026-03-02 11:00"
    assert lines[1].startswith(
        "decided 2026-03-01 10:15 (counted from 03-01 11:00) + 24 hours = 03-02 11:00, "
    )


def test_json_says_everything(tmp_path: Path) -> None:
    data = computed(tmp_path, "C45", "--start", "2026-02-10", "--custody")
    assert (data["rule"], data["due"], data["raw"], data["provisional"]) == (
        "C45",
        "2026-02-17",
        "2026-02-17",
        False,
    )
    assert data["article"] == "刑诉法解释 第219条第2款"
    assert data["passed_at"] == "2026-02-18T00:00:00+08:00"
    assert [step["kind"] for step in data["steps"]] == ["start", "count", "custody"]
    assert data["steps"][1] == {
        "kind": "count",
        "frm": "2026-02-10",
        "to": "2026-02-17",
        "amount": 7,
        "unit": "D",
        "text": "+ 7 日 = 02-17",
    }
    assert [fact["f"] for fact in data["facts"]] == ["started", "custody_changed"]


def test_what_is_due_ahead_and_what_follows(tmp_path: Path) -> None:
    custody = computed(tmp_path, "CD1", "--start", "2026-02-10", "--custody")
    assert (custody["due"], custody["warn_on"]) == ("2026-04-10", "2026-03-26")
    assert custody["ahead"] == [
        {"rule": "CD5", "title": "提请批准延长侦查羁押期限的提前量", "due": "2026-04-03"}
    ]
    filing = computed(tmp_path, "C16", "--start", "2026-03-02", "--lang", "en")
    assert filing["triggers"] == {"on": "2026-03-18", "paper": "notice of correction"}
    assert "triggers" not in custody


# Options, and the raw end and due date that they lead to.
OPTIONS = [
    ("X7 --start 2026-07-01 --extend 20 --extend 10", "2026-09-29", "2026-09-29"),
    ("C36 --start 2026-01-31 --restart 2026-02-28:supplement_returned --extend 15", "2026-04-15", "2026-04-15"),
    ("C36 --start 2026-01-31 --restart 2026-02-28", "2026-03-31", "2026-03-31"),
    ("J4 --start 2026-01-31 --exclude 2026-03-01..2026-03-10:appraisal", "2026-08-10", "2026-08-10"),
    ("X11 --start 2026-03-02 --exclude 2026-03-09..2026-03-10", "2026-04-03", "2026-04-03"),
    ("A1 --start 2026-03-02 --exclude 2026-03-04..2026-03-10 --exclude 2026-03-08..2026-03-12:hearing",
     "2026-04-10", "2026-04-10"),
    ("C5 --start 2026-03-02 --exclude 2026-03-03..2026-03-03", "2026-03-06", "2026-03-06"),
    ("CD2 --start 2026-02-28 --since 2025-12-29", "2026-03-29", "2026-03-29"),
    ("J19j --start 2026-03-02 --since 2021-04-01 --circumstance real_estate", "2026-05-01", "2026-05-06"),
    ("X14 --start 2026-01-01 --until 2026-02-01", "2026-02-01", "2026-02-01"),
    ("C37 --start 2026-01-31 --nth 2", "2026-02-28", "2026-02-28"),
    ("X1 --start 2026-03-02T20:00:00+00:00", "2026-03-18", "2026-03-18"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "raw", "due"), OPTIONS, ids=[row[0] for row in OPTIONS])
def test_options(tmp_path: Path, line: str, raw: str, due: str) -> None:
    data = computed(tmp_path, *line.split())
    assert (data["raw"], data["due"]) == (raw, due)


def test_a_text_that_is_not_in_force_or_not_verified_is_told(tmp_path: Path) -> None:
    assert (
        "注意: 所引条文 2025-12-31 不在施行期间 (2026-01-01 – …)"
        in run(tmp_path, "A1", "--start", "2025-12-31").stdout
    )
    assert computed(tmp_path, "A1", "--start", "2025-12-31")["in_force"] is False
    assert computed(tmp_path, "A1a", "--start", "2025-12-31")["in_force"] is True
    assert (
        "note: the text was not verified"
        in run(tmp_path, "C76", "--start", "2026-03-02", "--lang", "en").stdout
    )


def test_a_provisional_date_is_marked(tmp_path: Path) -> None:
    assert "2027-01-04 (暂定)" in run(tmp_path, "J12b", "--start", "2026-12-30").stdout
    assert computed(tmp_path, "J12b", "--start", "2026-12-30")["provisional"] is True


REFUSED = [
    ("X99 --start 2026-01-01", "rule X99: no clock has this id; allowed: "),
    ("X6 --start 2026-01-01", "rule X6: the law gives no number"),
    ("X1 --start 2026-02-30", "start 2026-02-30: give a day 2026-02-05 or a moment"),
    ("X1 --start soon", "start soon: give a day"),
    ("C4 --start 2026-02-05", "start 2026-02-05: C4 counts hours: give date and time"),
    ("X1 --start 2026-02-05 --extend 3", "extend 3: X1 can't be extended"),
    ("C36 --start 2026-02-05 --extend 16", "extend 16: C36 may be extended by 1 to 15 D"),
    ("J4 --start 2026-02-05 --exclude 2026-03-01", "exclude 2026-03-01: give FROM..TO"),
    ("J4 --start 2026-02-05 --exclude 2026-03-01T10:00..2026-03-02", "exclude 2026-03-01T10:00: give a day"),
    (
        "J4 --start 2026-02-05 --exclude 2026-03-02..2026-03-01",
        "exclude 2026-03-02..2026-03-01: the last day",
    ),
    (
        "J4 --start 2026-02-05 --exclude 2026-03-01..2026-03-02:dream",
        "exclude dream: J4 allows public_notice 公告",
    ),
    ("X1 --start 2026-02-05 --exclude 2026-03-01..2026-03-02", "X1 knows no ground for it"),
    ("X1 --start 2026-02-05 --restart 2026-03-01", "X1 knows no ground for it"),
    ("J1 --start 2026-02-05 --restart 2026-03-01:remanded", "restart remanded: J1 allows supplemented 补正"),
    ("X1 --start 2026-02-05 --lang fr", "lang fr: allowed: zh, en"),
    ("C37 --start 2026-02-05 --nth 3", "nth 3: C37 may be started 2 times in a case"),
]


@pytest.mark.parametrize(("line", "says"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_in_one_line(tmp_path: Path, line: str, says: str) -> None:
    result = run(tmp_path, *line.split())
    assert result.exit_code == 2
    assert result.stderr.startswith("fengqiao: ")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_home_has_its_own_clocks(tmp_path: Path) -> None:
    (tmp_path / "rules" / "deadlines").mkdir(parents=True)
    (tmp_path / "rules" / "deadlines" / "city.yaml").write_text(
        """\
title: {zh: 本市时限, en: Terms of this city}
clocks:
  - id: L1
    title: {zh: 综治中心简单事项, en: "Governance centre: simple"}
    from: [hub]
    to: [competent_organ]
    bound: receiver
    starts: {event: assigned, zh: 派单, en: the matter is assigned}
    amount: 2
    unit: WD
    basis: none
    sources: [{law: dongzhi_centre}]
    verified: false
""",
        encoding="utf-8",
    )
    assert computed(tmp_path, "L1", "--start", "2026-03-06")["due"] == "2026-03-10"
    (tmp_path / "rules" / "deadlines" / "city.yaml").write_text("clocks: []\n", encoding="utf-8")
    result = run(tmp_path, "X1", "--start", "2026-03-06")
    assert (result.exit_code, "city.yaml:1: title: Field required" in result.stderr) == (2, True)
