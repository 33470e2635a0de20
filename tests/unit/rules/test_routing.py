"""Routing files: each row is proved by an example; a wrong one is named by file and line."""

import shutil
from pathlib import Path

import pytest

from hub.domain.routing import Routing
from hub.errors import RuleFileError
from hub.rules.catalogues import load_catalogues
from hub.rules.checking import rule_problems
from hub.rules.loader import HERE, load_rules, rule_roots
from hub.rules.routing_files import load_routing, place_problems
from tests.unit.domain.town import DIRECTORY, town_rules

FLOWS = set(town_rules().flows)

DUTY, LEVEL, ADMISSION = "duties/local", "levels/levels", "admission/community"
# The file, what is replaced by what, words on the line that the error names, what it must say.
WRONG = [
    (DUTY, '"0502", to: health}', '"0502", to: housing}', "to: housing}", "says housing, comes out as health: by rows."),
    (DUTY, '  - {matter: "0504", to: ecology}\n', "", 'matters: ["0504"]', "no example comes out by this row"),
    (DUTY, '{matter: "15", to: null}', '{matter: "15", to: court}', "to: court", "says court, comes out as None: no row fits"),
    (DUTY, 'matters: ["0504"]', 'matters: ["0504", "0503"]', '["0504", "0503"]', "fits the same matters as rows."),
    (DUTY, 'matters: ["0504"]', 'matters: ["05O4"]', "05O4", "'05O4' is not in the catalogue of matters"),
    (DUTY, "to: ecology, duty", "to: ecologists, duty", "to: ecologists", "'ecologists' is no role; allowed"),
    (DUTY, "to: ecology, duty:", "duty:", 'matters: ["0504"]', "name either a role or a department"),
    (DUTY, "to: ecology, duty:", "to: ecology, department: works, duty:", "department: works", "to: name either a role"),
    (DUTY, "to: ecology}", "to: nobody}", "to: nobody}", "says nobody, comes out as ecology"),
    (DUTY, "to: ecology, duty:", "department: nobody, duty:", "to: ecology}", "says ecology, comes out as nobody"),
    (DUTY, "helpers: [women],", "helpers: [womens],", "helpers: [womens]", "'womens' is no role"),
    (DUTY, "{cause: 离婚纠纷,", "{cause: 离婚,", "cause: 离婚,", "'离婚' is no 案由"),
    (DUTY, "flows: [F21,", "flows: [F99,", "flows: [F99", "'F99' is no flow; allowed"),
    (DUTY, "name: local", "name: duties", "name: duties", "does not match the file name local.yaml"),
    (DUTY, "law: ", "effective_to: 2020-01-01\nlaw: ", "effective_to", "2020-01-01 is before 2024-11-01"),
    (DUTY, "weights: [micro], to", "weights: [tiny], to", "weights: [tiny]", "rows.1.weights.0: Input should be"),
    (DUTY, "weights: [micro], to", "weights: [micro, micro], to", "[micro, micro]", "weights: ['micro'] is given twice"),
    (LEVEL, "settles: town", "settles: hamlet", "settles: hamlet", "settles"),
    (LEVEL, "major, to: town}", "major, to: village}", "major, to: village}", "says village, comes out as town"),
    (ADMISSION, '"0502", admitted: false', '"0502", admitted: true', '"0502", admitted: true', "says True, comes out as False"),
    (ADMISSION, "roles: [community]", "roles: [hamlet]", "roles: [hamlet]", "'hamlet' is no role"),
]  # fmt: skip


def loaded(overlay: Path) -> Routing:
    """The lists of the hub with those of a city over them; the other rules are not read."""
    roots = rule_roots(HERE, overlay)
    book = load_catalogues(roots)
    routing = load_routing(roots, book, FLOWS)
    for problem in place_problems(roots, set(town_rules().departments)):
        raise problem
    return routing


@pytest.mark.parametrize(("name", "old", "new", "words", "says"), WRONG)
def test_a_wrong_file_fails_with_file_line_and_what_is_wrong(
    tmp_path: Path, name: str, old: str, new: str, words: str, says: str
) -> None:
    shipped = HERE / "routing" / f"{name}.yaml"
    file = tmp_path / "routing" / f"{name}.yaml"
    file.parent.mkdir(parents=True)
    text = shipped.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleFileError) as wrong:
        loaded(tmp_path)
    assert says in wrong.value.problem
    assert wrong.value.file == str(file)
    line = file.read_text(encoding="utf-8").splitlines()[wrong.value.line - 1]
    assert words in line


def test_ours_are_right_and_change_the_digest(tmp_path: Path) -> None:
    own = tmp_path / "routing" / f"{DUTY}.yaml"
    own.parent.mkdir(parents=True)
    text = (HERE / "routing" / f"{DUTY}.yaml").read_text(encoding="utf-8")
    own.write_text(text.replace("环境污染投诉处理", "环境投诉"), encoding="utf-8")
    assert load_rules(DIRECTORY, overlay=tmp_path).digest != town_rules().digest
    own.write_text(text.replace("to: ecology}", "to: health}"), encoding="utf-8")
    assert rule_problems(DIRECTORY) == []
    (problem,) = rule_problems(DIRECTORY, tmp_path)
    assert "says health, comes out as ecology" in problem.problem


def test_a_further_version_begins_where_the_old_one_ends(tmp_path: Path) -> None:
    shipped, folder = HERE / "routing" / f"{DUTY}.yaml", tmp_path / "routing" / "duties"
    folder.mkdir(parents=True)
    text = shipped.read_text(encoding="utf-8")
    new = text.replace("effective_from: 2024-11-01", "effective_from: 2027-01-01")
    (folder / "local@2.yaml").write_text(new.replace("to: ecology", "to: health"), encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"'local' of local\.yaml is still in force") as wrong:
        loaded(tmp_path)
    assert wrong.value.file.endswith("local@2.yaml")
    (folder / "local.yaml").write_text(
        text.replace("law: ", "effective_to: 2026-12-31\nlaw: ", 1), encoding="utf-8"
    )
    assert len(loaded(tmp_path).duties) == 2


def test_a_list_of_its_own_may_name_one_department_and_must_not_cross_another(tmp_path: Path) -> None:
    folder = tmp_path / "routing" / "duties"
    folder.mkdir(parents=True)
    own = folder / "lake.yaml"
    own.write_text(
        "name: lake\ntitle: {zh: 湖区, en: The lake}\neffective_from: 2025-01-01\nlaw: 本市规定\n"
        'articles: ["1"]\nverified: true\nflows: [F24]\nrows:\n'
        '  - {matters: ["0904"], regions: ["990101001"], department: works, article: 第1条,\n'
        "     duty: {zh: 湖区, en: The lake}}\nexamples:\n"
        '  - {matter: "0904", region: "990101001001", to: works}\n',
        encoding="utf-8",
    )
    assert len(loaded(tmp_path).duties) == 2
    own.write_text(own.read_text(encoding="utf-8").replace("works", "nobody"), encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"department: 'nobody' is no department of this directory"):
        loaded(tmp_path)
    own.write_text(own.read_text(encoding="utf-8").replace('regions: ["990101001"], ', ""), encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"fits the same matters as rows\.\d+ of l"):
        loaded(tmp_path)


def test_no_department_may_be_called_route(tmp_path: Path) -> None:
    city = tmp_path / "city.yaml"
    shutil.copy(DIRECTORY, city)
    city.write_text(city.read_text(encoding="utf-8").replace("id: works,", "id: route,"), encoding="utf-8")
    with pytest.raises(RuleFileError, match="stands for the owner by the duty list"):
        load_rules(city)
