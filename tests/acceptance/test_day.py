"""The demo as its user runs it: one day in the sandbox city, then what every department holds in its own storage."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.demo.city import DEPARTMENTS
from deploy.sandbox.core.checker import Holding, compare, expected
from deploy.sandbox.core.matter import Record
from deploy.sandbox.core.plan import ASSIGN_TITLE, CUSTODY_TITLE, MEDIATION_TITLE, plan

SEED, REFERRALS = 7, 40
NUMBERS = {
    "petition": r"XF-\d{4}-\d{6}",
    "court": r"[（(]\d{4}[）)]枫9901\D+\d+号",
    "procuratorate": r"枫检.*〔\d{4}〕\d+号",
    "public_security": r"A990100\d+",
    "justice": r"枫(调|确申).*〔\d{4}〕\d+号",
}


@dataclass(frozen=True)
class Day:
    """How the demo ended and what the departments hold."""

    code: int
    output: str
    holdings: dict[str, Holding]
    left: list[str]

    def received(self, department: str, flow: str, title: str) -> Record:
        """The one record of a task in the department's own storage."""
        found = [
            record
            for record in self.holdings[department].records
            if (record.direction, record.flow, record.title) == ("received", flow, title)
        ]
        assert len(found) == 1, f"{department} holds {len(found)} of {flow} {title}"
        return found[0]

    def raised(self, department: str, title: str) -> Record:
        """The record that the department itself raised first under this title."""
        return next(
            r for r in self.holdings[department].records if r.direction == "raised" and r.title == title
        )

    def replies(self, department: str, number: str) -> list[tuple[str, str | None]]:
        """The department's replies on one of its records, with their outcomes."""
        steps = self.holdings[department].steps
        return [
            (s.fields["reply_code"], s.fields["outcome"])
            for s in steps
            if (s.number, s.kind) == (number, "reply")
        ]

    def told(self, department: str, number: str) -> list[str]:
        """The kinds of what the department was told about one of its records."""
        return [item.kind for item in self.holdings[department].received if item.number == number]


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    home = Path(tempfile.mkdtemp(prefix="fengqiao-day-"))
    home.chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FENGQIAO_")}
    command = [sys.executable, "-m", "deploy.demo", "--seed", str(SEED), "--referrals", str(REFERRALS)]
    try:
        ended = subprocess.run(
            [*command, "--home", str(home)], env=environment, capture_output=True, text=True, check=False
        )
        holdings = {
            name: Holding.read(home / "sandbox" / "demo" / name / "records.db", name) for name in DEPARTMENTS
        }
        left = subprocess.run(["pgrep", "-af", str(home)], capture_output=True, text=True, check=False)
        yield Day(ended.returncode, ended.stdout + ended.stderr, holdings, left.stdout.splitlines())
    finally:
        shutil.rmtree(home)


def test_everything_is_as_promised(day: Day) -> None:
    assert day.code == 0, day.output
    assert "✓" in day.output


def test_every_department_holds_what_follows_from_what_was_sent(day: Day) -> None:
    assert compare(expected(SEED, plan(SEED, REFERRALS), day.holdings), day.holdings) == []


def test_no_process_is_left_behind(day: Day) -> None:
    assert day.left == []


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_each_department_has_its_own_numbers(day: Day, department: str) -> None:
    numbers = [record.number for record in day.holdings[department].records]
    assert numbers
    assert len(set(numbers)) == len(numbers)
    assert [number for number in numbers if not re.fullmatch(NUMBERS[department], number)] == []


def test_a_petition_reaches_three_departments_and_one_hands_it_on(day: Day) -> None:
    sent = day.raised("petition", ASSIGN_TITLE)
    court = day.received("court", "F21", ASSIGN_TITLE)
    police = day.received("public_security", "F21", ASSIGN_TITLE)
    copy = day.received("procuratorate", "F21", ASSIGN_TITLE)
    justice = day.received("justice", "F21", ASSIGN_TITLE)
    assert [record.role for record in (court, police, copy, justice)] == [
        "lead",
        "co_handler",
        "copy",
        "co_handler",
    ]
    assert {record.ext_case for record in (court, police, copy, justice)} == {court.ext_case}
    assert day.replies("court", court.number) == [("acceptance_notice", None), ("opinion", "settled")]
    assert day.replies("justice", justice.number) == [("acceptance_notice", None), ("opinion", "settled")]
    assert day.replies("public_security", police.number) == []
    assert "return_proposed" in day.told("petition", sent.number)
    assert "return_decided" in day.told("public_security", police.number)
    assert "confirmed" in day.told("court", court.number)
    assert "parties" not in copy.content or not copy.content["parties"]


def test_b_an_arrest_is_approved_and_executed(day: Day) -> None:
    arrest = day.received("procuratorate", "F1", CUSTODY_TITLE)
    assert day.replies("procuratorate", arrest.number) == [("decision", "approved")]
    assert "confirmed" in day.told("procuratorate", arrest.number)


def test_c_the_case_goes_on_to_judgment_and_execution(day: Day) -> None:
    prosecution = day.received("procuratorate", "F4", CUSTODY_TITLE)
    supplement = day.received("public_security", "F5", CUSTODY_TITLE)
    trial = day.received("court", "F6", CUSTODY_TITLE)
    execution = day.received("public_security", "F9", CUSTODY_TITLE)
    arrest = day.received("procuratorate", "F1", CUSTODY_TITLE)
    assert {r.ext_case for r in (prosecution, supplement, trial, execution)} == {arrest.ext_case}
    assert day.replies("public_security", supplement.number) == [("supplement_report", "supplemented")]
    assert day.replies("procuratorate", prosecution.number)[-1] == ("decision", "prosecute")
    assert day.replies("court", trial.number) == [("hearing_notice", None), ("judgment", "guilty")]
    assert day.replies("public_security", execution.number) == [
        ("notice_receipt", None),
        ("custody_notice", "imprisoned"),
    ]


def test_d_mediation_ends_in_a_confirmed_agreement(day: Day) -> None:
    mediation = day.received("justice", "F17", MEDIATION_TITLE)
    confirmation = day.received("court", "LSC", MEDIATION_TITLE)
    assert day.replies("justice", mediation.number)[-1] == ("mediation_result", "agreement")
    assert day.replies("court", confirmation.number) == [("ruling", "confirmed")]
    assert confirmation.ext_case == mediation.ext_case


@pytest.mark.parametrize(
    "fate", ["taken up", "bad_signature", "wrong_schema", "duplicate: decided", "kill -9"]
)
def test_e_and_f_trouble_on_the_way_is_told_of(day: Day, fate: str) -> None:
    assert fate in day.output
