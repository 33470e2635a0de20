"""The loader of profiles: each problem with its file, line, field and what is allowed."""

from pathlib import Path

import pytest

import connectors.profiles
from connectors.errors import ConfigurationError
from connectors.profiles.engine import build
from connectors.profiles.profile import ProfileError, load_profile
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import Kit

PROFILES = sorted(Path(connectors.profiles.__file__).parent.glob("*.yaml"))
JUSTICE = Path(connectors.profiles.__file__).with_name("justice.yaml")


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_the_profiles_that_we_ship_are_right(path: Path) -> None:
    assert load_profile(path).department == path.stem


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("transport: rest", "transport: soap", "transport: Input should be 'rest'"),
        ("transport: rest", "transport: rest\nspeed: 3", "speed: Extra inputs are not permitted"),
        ("as: slash_day},", "as: eval},", "as 'eval' must be one of"),
        ("  task.signed.v1: {}", "  task.sung.v1: {}", "task.sung.v1: must be one of"),
        ("    title: detail.subject\n", "    titel: detail.subject\n", "titel: must be one of"),
        ("codes: handling}\n    priority", "codes: handlings}\n    priority", "'handlings' must be one of"),
        ("each: participant}\n    papers", "each: person}\n    papers", "'person' must be one of"),
        (
            "{DISPATCHED: referral.raised.v1",
            "{DISPATCHED: task.assigned.v1",
            "'task.assigned.v1' must be one",
        ),
        ('"2": complex', '"2": ordinary', "stand for more than one code"),
        ("    title: detail.subject\n", "    title: {template: '{number.real}'}\n", "may hold {name} of"),
        ("    title: detail.subject\n", "    title: {as: text}\n", "at must be given"),
        ("  local_id: eventId", "  local_id: [eventId", "no YAML"),
    ],
)
def test_a_wrong_profile_names_file_and_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = JUSTICE.read_text("utf-8")
    before, found, _ = text.partition(old)
    assert found
    path = tmp_path / "wrong.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{path}:{caught.value.line}: ")
    first = before.count("\n") + 1
    assert first <= caught.value.line <= first + new.count("\n") + 2


def test_no_yaml_tag_runs_code(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text(f"department: !!python/object/apply:pathlib.Path.touch ['{tmp_path}/touched']\n", "utf-8")
    with pytest.raises(ProfileError, match=r"evil\.yaml:1"):
        load_profile(path)
    assert not (tmp_path / "touched").exists()


def test_a_profile_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.yaml"):
        load_profile(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("department", "settings", "problem"),
    [
        ("court", {"base_url": "http://127.0.0.1:1"}, "is for 'justice', not for 'court'"),
        ("justice", {"base_url": "ftp://127.0.0.1"}, "base_url: 'ftp://127.0.0.1'"),
        ("justice", {"base_url": "http://127.0.0.1:1", "speed": 3}, "speed"),
    ],
)
def test_wrong_settings_are_named(
    tmp_path: Path, department: str, settings: dict[str, object], problem: str
) -> None:
    kit = Kit(department, MemoryLinks(), DirectoryAttachments(tmp_path), settings)
    with pytest.raises(ConfigurationError, match=problem):
        build(kit, JUSTICE)
