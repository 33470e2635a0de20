"""`fengqiao routing …` as a person calls it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli import app
from hub.rules.loader import HERE
from tests.unit.domain.town import DIRECTORY


def routing(tmp_path: Path, *arguments: str, city: Path | None = DIRECTORY) -> Result:
    named = [] if city is None else ["--city", str(city)]
    return CliRunner().invoke(app, ["routing", *arguments, "--home", str(tmp_path / "home"), *named])


def test_check_finds_nothing_wrong_and_says_what_nobody_here_is(tmp_path: Path) -> None:
    done = routing(tmp_path, "check")
    assert done.exit_code == 0
    assert "3 lists, " in done.stdout
    assert "examples: nothing is wrong" in done.stdout
    assert "local: nobody here is water and may lead one of F21, F23, F24" in done.stdout
    assert "health of" not in done.stdout


def test_check_names_two_owners_of_one_place(tmp_path: Path) -> None:
    city = tmp_path / "city.yaml"
    text = DIRECTORY.read_text(encoding="utf-8")
    city.write_text(
        text.replace("roles: [housing, department]", "roles: [health, department]"), encoding="utf-8"
    )
    done = routing(tmp_path, "check", city=city)
    assert (
        "local: health of 990101 is each of county_health, housing: name one by `department`" in done.stdout
    )


def test_check_fails_on_an_example_that_comes_out_otherwise(tmp_path: Path) -> None:
    own = tmp_path / "rules" / "routing" / "levels" / "levels.yaml"
    own.parent.mkdir(parents=True)
    text = (HERE / "routing" / "levels" / "levels.yaml").read_text(encoding="utf-8")
    own.write_text(text.replace("{weight: major, to: town}", "{weight: major, to: city}"), encoding="utf-8")
    done = routing(tmp_path, "check", "--rules", str(tmp_path / "rules"))
    assert done.exit_code == 1
    assert f"{own}:" in done.stdout
    assert "says city, comes out as town" in done.stdout


def test_find_says_who_by_which_row_and_on_which_level(tmp_path: Path) -> None:
    said = ("--matter", "0502", "--track", "complex", "--weight", "major", "--region", "990101001001")
    done = routing(tmp_path, "find", *said, "--lang", "en")
    assert done.exit_code == 0
    assert "lead: county_health Health of County A" in done.stdout
    assert "helpers: justice Justice of County A, mediation Mediation of County A" in done.stdout
    assert "settled at: county" in done.stdout
    data = json.loads(routing(tmp_path, "find", *said, "--json").stdout)
    assert (data["lead"], data["helpers"], data["list"]) == (
        "county_health",
        ["justice", "mediation"],
        "local",
    )
    assert data["article"] == "医疗纠纷预防和处理条例 7"


def test_find_without_an_owner_says_what_would_fit_and_fails(tmp_path: Path) -> None:
    done = routing(tmp_path, "find", "--matter", "15")
    assert done.exit_code == 1
    assert "无归口单位" in done.stdout
    assert "可改为: weights: private, micro, minor, major" in done.stdout
    data = json.loads(routing(tmp_path, "find", "--cause", "离婚纠纷", "--flow", "LSC", "--json").stdout)
    assert (data["lead"], data["would"]) == (None, ["F21", "F23", "F24"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--matter", "05O2"), "matter '05O2': is not in the catalogue"),
        (("--cause", "离婚"), "cause '离婚': allowed are"),
        (("--level", "hamlet"), "level 'hamlet': allowed are village, town"),
        (("--flow", "F99"), "flow 'F99': is not in force"),
    ],
)
def test_what_is_asked_wrongly_is_named(tmp_path: Path, arguments: tuple[str, str], says: str) -> None:
    done = routing(tmp_path, "find", *arguments)
    assert done.exit_code != 0
    assert says in done.output


def test_find_needs_a_city_and_show_does_not(tmp_path: Path) -> None:
    assert "city: none is known" in routing(tmp_path, "find", "--matter", "0502", city=None).output
    done = routing(tmp_path, "show", "levels", "--lang", "en", city=None)
    assert done.exit_code == 0
    assert "village" in done.stdout
    assert "分级不出" not in done.stdout
    assert "allowed are local, levels, community" in routing(tmp_path, "show", "lists").output
