"""`duplicates.yaml`: a wrong one is named by file and line."""

from pathlib import Path

import pytest

from hub.errors import RuleFileError
from hub.rules.duplicate_file import load_duplicates
from hub.rules.loader import HERE

FLOWS = {"F17", "F18", "F19", "F20", "F21", "F22", "F23", "F24", "LAM", "LLA"}
WRONG = [
    ("person: [id_number], matter: kind", "person: [id_number]", "number_and_kind", "people alone are not enough"),
    ("person: [id_number], matter: kind", "person: [], matter: kind", "number_and_kind", "at least 1"),
    ("person: [id_number], matter", "person: [face], matter", "number_and_kind", "'id_number', 'phone' or 'credit_code'"),
    ("code: number_and_town", "code: number_and_kind", "combinations:", "['number_and_kind'] is given twice"),
    ("place: 9, days: 365", "place: 10, days: 365", "number_and_town", "6, 9 or 12"),
    ("[name, phone], matter", "[name, name], matter", "phone_and_kind", "['name'] is given twice"),
    ("flows: [F17,", "flows: [F99,", "flows: [F99", "'F99' is no flow; allowed"),
    ("common: 200", "common: 1", "common: 1", "greater than or equal to 2"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words", "says"), WRONG)
def test_a_wrong_file_fails_with_file_line_and_what_is_wrong(
    tmp_path: Path, old: str, new: str, words: str, says: str
) -> None:
    file = tmp_path / "duplicates.yaml"
    text = (HERE / "duplicates.yaml").read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleFileError) as wrong:
        load_duplicates((HERE, tmp_path), FLOWS)
    assert says in wrong.value.problem
    assert wrong.value.file == str(file)
    assert words in file.read_text(encoding="utf-8").splitlines()[wrong.value.line - 1]
