"""The drill as its user runs it, and its observer: whatever is wrong in the books is counted as what it is."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.demo.city import DEPARTMENTS
from deploy.drill.books import Books, Line
from deploy.drill.ground import load
from tests.support.children import python

SEED, MINUTES, RATE = 11, 0.4, 1.0
# One of each sort: a role, a server, the network, a connector.
FAULTS = "kill-intake,kill-kafka,reset-postgres,kill-connector-court"
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("FENGQIAO_")}
Row = re.compile(r"│ \S+ (\w+) +│ (\d+) +│ (\d+) +│ (\d+) +│ (\d+) +│ (\d+) +│")
# Only so that a test that hangs ends; no test asserts how long something takes.
PATIENCE = 300.0


@dataclass(frozen=True)
class Played:
    """How a drill ended. `left`: processes that still name its home."""

    code: int
    output: str
    home: Path
    left: list[str]


def command(home: Path, *more: str) -> list[str]:
    return [*python(), "-m", "hub.cli", "drill", "--home", str(home), "--seed", str(SEED), *more]


def processes_of(home: Path) -> list[str]:
    found = subprocess.run(["pgrep", "-af", str(home)], capture_output=True, text=True, check=False)
    return found.stdout.splitlines()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="fengqiao-drill-"))
    root.chmod(0o755)
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def drill(home: Path) -> Played:
    ended = subprocess.run(
        command(home, "--minutes", str(MINUTES), "--rate", str(RATE), "--faults", FAULTS, "--keep"),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    return Played(ended.returncode, ended.stdout + ended.stderr, home, processes_of(home))


@pytest.fixture
def books(drill: Played, tmp_path: Path) -> Books:
    """A copy of the drill's books, to be spoilt."""
    places = {name: tmp_path / name for name in DEPARTMENTS}
    for name, place in places.items():
        place.mkdir()
        for file in ("records.db", "connector.db"):
            with (
                closing(sqlite3.connect(drill.home / "drill" / "demo" / name / file)) as old,
                closing(sqlite3.connect(place / file)) as new,
            ):
                old.backup(new)
    return Books(SEED, load(SEED, RATE, MINUTES * 60), places)


def test_faults_are_caused_and_everything_is_kept(drill: Played) -> None:
    assert drill.code == 0, drill.output
    assert "✓" in drill.output
    assert f"seed {SEED}" in drill.output
    assert re.search(r"flows again after \d+\.\d s", drill.output)


def test_the_table_counts_each_department(drill: Played) -> None:
    found = {row[0]: tuple(map(int, row[1:])) for row in Row.findall(drill.output)}
    assert set(found) == {*DEPARTMENTS, "all"}
    for acknowledged, arrived, *wrong in found.values():
        assert acknowledged == arrived > 0
        assert wrong == [0, 0, 0]


def test_no_process_is_left_behind(drill: Played) -> None:
    assert drill.left == []


def court(books: Books) -> Line:
    return next(line for line in books.count().lines if line.department == "court")


def spoil(books: Books, file: str, *statements: str) -> None:
    with closing(sqlite3.connect(books.places["court"] / file)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0


A_NOTE = "(SELECT max(ordinal) FROM received WHERE kind = 'replied')"


def test_the_observer_sees_what_is_lost(books: Books) -> None:
    assert court(books).holds
    spoil(books, "records.db", f"DELETE FROM received WHERE ordinal = {A_NOTE}")
    assert court(books).found == court(books).acknowledged - 1
    assert books.count().problems


def test_the_observer_sees_what_is_doubled(books: Books) -> None:
    spoil(
        books,
        "records.db",
        "INSERT INTO received (delivery_id, number, kind, at, fields) SELECT 'again', number, kind, at, fields"
        f" FROM received WHERE ordinal = {A_NOTE}",
    )
    line = court(books)
    assert (line.doubled, line.found) == (1, line.acknowledged)


def test_the_observer_sees_what_nobody_did(books: Books) -> None:
    spoil(
        books,
        "records.db",
        "INSERT INTO received (delivery_id, number, kind, at, fields) SELECT 'invented', number, kind, at,"
        f" json_set(fields, '$.legal_at', '2001-01-01T00:00:00+08:00') FROM received WHERE ordinal = {A_NOTE}",
    )
    assert court(books).unexplained == 1


def test_the_observer_sees_another_order(books: Books) -> None:
    """The first two steps that another department took on one task change places."""
    first, second = (
        f"(SELECT min(ordinal) FROM received WHERE kind = '{kind}' AND json_extract(fields, '$.ext_task') ="
        " (SELECT json_extract(fields, '$.ext_task') FROM received WHERE kind = 'accepted' LIMIT 1))"
        for kind in ("signed", "accepted")
    )
    with closing(sqlite3.connect(books.places["court"] / "records.db")) as connection, connection:
        one, other = connection.execute(f"SELECT {first}, {second}").fetchone()
        for old, new in ((one, -1), (other, one), (-1, other)):
            connection.execute("UPDATE received SET ordinal = ? WHERE ordinal = ?", (new, old))
    assert court(books).disordered > 0


def test_the_observer_sees_what_kafka_never_acknowledged(books: Books) -> None:
    spoil(
        books,
        "connector.db",
        "UPDATE outbox SET state = 'new' WHERE position = (SELECT max(position) FROM outbox"
        " WHERE type = 'task.replied.v1')",
    )
    assert any("Kafka acknowledged" in problem for problem in books.count().problems)


def test_interrupted_in_the_middle_of_a_fault_it_takes_everything_along(home: Path) -> None:
    """A process that is stopped by SIGSTOP heeds no request to end."""
    other = home / "interrupted"
    output = home / "interrupted.txt"
    with output.open("w") as out:
        drill = subprocess.Popen(
            command(other, "--faults", "stop-intake,stop-hub", "--rate", "2"),
            env=ENVIRONMENT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    limit = time.monotonic() + PATIENCE
    while "SIGSTOP" not in output.read_text() and drill.poll() is None and time.monotonic() < limit:
        time.sleep(0.1)
    assert "SIGSTOP" in output.read_text()
    drill.send_signal(signal.SIGINT)
    assert drill.wait(PATIENCE) == 130
    assert processes_of(other) == []


@pytest.mark.parametrize(
    ("options", "said"), [(("--faults", "burn"), "kill-intake"), (("--cluster", "2"), "1 and 3")]
)
def test_a_wrong_option_names_what_is_allowed(home: Path, options: tuple[str, ...], said: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "hub.cli", "drill", "--home", str(home / "wrong"), *options],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert said in ended.stderr
    assert not (home / "wrong").exists()
