"""`fengqiao flows …` as a person calls it."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from hub.cli import app
from hub.home import Home
from hub.reference.flows import the_flows
from hub.rules.loader import HERE

CITY = Path(__file__).parents[1] / "domain" / "departments.yaml"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that was never made: the flows are those of the hub alone."""
    return tmp_path / "home"


def flows(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["flows", *arguments, "--home", str(home)])


def own_flow(rules: Path, old: str, new: str) -> Path:
    """F20 as a city's own, changed."""
    (rules / "flows").mkdir(parents=True)
    file = rules / "flows" / "F20.yaml"
    text = (HERE / "flows" / "F20.yaml").read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_check_finds_nothing_wrong_with_ours(home: Path) -> None:
    done = flows(home, "check", "--city", str(CITY))
    assert done.exit_code == 0
    assert f"{len(the_flows())} versions: nothing is wrong" in done.stdout
    assert "nobody here" not in done.stdout
    unread = [flow.flow for flow in the_flows() if not flow.verified]
    assert f"\nnot verified: {', '.join(unread)}\n" in "\n" + done.stdout


def test_check_names_flows_that_nobody_here_can_use(home: Path, tmp_path: Path) -> None:
    city = tmp_path / "city.yaml"
    fewer = [line for line in CITY.read_text(encoding="utf-8").splitlines() if "legal_aid" not in line]
    city.write_text("\n".join(fewer).replace("roles: [justice]", "roles: [department]"), encoding="utf-8")
    done = flows(home, "check", "--city", str(city))
    assert done.exit_code == 0
    assert "F27 法律援助通知辩护: nobody here is lead: legal_aid / justice" in done.stdout


def test_check_names_all_that_is_wrong_and_fails(home: Path, tmp_path: Path) -> None:
    file = own_flow(tmp_path / "own", "limits: {returns: 3", "limits: {returns: 0")
    done = flows(home, "check", "--rules", str(tmp_path / "own"))
    assert done.exit_code == 1
    assert f"{file}:" in done.stdout
    assert "limits.returns: Input should be greater than or equal to 1" in done.stdout


def test_a_homes_own_flows_are_shown(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare(CITY, 2)
    own_flow(home.root / "rules", "zh: 访调对接", "zh: 访调对接（本市）")
    shown = flows(home.root, "show", "F20")
    assert shown.stdout.startswith("F20 访调对接（本市）")
    assert "本市 可主办: justice 甲市司法局" in shown.stdout
    assert "访调对接（本市）" in flows(home.root, "diagram", "F20").stdout


def test_show_is_in_the_language_asked_for(home: Path) -> None:
    chinese, english = flows(home, "show", "F21").stdout, flows(home, "show", "F21", "--lang", "en").stdout
    (flow,) = (flow for flow in the_flows() if flow.flow == "F21")
    for outcome in flow.outcomes:
        assert f"{outcome.code} {outcome.title}" in chinese
        assert f"{outcome.code} {outcome.en}" in english
    assert "退回理由" in chinese
    assert "退回理由" not in english
    assert json.loads(flows(home, "show", "F21", "--json").stdout) == flow.model_dump(
        mode="json", by_alias=True
    )


def test_show_without_a_flow_lists_all(home: Path) -> None:
    shown = flows(home, "show", "--lang", "en").stdout
    assert [code for code in {flow.flow for flow in the_flows()} if f" {code} " not in shown] == []


def test_diagrams_are_text_or_a_picture(home: Path) -> None:
    assert flows(home, "diagram", "F17").stdout.startswith("stateDiagram-v2\n")
    assert ElementTree.fromstring(flows(home, "diagram", "F17", "--format", "svg").stdout).tag.endswith("svg")
    assert "  F17 -->" in flows(home, "diagram").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "F99"), "flow 'F99': allowed are F1, F2,"),
        (("diagram", "F99"), "flow 'F99': allowed are F1, F2,"),
        (("diagram", "--format", "svg"), "format svg: the map of all flows is drawn as mermaid"),
        (("show", "--rules", "/nowhere"), "rules /nowhere: is no directory"),
    ],
)
def test_a_mistake_is_one_line(home: Path, arguments: tuple[str, ...], says: str) -> None:
    done = flows(home, *arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
