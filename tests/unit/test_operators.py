"""Operators: who is registered orders what they may, for one case, while they may; everything else is named."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigurationError
from hub.operators import May, NotAuthorised, Operators, approved, new_operator, private_key

TYPE, CASE = "hub.hold_set.v1", "c1"
DATA: dict[str, Any] = {"operator": "wang_1", "hold": "one", "reason": "调查", "article": "第1条"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    new_operator("wang_1", [May.HOLD], tmp_path / "operators", tmp_path / "secrets")
    return tmp_path


def _now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


def test_an_order_is_its_operators(root: Path) -> None:
    operators, key = Operators(root / "operators"), private_key(root / "secrets" / "wang_1.pem")
    order = approved(key, TYPE, CASE, DATA)
    operators.check(TYPE, CASE, order, _now())
    for type_, case, data in (
        (TYPE, "c2", order),
        ("hub.hold_released.v1", CASE, order),
        (TYPE, CASE, order | {"hold": "two"}),
        (TYPE, CASE, order | {"more": 1}),
        (TYPE, CASE, order | {"approval": "no base64"}),
    ):
        with pytest.raises(NotAuthorised, match="does not verify"):
            operators.check(type_, case, data, _now())


def test_only_who_may_and_when_they_may(root: Path) -> None:
    operators, key = Operators(root / "operators"), private_key(root / "secrets" / "wang_1.pem")
    erases = approved(key, "hub.data_erased.v1", CASE, DATA)
    with pytest.raises(NotAuthorised, match="may not erase; may hold"):
        operators.check("hub.data_erased.v1", CASE, erases, _now())
    with pytest.raises(NotAuthorised, match="not valid at"):
        operators.check(TYPE, CASE, approved(key, TYPE, CASE, DATA), _now() - timedelta(days=1))
    with pytest.raises(NotAuthorised, match="'li_2' is not registered"):
        operators.check(TYPE, CASE, approved(key, TYPE, CASE, DATA | {"operator": "li_2"}), _now())


def test_one_who_is_registered_later_is_known_at_once(root: Path) -> None:
    operators = Operators(root / "operators")
    new_operator("li_2", [May.ERASE, May.SEAL], root / "operators", root / "secrets")
    assert operators.known("li_2").may == [May.ERASE, May.SEAL]
    assert [one.operator for one in operators.all()] == ["li_2", "wang_1"]


def test_what_is_wrong_is_named(root: Path) -> None:
    with pytest.raises(ConfigurationError, match="'wang_1' is registered already"):
        new_operator("wang_1", [May.SEAL], root / "operators", root / "secrets")
    with pytest.raises(ConfigurationError, match=r"operator '\.\./x'"):
        new_operator("../x", [May.SEAL], root / "operators", root / "secrets")
    with pytest.raises(ConfigurationError, match="none: "):
        private_key(root / "none")
    file = root / "operators" / "wang_1.yaml"
    file.rename(file.with_name("other.yaml"))
    with pytest.raises(ConfigurationError, match=r"other\.yaml: the file of 'wang_1' is named after it"):
        Operators(root / "operators")
