"""`routing/urgency.yaml`: a wrong one is named by file and line."""

from pathlib import Path

import pytest

from hub.errors import RuleFileError
from hub.rules.catalogues import load_catalogues
from hub.rules.loader import HERE, rule_roots
from hub.rules.urgency_file import load_urgency

WRONG = [
    ("  low: {title: {zh: 低风险, en: low}}", "  tiny: {title: {zh: 低, en: low}}", "tiny:", "is no value of the fact"),
    ("risk: critical, tells", "risk: dire, tells", "red:", "'dire' is no risk; allowed"),
    ("public_security, conference]", "public_security, mayor]", "public_security, mayor]", "'mayor' is no role"),
    ("  green: {title: {zh: 绿色, en: green}}\n", "", "colours:", "colours: ['green'] is missing"),
    ("signed: 1 H, accepted: 4 H", "signed: soon, accepted: 4 H", "signed: soon", "write a number and one of"),
    ("owner: section}", "owner: boss}", "owner: boss", "'officer', 'section' or 'leader'"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words", "says"), WRONG)
def test_a_wrong_file_fails_with_file_line_and_what_is_wrong(
    tmp_path: Path, old: str, new: str, words: str, says: str
) -> None:
    file = tmp_path / "routing" / "urgency.yaml"
    file.parent.mkdir()
    text = (HERE / "routing" / "urgency.yaml").read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    roots = rule_roots(HERE, tmp_path)
    with pytest.raises(RuleFileError) as wrong:
        load_urgency(roots, load_catalogues(roots))
    assert says in wrong.value.problem
    assert wrong.value.file == str(file)
    assert words in file.read_text(encoding="utf-8").splitlines()[wrong.value.line - 1]
