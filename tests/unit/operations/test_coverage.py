"""Rows of what cities ask for: their file, the results of tests, and what a run of pytest leaves."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.errors import ConfigurationError
from hub.operations.coverage import Results, Status, TestResult, row_results, write_results
from hub.reference.coverage_rows import load_rows, named_rows
from tests.support.children import python

BOTH = ("Kafka", "PostgreSQL")
ROOT = Path(__file__).parents[3]


def test_every_row_is_there_once_with_its_kind_in_both_languages() -> None:
    rows = load_rows()
    assert list(rows) == [*(f"N{n}" for n in range(1, 118)), *(f"H{n}" for n in range(1, 48))]
    assert {row.kind for row in rows.values()} == {"C", "E", "S", "X"}
    assert all(row.zh and row.en for row in rows.values())


def test_rows_are_named_one_by_one_or_from_to() -> None:
    assert named_rows(["N12-N14,H2", "h1-3"]) == ["N12", "N13", "N14", "H2", "H1", "H3"]
    for wrong in ("N118", "H0", "N9-N2", "X1"):
        with pytest.raises(ConfigurationError, match="allowed are N1 to N117"):
            named_rows([wrong])


def status(*tests: tuple[str, tuple[str, ...]], row: str = "N12") -> Status:
    results = [TestResult(name=str(n), rows=(row,), outcome=o, servers=on) for n, (o, on) in enumerate(tests)]
    return row_results(Results(tests=results), [row])[0].status


def test_a_row_passes_only_where_a_test_passed_on_both_servers_and_none_failed() -> None:
    assert status(("passed", BOTH)) is Status.PASSED
    assert status(("passed", BOTH), ("failed", ())) is Status.FAILED
    assert status(("passed", ("PostgreSQL",))) is Status.ELSEWHERE
    assert status(("passed", ("PostgreSQL",)), ("passed", ("Kafka",))) is Status.ELSEWHERE
    assert status(("not run", BOTH)) is Status.NOT_RUN
    assert status() is Status.NO_TEST
    assert status(row="N20") is Status.NEEDLESS


def test_the_command_prints_the_rows_and_says_by_its_exit_code_whether_they_work(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    tests = [
        TestResult(
            name="tests/a.py::test_a", rows=("N12", "H1"), outcome="passed", servers=BOTH, at="2026-03-02"
        ),
        TestResult(name="tests/a.py::test_b", rows=("N13",), outcome="failed", servers=BOTH),
    ]
    write_results(file, Results(tests=tests))
    run = CliRunner().invoke
    told = run(app, ["coverage", "N12", "H1", "--tests", "--results", str(file)])
    assert told.exit_code == 0
    assert "passed" in told.stdout
    assert "tests/a.py" in told.stdout
    assert run(app, ["coverage", "N12", "N14", "--results", str(file)]).exit_code == 1
    assert run(app, ["coverage", "N20", "--results", str(file)]).exit_code == 0
    told = run(app, ["coverage", "--results", str(file), "--json"])
    assert told.exit_code == 1
    found = {row["row"]: row for row in json.loads(told.stdout)}
    assert len(found) == 117 + 47
    assert found["N13"]["status"] == "failed"
    assert found["N14"]["status"] == "no test"
    told = run(app, ["coverage", "--results", str(tmp_path / "none.json")])
    assert told.exit_code == 2
    assert "is not there; `make test`" in told.stderr


def pytest_run(place: Path, body: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A session of its own with the plugin."""
    (place / "pytest.ini").write_text("[pytest]\nmarkers =\n    covers\n")
    (place / "conftest.py").write_text("import pytest\npytest_plugins = ['tests.covering']\n")
    (place / "test_it.py").write_text(f"import pytest\n\n@pytest.fixture\ndef database(): pass\n\n{body}")
    command = [*python(), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [*command, str(place)], cwd=place, env=environment, capture_output=True, text=True, check=False
    )


def test_a_run_keeps_what_passed_where_beside_earlier_results(tmp_path: Path) -> None:
    body = """
@pytest.mark.covers("N12", "promise 7")
def test_a(database): pass

@pytest.mark.covers("N13", servers=True)
def test_b(): assert not hasattr(pytest, "broken")

@pytest.mark.covers("promise 7")
def test_c(): pass

@pytest.mark.covers("H2")
def test_d(request): request.getfixturevalue("database")
"""
    assert pytest_run(tmp_path, body, "-k", "test_a").returncode == 0
    file = tmp_path / ".coverage-rows.json"
    found = {one.name: one for one in Results.model_validate_json(file.read_bytes()).tests}
    assert [(one.outcome, one.servers) for one in found.values()] == [
        ("passed", ("PostgreSQL",)),
        ("not run", ()),
        ("not run", ()),
    ]
    first = found["test_it.py::test_a"]
    assert pytest_run(tmp_path, body.replace("not has", "has"), "-k", "test_b or test_d").returncode == 1
    found = {one.name: one for one in Results.model_validate_json(file.read_bytes()).tests}
    assert found["test_it.py::test_a"] == first
    assert (found["test_it.py::test_b"].outcome, found["test_it.py::test_b"].servers) == ("failed", BOTH)
    assert (found["test_it.py::test_d"].outcome, found["test_it.py::test_d"].servers) == ("passed", BOTH[1:])


def test_a_row_that_does_not_exist_ends_the_collection(tmp_path: Path) -> None:
    told = pytest_run(tmp_path, '@pytest.mark.covers("N118")\ndef test_a(): pass\n')
    assert told.returncode == 4
    assert "covers 'N118': rows are N1 to N117 and H1 to H47" in told.stdout + told.stderr
