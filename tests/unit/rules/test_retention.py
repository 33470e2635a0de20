"""Terms of retention: by class and flow, the longest decides; what the law keeps at least can't be set lower."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.domain.retention import KeptClass
from hub.errors import RuleFileError
from hub.rules.retention_files import HERE, load_retention

FLOWS = {f"F{n}" for n in range(1, 29)}
PERSONS, TEXT = KeptClass.PERSONS, KeptClass.TEXT


def written(root: Path, **change: Any) -> Path:
    data = yaml.safe_load((HERE / "retention.yaml").read_text())
    (root / "retention.yaml").write_text(yaml.safe_dump(data | change, allow_unicode=True))
    return root


def term(
    name: str, flows: list[str], keep: Any, classes: tuple[str, ...] = ("persons", "text")
) -> dict[str, Any]:
    words = {"zh": name, "en": name}
    return {
        "id": name,
        "classes": list(classes),
        "flows": flows,
        "keep": keep,
        "article": "第1条",
        "title": words,
    }


def test_the_longest_term_of_a_case_decides(tmp_path: Path) -> None:
    terms = [
        term("short", ["*"], {"years": 2}),
        term("long", ["F20"], {"years": 10}),
        term("ever", ["F1"], "permanent"),
    ]
    retention = load_retention(FLOWS, [written(tmp_path, terms=terms)])
    ended = date(2024, 2, 29)
    names = [
        [t.id for t in retention.due(PERSONS, ["F9"], ended, day)]
        for day in (date(2026, 2, 28), date(2026, 3, 1))
    ]
    assert names == [[], ["short"]]
    assert retention.due(TEXT, ["F9", "F20"], ended, date(2033, 12, 31)) == []
    both = retention.due(TEXT, ["F9", "F20"], ended, date(2034, 3, 1))
    assert [t.id for t in both] == ["long", "short"]
    assert retention.due(TEXT, ["F9", "F1"], ended, date(2200, 1, 1)) == []


def test_classes_end_apart(tmp_path: Path) -> None:
    terms = [term("names", ["*"], {"years": 1}, ("persons",)), term("words", ["*"], {"years": 5}, ("text",))]
    retention = load_retention(FLOWS, [written(tmp_path, terms=terms)])
    on = date(2022, 1, 1)
    assert retention.due(PERSONS, ["F9"], date(2020, 1, 1), on)
    assert not retention.due(TEXT, ["F9"], date(2020, 1, 1), on)


def test_what_ships_loads_and_never_ends_early() -> None:
    retention = load_retention(FLOWS)
    assert retention.due(PERSONS, ["F1"], date(1900, 1, 1), date(2199, 1, 1)) == []
    assert retention.due(PERSONS, ["F21"], date(2020, 1, 1), date(2049, 12, 31)) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"kept": [{"what": "logs", "months": 5}, {"what": "provision_records", "months": 36}]},
            "logs: 5 months, at least 6",
        ),
        ({"kept": [{"what": "logs", "months": 6}]}, "provision_records: 0 months, at least 36"),
        (
            {"terms": [term("a", ["*"], {"years": 1}), term("b", ["*"], {"years": 2})]},
            "has a term for persons already: a",
        ),
        ({"terms": [term("a", ["F1"], {"years": 1})]}, "no term of class persons is for"),
        ({"terms": [term("a", ["*", "F99"], {"years": 1})]}, "terms.0.flows.1: 'F99' is no flow"),
        ({"terms": [term("a", ["*"], {"years": 0})]}, "terms.0.keep"),
        ({"terms": [term("a", ["*"], "for ever")]}, "terms.0.keep"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(RuleFileError) as wrong:
        load_retention(FLOWS, [written(tmp_path, **change)])
    assert problem in str(wrong.value)
    assert f"{tmp_path / 'retention.yaml'}:" in str(wrong.value)
