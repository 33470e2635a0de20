"""Clock files: one that contradicts itself or another is named by file, line and what is wrong."""

import re
import shutil
from pathlib import Path

import pytest

from hub.domain.clock_set import Clocks
from hub.errors import FactNotAllowed, RuleFileError
from hub.rules.deadline_files import HERE, load_clocks


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A copy of our clocks, to be spoiled."""
    return shutil.copytree(HERE, tmp_path / "deadlines")


def spoil(file: Path, clock: str, old: str, new: str) -> int:
    """Change the record of a clock; the number of the line where it changed."""
    text = file.read_text(encoding="utf-8")
    begin = text.index(f"  - id: {clock}\n")
    place = text.index(old, begin)
    file.write_text(text[:place] + new + text[place + len(old) :], encoding="utf-8")
    return text[:place].count("\n") + 1


# File, clock, what is replaced by what, and what the error says.
WRONG = [
    ("petition", "X1", "amount: 15", "amount: fifteen", "clocks.0.amount: Input should be a valid integer"),
    ("petition", "X1", "amount: 15", "amount: 0", "amount: 0 is no time"),
    ("petition", "X1", "unit: D", "unit: W", "clocks.0.unit: Input should be 'H', 'D', 'WD', 'M' or 'Y'"),
    ("petition", "X1", "basis: petition", "basis: canon", "clocks.0.basis"),
    ("petition", "X1", "bound: sender", "bound: nobody", "clocks.0.bound"),
    ("petition", "X1", "verified: true", "verified: true\n    unheard_of: 1", "unheard_of: Extra inputs"),
    ("petition", "X1", "roll: true", "roll: true\n    by_letter: true", "by_letter: the term is either"),
    ("petition", "X5", "unit: WD", "unit: WD\n    roll: true", "roll: a time in WD has no last day off"),
    ("petition", "X7", "cap: {span: {D: 90}}", "cap: {span: {D: 50}}", "cap: 50 D is below the amount 60 D"),
    ("petition", "X6", "basis: petition", "basis: petition\n    roll: true", "roll: nothing moves an event"),
    ("petition", "X6", "basis: petition", "basis: petition\n    strict: {D: 1}", "strict: another text's length"),
    ("petition", "X11", "excludes: [hearing]", "excludes: [hearing, hearing]", "excludes: a code is given twice"),
    ("petition", "X11", "excludes: [hearing]", "excludes: [earing]", "excludes: 'earing' is not known; allowed:"),
    ("petition", "X1", "from: [petition_office]", "from: [post_office]", "from: 'post_office' is not known"),
    ("petition", "X1", "law: petition_2022", "law: petition_1999", "sources: 'petition_1999' is not known"),
    ("petition", "X1", "event: received", "event: dreamt", "starts: 'dreamt' is not known"),
    ("petition", "X1", "valid_from: 2022-05-01", "valid_from: 2022-05-01\n    valid_to: 2021-01-01", "valid_to: "),
    ("criminal-arrest", "C21", "times: 1, unit: D", "times: 2, unit: D", "cap: 7 D is not the amount with all"),
    ("criminal-arrest", "C21", "at_least: 1", "at_least: 5", "extension: at_least 5 must not be above"),
    ("criminal-arrest", "C21", "unit: D, by", "unit: WD, by", "extension: WD can't be added to a time in D"),
    ("criminal-arrest", "C21", "cap: {span: {D: 7}}", "", "extension: a number of times needs the amount"),
    ("criminal-custody", "CD7", "cap: {span: {M: 12}}", "cap: {span: {M: 13}}", "cap: 13 M is not the amount"),
    ("criminal-custody", "CD5", "custody: true", "roll: true", "roll: a time counted back"),
    ("criminal-custody", "CD5", "[CD1, CD2, CD3]", "[CD1, CD9]", "starts: 'CD9' is not known"),
    ("criminal-custody", "CD5", "[CD1, CD2, CD3]", "[C33]", "starts: C33 has no time that could end"),
    ("criminal-trial", "C48", "restarts: [{reason: jur", "restarts: [{reason: x}, {reason: jur", "'x' is not known"),
    ("criminal-prosecution", "C43", "supervision_supplement, at_most: 2", "supplementary_investigation, at_most: 3",
     "counter: supplementary_investigation is capped otherwise by C43"),
    ("civil", "J19", "unit: WD", "unit: D", "unit: 5 days of the basis reconsideration are working days: give WD"),
    ("civil", "J1", "unit: D", "unit: D\n    warn_before: {H: 3}", "warn_before: hours before a day"),
    ("petition", "X6", "basis: petition", "basis: petition\n    warn_before: {D: 3}", "warn_before: nothing is due"),
    ("civil", "J1", "unit: D", "", "unit: amount and unit go together"),
    ("civil", "J2a", "- id: J2a", "- id: J1", "id: J1 is also in civil.yaml"),
    ("local", "L1", "- id: L1", "- id: X1", "id: X1 is also in"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "clock", "old", "new", "says"), WRONG, ids=[f"{w[1]} {w[4]}" for w in WRONG]
)
def test_a_wrong_clock_is_named_by_file_and_line(
    shipped: Path, name: str, clock: str, old: str, new: str, says: str
) -> None:
    spoil(shipped / f"{name}.yaml", clock, old, new)
    with pytest.raises(RuleFileError) as wrong:
        load_clocks(shipped=shipped)
    file, problem = Path(wrong.value.file), wrong.value.problem
    assert says in problem, wrong.value
    lines = file.read_text(encoding="utf-8").splitlines()
    begin = max(n for n, line in enumerate(lines[: wrong.value.line]) if line.startswith("  - id: "))
    end = next((n for n, line in enumerate(lines) if n > begin and line.startswith("  - id: ")), len(lines))
    named = re.match(r"(?:clocks\.\d+(?:\.|: ))?(\w+)", problem)
    assert named is not None
    field = f"{named[1]}:"
    record = lines[begin:end]
    assert lines[begin].removeprefix("  - id: ") in (
        new.removeprefix("- id: ") if "- id" in new else clock,
        "C37",
    )
    # A field that is missing has no line of its own: then the record is named.
    assert field in lines[wrong.value.line - 1] or (
        wrong.value.line == begin + 1 and not any(line.strip().startswith(field) for line in record)
    )


def test_the_line_is_that_of_the_field(shipped: Path) -> None:
    line = spoil(shipped / "civil.yaml", "J19", "unit: WD", "unit: D")
    with pytest.raises(RuleFileError) as wrong:
        load_clocks(shipped=shipped)
    assert wrong.value.line == line


def test_a_home_replaces_one_clock_and_adds_another(tmp_path: Path, clocks: Clocks) -> None:
    record = """\
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
"""
    (tmp_path / "deadlines").mkdir()
    text = record + record.partition("clocks:\n")[2].replace("id: L1", "id: L77")
    (tmp_path / "deadlines" / "city.yaml").write_text(text, encoding="utf-8")
    ours = load_clocks(tmp_path)
    assert (ours.get("L1").amount, ours.get("L1").unit) == (2, "WD")
    assert set(ours.by_id) - set(clocks.by_id) == {"L77"}
    assert ours.digest != clocks.digest


def test_a_home_adds_words_of_its_own(tmp_path: Path, clocks: Clocks) -> None:
    terms = tmp_path / "deadlines" / "terms"
    terms.mkdir(parents=True)
    (terms / "laws.yaml").write_text(
        "our_rules:\n  title: {zh: 本市规定, en: Our rules}\n  short: 本市规定\n", "utf-8"
    )
    (terms / "terms.yaml").write_text("grounds:\n  flood: {zh: 洪水, en: a flood}\n", "utf-8")
    (terms / "warnings.yaml").write_text("warnings: [{unit: D, up_to: 15, before: {D: 5}}]\n", "utf-8")
    ours = load_clocks(tmp_path)
    assert ours.laws["our_rules"].title.zh == "本市规定"
    assert ours.laws.keys() > clocks.laws.keys()
    assert ours.terms.grounds["flood"].zh == "洪水"
    assert ours.terms.grounds.keys() - clocks.terms.grounds.keys() == {"flood"}
    assert [rule.before.D for rule in ours.warnings] == [5]
    assert ours.digest != clocks.digest


def test_an_unknown_clock_names_those_that_are_near(clocks: Clocks) -> None:
    for unknown, says in (
        ("C36z", "allowed: C36, C36a, C36b"),
        ("c36", "C36, C36a"),
        ("Y1", "allowed: A1 … X18"),
    ):
        with pytest.raises(FactNotAllowed, match=f"rule {unknown}: no clock has this id; .*{says}"):
            clocks.get(unknown)


def test_the_digest_is_of_what_the_clocks_say(clocks: Clocks, shipped: Path) -> None:
    assert load_clocks(shipped=shipped).digest == clocks.digest
    spoil(shipped / "petition.yaml", "X1", "amount: 15", "amount: 16")
    assert load_clocks(shipped=shipped).digest != clocks.digest


def test_what_is_due_before_a_clock_ends_and_what_follows_it(clocks: Clocks) -> None:
    assert [one.id for one in clocks.before_end("CD2")] == ["CD5"]
    assert [one.id for one in clocks.before_end("C48")] == ["C48c", "C48d"]
    assert [one.id for one in clocks.following("CD1")] == ["CD2"]
    assert clocks.before_end("X1") == clocks.following("X1") == []


def test_triggers_name_their_paper(clocks: Clocks) -> None:
    papers = {
        one.id: (one.trigger.paper.zh, one.trigger.code) for one in clocks.by_id.values() if one.trigger
    }
    correction = ("纠正违法通知书", "supervision_letter")
    assert papers == {
        "C16": correction,
        "C29": correction,
        "C17": ("立案监督案件催办函", "reminder_letter"),
    }


def test_a_triggered_paper_that_the_catalogue_does_not_have_is_named_by_file_and_line(shipped: Path) -> None:
    load_clocks(shipped=shipped, papers={"supervision_letter", "reminder_letter"})
    with pytest.raises(
        RuleFileError, match=r"criminal-supervision\.yaml.*'reminder_letter' is not in the cat"
    ):
        load_clocks(shipped=shipped, papers={"supervision_letter"})
