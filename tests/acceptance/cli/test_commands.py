"""Every command, and what it says when something is wrong: one line that names it, and exit code 2."""

import os
import signal
from pathlib import Path

import pytest

from tests.acceptance.cli.command import LOOK, Hub, Said


def assert_one_line(said: Said, *parts: str) -> None:
    assert said.code == 2, said
    assert said.error.startswith("fengqiao: ")
    assert len(said.error.splitlines()) == 1, said.error
    for part in parts:
        assert part in said.error


def test_up_again_leaves_everything_as_it_is(hub: Hub) -> None:
    before, pids = hub.addresses, (hub.pid("kafka"), hub.pid("postgres"))
    again = hub("up")
    assert again.code == 0
    assert before["kafka"] in again.out
    assert (hub.addresses, hub.pid("kafka"), hub.pid("postgres")) == (before, *pids)


def test_no_password_is_shown(hub: Hub) -> None:
    password = (hub.home / "postgres.password").read_text()
    for said in (hub("up"), hub("status"), hub("run", "all", env={"FENGQIAO_SHARDS": "x"})):
        assert password not in said.out + said.error


def test_up_starts_the_one_that_died(hub: Hub) -> None:
    kafka, postgres = hub.pid("kafka"), hub.pid("postgres")
    os.kill(postgres, signal.SIGKILL)
    assert hub("status").code == 1
    assert hub("up").code == 0
    assert hub.pid("kafka") == kafka
    assert hub.pid("postgres") != postgres
    assert hub("status").code == 0


def test_topics_and_schema_are_there_already(hub: Hub) -> None:
    topics = hub("topics", "apply")
    assert topics.code == 0
    assert "dept.court.out" in topics.out
    assert "made" not in topics.out
    assert hub("db", "upgrade").code == 0


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["up", "--shards", "4"], ["shards 4", "hub.yaml says 3"]),
        (["up", "--city", "other.yaml"], ["city other.yaml", "departments.yaml"]),
        (["run", "nonsense"], ["nonsense", "intake, relay, projector, indexer, timekeeper"]),
        (["run", "all", "intake"], ["all", "intake, relay, projector, indexer, timekeeper"]),
        (["run", "connector", "nobody"], ["'nobody'", "nobody.yaml", "connect-a-system"]),
        (["case", "show", "无此案", *LOOK], ["'无此案'", "allowed"]),
        (["case", "show", "无此案"], ["operator_missing", "--operator"]),
        (["case", "show", "无此案", *LOOK[:2]], ["purpose_missing", "--purpose"]),
        (["keys", "new", "nobody", "nobody-1"], ["'nobody'", "court"]),
        (["keys", "new", "court", "../x"], ["'../x'", "allowed"]),
        (["keys", "new", "court", "court-1"], ["court/court-1", "exists already"]),
        (["positions", "set", "dept.x.out", "0", "0", "--reason", "r"], ["'dept.x.out'", "dept.court.out"]),
        (["positions", "set", "dept.court.out", "3", "0", "--reason", "r"], ["partition 3", "0 to 2"]),
        (["positions", "set", "dept.court.out", "0", "0", "--reason", " "], ["reason"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_word_is_named_with_what_is_allowed(hub: Hub, words: list[str], parts: list[str]) -> None:
    assert_one_line(hub(*words), *parts)


@pytest.mark.parametrize(
    ("env", "parts"),
    [
        ({"FENGQIAO_SHARDS": "many"}, ["shards", "'many'"]),
        ({"FENGQIAO_METRICS_PORT": "70000"}, ["metrics_port", "'70000'", "65535"]),
        ({"FENGQIAO_LOG": "loud"}, ["FENGQIAO_LOG='loud'", "INFO"]),
        ({"FENGQIAO_KAFKA": "127.0.0.1:1"}, ["Kafka at 127.0.0.1:1", "fengqiao status"]),
        ({"FENGQIAO_DATABASE": "mysql://x"}, ["'mysql'", "postgresql://"]),
        (
            {"FENGQIAO_DATABASE": "postgresql://u@127.0.0.1:1/x"},
            ["PostgreSQL does not answer", "fengqiao up"],
        ),
    ],
    ids=str,
)
def test_a_wrong_variable_is_named(hub: Hub, env: dict[str, str], parts: list[str]) -> None:
    words = ["topics", "apply"] if "FENGQIAO_KAFKA" in env else ["run", "timekeeper", "--metrics-port", "0"]
    if "FENGQIAO_METRICS_PORT" in env:
        words = words[:2]
    assert_one_line(hub(*words, env=env), *parts)


def test_a_login_that_fails_is_no_defect(hub: Hub) -> None:
    wrong = hub.addresses["database"].replace("://fengqiao:", "://fengqiao:x")
    for words in (
        ["db", "upgrade"],
        ["case", "show", "X", *LOOK],
        ["run", "timekeeper", "--metrics-port", "0"],
    ):
        assert_one_line(
            hub(*words, env={"FENGQIAO_DATABASE": wrong}), "database", "password", "FENGQIAO_DATABASE"
        )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: [", "hub.yaml:1"),
        ("- a", "name: value"),
        ("", "name: value"),
        ("citty: x", "citty: no such setting"),
    ],
)
def test_a_broken_settings_file_is_named(hub: Hub, text: str, part: str) -> None:
    file = hub.home / "hub.yaml"
    whole = file.read_text()
    file.write_text(text)
    try:
        assert_one_line(hub("db", "upgrade"), part)
    finally:
        file.write_text(whole)


def test_a_key_is_made_once_and_only_its_owner_may_read_it(hub: Hub) -> None:
    assert hub("keys", "new", "court", "court-2").code == 0
    assert_one_line(hub("keys", "new", "court", "court-2"), "court/court-2 exists already")
    assert (hub.home / "secrets" / "court.court-2.pem").stat().st_mode & 0o077 == 0
    assert "PRIVATE" not in (hub.home / "keys" / "court.court-2.yaml").read_text()


def test_positions_are_set_with_the_old_one_shown(hub: Hub) -> None:
    words = ["positions", "set", "hub.desk.out", "0", "0", "--reason", "试验"]
    assert "none → 0" in hub(*words).out
    assert "0 → 0" in hub(*words).out


def test_named_servers_are_neither_started_nor_stopped(hub: Hub) -> None:
    env = {f"FENGQIAO_{name.upper()}": address for name, address in hub.addresses.items()}
    pids = (hub.pid("kafka"), hub.pid("postgres"))
    other = ["--home", "other"]
    assert_one_line(hub("up", *other, "--shards", "4", env=env), "3 shards", "4")
    assert hub("up", *other, "--shards", "3", env=env).code == 0
    assert not (hub.work / "other" / "kafka").exists()
    assert not (hub.work / "other" / "postgres").exists()
    assert "external" in hub("status", *other, env=env).out
    assert hub("down", *other, "--purge", env=env).code == 0
    assert not (hub.work / "other").exists()
    assert (hub.pid("kafka"), hub.pid("postgres")) == pids
    assert hub("status").code == 0


def test_before_up_every_command_says_what_to_do(hub: Hub) -> None:
    for words in (["run", "all"], ["topics", "apply"], ["db", "upgrade"], ["case", "show", "X", *LOOK]):
        assert_one_line(hub(*words, "--home", "fresh"), "fengqiao up", "FENGQIAO_KAFKA")
    assert hub("status", "--home", "fresh").code == 1
    assert hub("down", "--home", "fresh").code == 0
    assert not (hub.work / "fresh").exists()


def test_a_home_that_cannot_be_is_named(hub: Hub) -> None:
    (hub.work / "file").write_text("")
    assert_one_line(hub("up", "--home", "file/home"), "file/home", "can't be made")


def test_a_city_that_is_wrong_starts_nothing(hub: Hub) -> None:
    (hub.work / "bad.yaml").write_text("departments: [")
    assert_one_line(hub("up", "--home", "bad", "--city", "bad.yaml"), "bad.yaml:")
    assert not (hub.work / "bad").exists()


def test_purge_takes_nothing_that_is_not_ours(hub: Hub) -> None:
    theirs = [hub.work / "theirs" / name / "file" for name in ("keys", "log", "connectors")]
    for file in theirs:
        file.parent.mkdir(parents=True)
        file.write_text("theirs")
    assert hub("down", "--purge", "--home", "theirs").code == 0
    assert all(file.read_text() == "theirs" for file in theirs)


def test_down_twice_then_up_keeps_data_and_purge_leaves_nothing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    hub = Hub(Path(tmp_path_factory.mktemp("purge")))
    try:
        assert hub("up", "--shards", "1").code == 0
        first = hub.addresses
        assert "stopped kafka, postgres" in hub("down").out
        assert hub("down").code == 0
        assert hub("up").code == 0
        assert hub.addresses == first
    finally:
        hub("down", "--purge")
    assert list(hub.work.iterdir()) == []
