"""Who is told of time limits: the city's own file, and one that is wrong."""

from pathlib import Path

import pytest

from hub.domain.ladder import LIMITED
from hub.errors import RuleFileError
from hub.rules.loader import load_rules

CITY = Path("tests/support/city.yaml")
OWN = "warned: [owner, superior]\nbreached: [superior]\nannulled: [owner]\nmissed: {signed: [sender]}\n"


def test_every_rung_is_told_to_its_owner_or_sender() -> None:
    telling = load_rules(CITY).telling
    assert set(telling.missed) == {*LIMITED, "supervision_answered"}
    assert all({"owner", "sender"} & set(told) for told in telling.missed.values())


def test_a_city_says_who_is_told(tmp_path: Path) -> None:
    (tmp_path / "telling.yaml").write_text(OWN, encoding="utf-8")
    own = load_rules(CITY, overlay=tmp_path)
    assert own.telling.breached == ["superior"]
    assert own.telling.missed == {"signed": ["sender"]}
    assert own.digest != load_rules(CITY).digest


def test_a_wrong_file_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "telling.yaml").write_text(OWN.replace("[superior]", "[nobody]"), encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"telling\.yaml:2"):
        load_rules(CITY, overlay=tmp_path)
