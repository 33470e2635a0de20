"""Key-encryption keys in a file: added, taken up by who runs, destroyed; what one wrapped opens no more without it."""

import stat
from pathlib import Path

import pytest
import yaml

from hub.errors import ConfigurationError
from hub.store import kek
from hub.store.crypto import SealBroken
from hub.store.kek import FileKeys
from hub.store.sealing import Sealer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets" / "kek"
    kek.create(path)
    return path


def test_a_new_key_wraps_and_the_old_one_opens(file: Path) -> None:
    before = Sealer.from_file(file)
    _, old = before.new_key("c1")
    assert kek.add(file) == "kek-2"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    after = Sealer.from_file(file)
    _, new = after.new_key("c1")
    assert (kek.id_of(old), kek.id_of(new)) == ("kek-1", "kek-2")
    assert after.unwrap("c1", old).to_bytes() == before.unwrap("c1", old).to_bytes()
    # One that runs with the file as it was takes the new key up when it meets it.
    assert before.unwrap("c1", new).to_bytes() == after.unwrap("c1", new).to_bytes()


def test_what_must_stay_stays(file: Path) -> None:
    before = Sealer.from_file(file)
    kek.add(file)
    kek.destroy(file, "kek-1")
    after = Sealer.from_file(file)
    assert after.position_mac(b"x") == before.position_mac(b"x")
    assert after.person_token("name", "x") == before.person_token("name", "x")


def test_a_destroyed_key_opens_nothing(file: Path) -> None:
    raw = FileKeys.from_file(file).data.keys[0].key
    _, old = Sealer.from_file(file).new_key("c1")
    kek.add(file)
    kek.destroy(file, "kek-1")
    assert raw not in file.read_text()
    with pytest.raises(SealBroken, match="'kek-1', which is not here"):
        Sealer.from_file(file).unwrap("c1", old)


def test_a_hub_of_the_first_days_can_change_its_key(tmp_path: Path) -> None:
    file = tmp_path / "kek"
    file.write_bytes(bytes(range(32)))
    before = Sealer.from_file(file)
    _, old = before.new_key("c1")
    kek.add(file)
    after = Sealer.from_file(file)
    after.unwrap("c1", old)
    assert after.position_mac(b"x") == before.position_mac(b"x")


def test_what_is_wrong_is_named_and_no_key_is(file: Path) -> None:
    for name, problem in (("kek-9", "allowed are kek-1"), ("kek-1", "is in use")):
        with pytest.raises(ConfigurationError, match=problem):
            kek.destroy(file, name)
    good = yaml.safe_load(file.read_text())
    for change, place in (
        ({"keys": []}, "keys"),
        ({"keys": [{**good["keys"][0], "id": "KEK 1"}]}, "keys.0.id"),
        ({"keys": [{**good["keys"][0], "key": "c2hvcnQ="}]}, "keys.0.key"),
        ({"keys": good["keys"] * 2}, "keys"),
        ({"position": "?"}, "position"),
        ({"more": 1}, "more"),
    ):
        file.write_text("#\n" + yaml.safe_dump(good | change))
        with pytest.raises(ConfigurationError) as wrong:
            FileKeys.from_file(file)
        assert f"{file}: {place}" in str(wrong.value)
        assert good["keys"][0]["key"] not in str(wrong.value)
    file.write_text("#\n{")
    with pytest.raises(ConfigurationError, match="no valid YAML"):
        FileKeys.from_file(file)


def test_wrapped_bytes_of_another_form_are_refused(file: Path) -> None:
    sealer = Sealer.from_file(file)
    _, wrapped = sealer.new_key("c1")
    for wrong in (b"", b"\x01", b"\x09" + wrapped[1:], wrapped[:6], wrapped[:-1]):
        with pytest.raises(SealBroken):
            sealer.unwrap("c1", wrong)
