"""The lock is the only judge of a jar."""

import shutil
from pathlib import Path

import pytest

from hub.embedded.jars import KAFKA_VERSION, classpath, read_lock, store_directory
from hub.embedded.trouble import JarMismatch, JarMissing
from hub.errors import EmbeddedServerError


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A private copy of all locked jars."""
    classpath()
    return Path(shutil.copytree(store_directory(), tmp_path / "jars"))


def test_all_kafka_jars_are_of_one_version() -> None:
    assert {jar.version for jar in read_lock() if jar.group == "org.apache.kafka"} == {KAFKA_VERSION}


def test_a_complete_store_needs_no_network(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGQIAO_MAVEN", "http://127.0.0.1:1")
    assert {path.name for path in classpath(store)} == {jar.filename for jar in read_lock()}


def test_a_changed_jar_is_refused_by_name_and_hashes(store: Path) -> None:
    jar = next(jar for jar in read_lock() if jar.artifact == "kafka-clients")
    with (store / jar.filename).open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(JarMismatch, match=jar.coordinate) as caught:
        classpath(store)
    assert caught.value.expected == jar.sha256
    assert caught.value.found != jar.sha256
    assert caught.value.found in str(caught.value)


def test_a_jar_of_the_local_maven_repository_is_checked_before_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = read_lock()[0]
    planted = tmp_path / "m2" / jar.group.replace(".", "/") / jar.artifact / jar.version / jar.filename
    planted.parent.mkdir(parents=True)
    planted.write_bytes(b"not a jar")
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    store = tmp_path / "jars"
    with pytest.raises(JarMismatch, match=str(planted)):
        classpath(store)
    assert list(store.iterdir()) == []


def test_a_missing_jar_without_network_names_the_jar_and_the_way_out(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = read_lock()[0]
    (store / jar.filename).unlink()
    monkeypatch.setenv("M2_REPO", str(tmp_path / "empty"))
    monkeypatch.setenv("FENGQIAO_MAVEN", "http://127.0.0.1:1")
    with pytest.raises(JarMissing, match=f"{jar.coordinate}.*FENGQIAO_JARS"):
        classpath(store)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("org.apache.kafka:kafka_2.13 abc\n", "expected `group:artifact:version sha256`"),
        (f"org.apache.kafka:kafka-clients:3.9.1 {'0' * 64}\n", "found .'3.9.1'."),
    ],
)
def test_a_wrong_lock_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    lock = tmp_path / "jars.lock"
    lock.write_text(content)
    with pytest.raises(EmbeddedServerError, match=complaint):
        read_lock(lock)
