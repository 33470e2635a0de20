"""`python -m hub.generate`: what is committed is what the code makes, and the command says so when not."""

from pathlib import Path

import pytest

from hub.errors import PARKINGS, REFUSALS
from hub.generate import GENERATED, ROOT, differences, expected, main, write
from schemas.messages import KINDS


def test_what_is_committed_is_what_the_code_makes() -> None:
    assert differences(ROOT) == {}
    assert main(["--check"]) == 0


def test_the_check_names_missing_changed_and_stale_files_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    capsys.readouterr()
    (tmp_path / "docs/reference/messages.md").unlink()
    (tmp_path / "docs/reference/refusals.md").write_text("x", "utf-8")
    (tmp_path / "schemas/published/json-schema/old.json").write_text("{}", "utf-8")
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs/reference/messages.md: missing",
        "docs/reference/refusals.md: differs",
        "schemas/published/json-schema/old.json: stale",
        "run `python -m hub.generate`",
    ]
    assert not (tmp_path / "docs/reference/messages.md").exists()
    assert main([], tmp_path) == 0
    assert differences(tmp_path) == {}
    assert write(tmp_path) == {}


def test_a_file_is_added_by_one_line(tmp_path: Path) -> None:
    generated = [*GENERATED, ("docs/reference/words.md", lambda: "# Words\n")]
    assert write(tmp_path, generated)["docs/reference/words.md"] == "missing"
    assert (tmp_path / "docs/reference/words.md").read_text("utf-8") == "# Words\n"


def test_the_reference_names_every_type_refusal_and_parking() -> None:
    files = expected()
    for page in ("docs/reference/messages.md", "docs/reference/messages.zh-CN.md"):
        assert [kind.type for kind in KINDS if f"## `{kind.type}` {kind.title_zh}\n" not in files[page]] == []
    rows = files["docs/reference/refusals.md"]
    for name, (zh, en) in [*REFUSALS.items(), *PARKINGS.items()]:
        assert f"| `{name.value}` | {zh} | {en} |" in rows
