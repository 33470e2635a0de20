"""A city's own rules over those of the hub: flows added and replaced, codes added, without a change of code."""

from pathlib import Path

import pytest

from hub.domain.ladder import LIMITED
from hub.errors import ConfigurationError, RuleFileError
from hub.home import Home
from hub.rules.catalogues import load_catalogues
from hub.rules.checking import rule_problems
from hub.rules.loader import HERE, load_rules, rule_roots

CITY = """\
city: {zh: 甲市, en: City A, region: "330199"}
departments:
  - {id: court, name: {zh: 法院, en: Court}, roles: [court], region: "330199"}
  - {id: petition, name: {zh: 信访局, en: Petition office}, roles: [petition], region: "330199",
     within: {F21: {signed: 4 H}, all: {signed: 3 WD, replied: 20 D}}}
"""


@pytest.fixture
def city(tmp_path: Path) -> Path:
    file = tmp_path / "city.yaml"
    file.write_text(CITY, encoding="utf-8")
    return file


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    place = tmp_path / "own"
    (place / "flows").mkdir(parents=True)
    (place / "codes").mkdir()
    return place


def shipped(name: str) -> str:
    return (HERE / "flows" / name).read_text(encoding="utf-8")


def test_a_flow_of_its_own_is_there_beside_those_of_the_hub(city: Path, overlay: Path) -> None:
    text = shipped("F20.yaml").replace("flow: F20", "flow: L1").replace("zh: 访调对接", "zh: 吹哨报到")
    (overlay / "flows" / "L1.yaml").write_text(text, encoding="utf-8")
    plain, own = load_rules(city), load_rules(city, overlay=overlay)
    assert set(own.flows) - set(plain.flows) == {"L1"}
    assert own.flows["L1"][0].title.zh == "吹哨报到"
    assert own.flows["F20"] == plain.flows["F20"]
    assert own.digest != plain.digest


def test_a_file_of_the_same_name_replaces_that_of_the_hub(city: Path, overlay: Path) -> None:
    file = overlay / "flows" / "F20.yaml"
    file.write_text(shipped("F20.yaml").replace("signed: 1 WD", "signed: 2 H"), encoding="utf-8")
    (flow,) = load_rules(city, overlay=overlay).flows["F20"]
    assert str(flow.within.signed) == "2 H"
    assert str(load_rules(city).flows["F20"][0].within.signed) == "1 WD"


def test_a_new_version_takes_over_on_its_day(city: Path, overlay: Path) -> None:
    old, new = overlay / "flows" / "F20.yaml", overlay / "flows" / "F20@2.yaml"
    new.write_text(
        shipped("F20.yaml").replace("version: 1", "version: 2").replace("2025-02-10\nlaw", "2027-01-01\nlaw"),
        encoding="utf-8",
    )
    with pytest.raises(RuleFileError, match="version 1 is still in force") as wrong:
        load_rules(city, overlay=overlay)
    assert wrong.value.file == str(new)
    old.write_text(
        shipped("F20.yaml").replace("law: ", "effective_to: 2026-12-31\nlaw: ", 1), encoding="utf-8"
    )
    assert [flow.version for flow in load_rules(city, overlay=overlay).flows["F20"]] == [1, 2]


def test_codes_of_its_own_are_added_to_those_of_the_hub(city: Path, overlay: Path) -> None:
    flow = overlay / "flows" / "L1.yaml"
    text = (
        shipped("F20.yaml")
        .replace("flow: F20", "flow: L1")
        .replace("senders: [petition]", "senders: [lakes]")
    )
    flow.write_text(text, encoding="utf-8")
    with pytest.raises(RuleFileError, match="'lakes' is no role") as wrong:
        load_rules(city, overlay=overlay)
    assert (wrong.value.file, wrong.value.line) == (str(flow), text[: text.index("senders")].count("\n") + 1)
    codes = overlay / "codes" / "roles.yaml"
    codes.write_text("codes:\n  - {code: lakes, title: 湖长办, en: Lake office}\n", encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"F21 is raised by \['petition'\], not by the sender"):
        load_rules(city, overlay=overlay)
    flow.write_text(
        text.replace("{flow: F21, by: sender}, ", "").replace("  refused: [{flow: F21, by: sender}]\n", ""),
        encoding="utf-8",
    )
    assert load_rules(city, overlay=overlay).flows["L1"][0].senders == ["lakes"]
    held = load_catalogues(rule_roots(overlay=overlay))
    assert held.roles["lakes"].title == "湖长办"
    assert set(load_catalogues(rule_roots()).roles) == set(held.roles) - {"lakes"}


CODES = [
    ("roles", "codes: []", 1, "at least 1 item"),
    ("roles", "codes:\n  - {code: a b, title: x, en: x}", 2, "codes.0.code"),
    ("papers", "codes:\n  - {code: a, title: x, en: x}", 2, "volume: Field required"),
    ("papers", "codes:\n  - {code: a, title: x, en: x, volume: attic}", 2, "volume"),
    ("return_reasons", "codes:\n  - {code: a, title: x, en: x}\n  - {code: a, title: y, en: y}", 3, "'a' is given twice"),
    ("facts", "codes:\n  - {code: kind, title: x, en: x}", 2, "'kind' names a field of the referral"),
    ("facts", "codes:\n  - {code: a, title: x, en: x, values: [b, b]}", 2, "values: ['b'] is given twice"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "line", "says"), CODES, ids=[row[3] for row in CODES])
def test_a_wrong_catalogue_is_named(
    city: Path, overlay: Path, name: str, text: str, line: int, says: str
) -> None:
    file = overlay / "codes" / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RuleFileError) as wrong:
        load_rules(city, overlay=overlay)
    assert (wrong.value.file, wrong.value.line) == (str(file), line), wrong.value
    assert says in wrong.value.problem


def test_an_overlay_must_be_there(city: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no directory"):
        load_rules(city, overlay=tmp_path / "none")


def test_a_homes_rules_are_used_when_they_are_there(city: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare(city, 2)
    assert home.settings("a:1", "postgresql://x").rules is None
    (home.root / "rules").mkdir()
    assert home.settings("a:1", "postgresql://x").rules == home.root / "rules"
    other = tmp_path / "other"
    with home.settings_file.open("a", encoding="utf-8") as file:
        file.write(f"rules: {other}\n")
    assert home.settings("a:1", "postgresql://x").rules == other
    assert home.rules_of_city() == other


def test_a_departments_own_limits_go_before_those_of_the_flow(city: Path) -> None:
    rules = load_rules(city)
    f21, f20 = rules.flows["F21"][0], rules.flows["F20"][0]
    assert str(rules.ladder(f21, "petition").signed) == "4 H"
    assert str(rules.ladder(f20, "petition").signed) == "3 WD"
    assert str(rules.ladder(f21, "petition").replied) == "20 D"
    for step in LIMITED:
        assert rules.ladder(f21, "court").limit(step) == f21.within.limit(step)
        if step not in ("signed", "replied"):
            assert rules.ladder(f21, "petition").limit(step) == f21.within.limit(step)


def test_all_problems_at_once(city: Path, overlay: Path) -> None:
    assert rule_problems(city) == []
    assert rule_problems(None, overlay) == []
    for name, old, new in (("F4", "version: 1", "version: x"), ("F5", "kinds: [transfer]", "kinds: []")):
        (overlay / "flows" / f"{name}.yaml").write_text(
            shipped(f"{name}.yaml").replace(old, new), encoding="utf-8"
        )
    city.write_text(CITY.replace("roles: [court]", "roles: []"), encoding="utf-8")
    assert [Path(problem.file).name for problem in rule_problems(city, overlay)] == [
        "F4.yaml",
        "F5.yaml",
        "city.yaml",
    ]
    for name, old, new in (
        ("F4", "lead: [procuratorate]", "lead: [prosecutors]"),
        ("F5", "{code: outline", "{code: sketch"),
    ):
        (overlay / "flows" / f"{name}.yaml").write_text(
            shipped(f"{name}.yaml").replace(old, new), encoding="utf-8"
        )
    city.write_text(CITY.replace("roles: [court]", "roles: [tribunal]"), encoding="utf-8")
    problems = rule_problems(city, overlay)
    said = [problem.problem for problem in problems]
    assert any("'prosecutors' is no role" in one for one in said)
    assert any("'sketch' is not in the catalogue" in one for one in said)
    assert any("'tribunal' is no role" in one for one in said)
    with pytest.raises(RuleFileError) as first:
        load_rules(city, overlay=overlay)
    assert str(first.value) == str(problems[0])
