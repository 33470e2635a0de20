"""Rule files: all of ours load; a wrong one fails with its file, its line, and what is wrong there."""

import shutil
from pathlib import Path

import pytest
import yaml

from hub.errors import ConfigurationError, RuleFileError
from hub.rules.loader import HERE, load_rules

CITY = """\
city: {zh: 甲市, en: City A, region: "330199"}
departments:
  - {id: court, name: {zh: 法院, en: Court}, roles: [court], region: "330199"}
  - {id: petition, name: {zh: 信访局, en: Petition office}, roles: [petition], region: "330199"}
"""


@pytest.fixture
def rules_dir(tmp_path: Path) -> Path:
    """A copy of our rules, to be spoiled."""
    copy = tmp_path / "rules"
    # Without the clocks of the law, which have their own tests: flows may then name any.
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__", "deadlines", "calendar"))
    return copy


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A directory file, to be spoiled."""
    file = tmp_path / "city.yaml"
    file.write_text(CITY, encoding="utf-8")
    return file


def line_of(file: Path, words: str) -> int:
    """The line on which some words stand."""
    return next(n for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if words in line)


def replace(file: Path, old: str, new: str) -> None:
    """Change a file; the words must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_file_of_ours_loads(city: Path) -> None:
    rules = load_rules(city)
    files = {path.stem for path in (HERE / "flows").glob("*.yaml")}
    assert {flow.flow for versions in rules.flows.values() for flow in versions} == {
        f.split("@")[0] for f in files
    }
    assert sum(map(len, rules.flows.values())) == len(files)
    for versions in rules.flows.values():
        for flow in versions:
            assert flow.law
            assert flow.articles
            for paper in (*flow.papers, *flow.replies, *flow.outcomes, *flow.return_reasons):
                assert paper.title
    for role in ("court", "procuratorate", "public_security", "petition"):
        assert any(role in flow.senders for v in rules.flows.values() for flow in v)


# What is replaced in F4.yaml, the words on the line that the error names, and what it must say.
FLOW_FILE = [
    ("version: 1", "version: one", "version: one", "version"),
    ("version: 1", "version: 0", "version: 0", "greater than or equal to 1"),
    ("verified: true", "verified: true\nunheard_of: 1", "unheard_of", "unheard_of: Extra inputs"),
    ("law: ", "lawful: ", "flow: F4", "law: Field required"),
    ("effective_from: 2019-12-30", "effective_from: someday", "effective_from", "effective_from"),
    ("effective_from: 2019-12-30", "effective_from: 2019-12-30\neffective_to: 2018-01-01", "effective_to", "is before"),
    ("kinds: [transfer]", "kinds: [carry]", "kinds", "kinds.0"),
    ("kinds: [transfer]", "kinds: []", "kinds", "at least 1"),
    ("Notice of rights, final: false", "Notice of rights, final: true", "replies:", "exactly the last one must be final"),
    ("{code: decision, title: 起诉", "{code: rights_notice, title: 起诉", "replies:", "is given twice"),
    ("{code: goods_list, ", "{code: evidence, ", "papers:", "papers: code ['evidence'] is given twice"),
    ("withdraw: {before: replied}", "withdraw: {before: never}", "withdraw", "withdraw.before"),
    ("on_lead_close: {co_handlers: keep}", "on_lead_close: {co_handlers: ask}", "on_lead_close", "co_handlers"),
    ("copy: internal}", "copy: everything}", "visibility", "visibility.copy"),
    ("limits: {returns: 2, reworks: 0}", "limits: {returns: -1, reworks: 0}", "limits", "limits.returns"),
    ("  prosecute: [{flow: F6", "  acquit: [{flow: F6", "opens:", "['acquit'] is no outcome"),
    ("prosecute: [{flow: F6", "prosecute: [{flow: F99", "prosecute: [{flow: F99", "'F99' is no flow; allowed: ['F1'"),
    ("flow: F4", "flow: F7", "flow: F7", "'F7' does not match the file name F4.yaml"),
    ("version: 1", "version: 1\nversion: 2", "version: 2", "'version' is given twice"),
    ("version: 1", "version: [1", "effective_from", "no valid YAML"),
    ("version: 1", "version: 1\n\tx: 1", "\tx: 1", "no valid YAML"),
]  # fmt: skip


CONTRADICTIONS = Path(__file__).with_name("contradictions.yaml")
FLOW_FILE += [tuple(row.values()) for row in yaml.safe_load(CONTRADICTIONS.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"), FLOW_FILE, ids=[f"{row[1][-30:]}: {row[3][:40]}" for row in FLOW_FILE]
)
def test_a_wrong_flow_is_named_by_file_and_line(
    rules_dir: Path, city: Path, old: str, new: str, line: str, says: str
) -> None:
    file = rules_dir / "flows" / "F4.yaml"
    replace(file, old, new)
    with pytest.raises(RuleFileError) as wrong:
        load_rules(city, rules_dir)
    assert (wrong.value.file, says in wrong.value.problem) == (str(file), True), wrong.value
    assert wrong.value.line == line_of(file, line), wrong.value
    assert str(wrong.value).startswith(f"{file}:{wrong.value.line}: ")


def test_a_clock_must_be_one_of_the_law(rules_dir: Path, city: Path) -> None:
    shutil.copytree(HERE / "deadlines", rules_dir / "deadlines")
    load_rules(city, rules_dir)
    file = rules_dir / "flows" / "F4.yaml"
    replace(file, "{id: C35,", "{id: C935,")
    with pytest.raises(RuleFileError) as wrong:
        load_rules(city, rules_dir)
    assert (wrong.value.file, wrong.value.line) == (str(file), line_of(file, "C935"))
    assert wrong.value.problem == "clocks.1.id: 'C935' is no clock of the law"


LIFECYCLE = [
    ("from: {assigned: delivered}", "from: {assigned: sent}", "['sent'] is no state"),
    ("by: handler, rung: signed", "by: nobody, rung: signed", "steps.task.signed.by"),
    ("rung: accepted", "rung: welcomed", "steps.task.accepted.rung"),
    ("from: {signed: accepted}", "from: {signed: signed}", "never reached"),
    ("task.handed_over: both, referral.withdrawal_requested: first}", "task.handed_over: both}", "races"),
    ("task.accepted: replaces", "task.accepted: loses", "races.return.task.accepted"),
    (
        "accepted:  {zh: 已受理, en: accepted, owner: handler}",
        "accepted:  {zh: 已受理, en: accepted}",
        "owner",
    ),
]


@pytest.mark.parametrize(("old", "new", "says"), LIFECYCLE, ids=[row[2] for row in LIFECYCLE])
def test_a_wrong_lifecycle_is_named(rules_dir: Path, city: Path, old: str, new: str, says: str) -> None:
    file = rules_dir / "lifecycle.yaml"
    replace(file, old, new)
    with pytest.raises(RuleFileError) as wrong:
        load_rules(city, rules_dir)
    assert wrong.value.file == str(file)
    assert wrong.value.line >= 1
    assert says in wrong.value.problem


DIRECTORIES = [
    ("id: court", "id: Court", 3, "departments.0.id"),
    ("roles: [petition]", "roles: []", 4, "departments.1.roles"),
    ("id: petition", "id: court", 4, "departments.1.id: 'court' is given twice"),
    ('region: "330199"}\n  - {id: p', 'region: "33"}\n  - {id: p', 3, "departments.0.region"),
    ("roles: [court]", 'roles: [court], credit_code: "91350100M000100Y44"', 3, "wrong check character"),
    (
        "roles: [petition]",
        "roles: [petition, visitors]",
        4,
        "departments.1.roles.1: 'visitors' is no role; allowed: ['agr",
    ),
    (
        "roles: [petition]",
        "roles: [petition], within: {F99: {signed: 1 D}}",
        4,
        "within.F99: 'F99' is no flow; allowed: 'all' and",
    ),
    (
        "roles: [petition]",
        "roles: [petition], within: {all: {signed: soon}}",
        4,
        "'soon': write a number and one of H, D, WD, M",
    ),
    (
        "roles: [petition]",
        "roles: [petition], within: {all: {read: 1 D}}",
        4,
        "within.all.read: Extra inputs",
    ),
    (
        "roles: [petition]",
        "roles: [petition], superior: mayor",
        4,
        "departments.1.superior: 'mayor' is no department",
    ),
    (
        "roles: [petition]",
        "roles: [petition], superior: petition",
        4,
        "superior: 'petition' would be above itself",
    ),
    ("departments:", "offices:", 1, "departments: Field required"),
]


@pytest.mark.parametrize(("old", "new", "line", "says"), DIRECTORIES, ids=[row[3] for row in DIRECTORIES])
def test_a_wrong_directory_is_named(city: Path, old: str, new: str, line: int, says: str) -> None:
    replace(city, old, new)
    with pytest.raises(RuleFileError) as wrong:
        load_rules(city)
    assert (wrong.value.file, wrong.value.line) == (str(city), line), wrong.value
    assert says in wrong.value.problem


def test_files_that_are_not_there_or_empty(city: Path, tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="cannot be read: No such file"):
        load_rules(tmp_path / "none.yaml")
    city.write_text("", encoding="utf-8")
    with pytest.raises(RuleFileError, match="the file is empty"):
        load_rules(city)
    assert issubclass(RuleFileError, ConfigurationError)


def test_two_versions_of_a_flow_must_not_overlap(rules_dir: Path, city: Path) -> None:
    first, second = rules_dir / "flows" / "F4.yaml", rules_dir / "flows" / "F4@2.yaml"
    shutil.copy(first, second)
    with pytest.raises(RuleFileError, match="version: 1 is also in F4"):
        load_rules(city, rules_dir)
    replace(second, "version: 1", "version: 2")
    replace(second, "effective_from: 2019-12-30", "effective_from: 2026-01-01")
    with pytest.raises(RuleFileError, match="version 1 is still in force"):
        load_rules(city, rules_dir)
    replace(first, "effective_from: 2019-12-30", "effective_from: 2019-12-30\neffective_to: 2026-01-01")
    with pytest.raises(RuleFileError, match="version 1 is still in force"):
        load_rules(city, rules_dir)
    replace(first, "effective_to: 2026-01-01", "effective_to: 2025-12-31")
    versions = load_rules(city, rules_dir).flows["F4"]
    assert [flow.version for flow in versions] == [1, 2]


def test_the_digest_is_of_the_meaning(rules_dir: Path, city: Path) -> None:
    """It changes with any rule and with nothing else."""
    before = load_rules(city, rules_dir).digest
    file = rules_dir / "flows" / "F4.yaml"
    replace(file, "flow: F4", "# a remark\nflow:   F4")
    assert load_rules(city, rules_dir).digest == before
    digests = {before}
    for old, new in (("reworks: 0", "reworks: 1"), ("title: 酌定不起诉", "title: 相对不起诉")):
        replace(file, old, new)
        digests.add(load_rules(city, rules_dir).digest)
    replace(city, "zh: 法院", "zh: 人民法院")
    digests.add(load_rules(city, rules_dir).digest)
    replace(rules_dir / "lifecycle.yaml", "task.accepted: replaces", "task.accepted: first")
    digests.add(load_rules(city, rules_dir).digest)
    assert len(digests) == 5
