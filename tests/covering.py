"""A pytest plugin: which tests cover which rows of what cities ask for, how they ended, and on which servers.

`@pytest.mark.covers("N42", "H2")`; other names (promises, statutes, flows) may stand there too. A row that does not
exist ends the collection. The results are written beside those of earlier runs; `fengqiao coverage` reads them.
"""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.operations.coverage import RESULTS, SERVERS, Results, TestResult, read_results, write_results
from hub.reference.coverage_rows import ROW, load_rows

# The fixture that a test asks for says which server it runs on; `servers=True` in the mark, where it starts its own.
ON = {
    "database": SERVERS[1:],
    "module_database": SERVERS[1:],
    "topic_prefix": SERVERS[:1],
    "module_prefix": SERVERS[:1],
    "home": SERVERS,
}


def rows_of(marks: list[pytest.Mark], where: str) -> tuple[str, ...]:
    """The rows that marks name. Raises UsageError for one that does not exist."""
    rows = [name for mark in marks for name in mark.args if ROW.fullmatch(name)]
    for row in rows:
        if row not in load_rows():
            raise pytest.UsageError(f"{where}: covers {row!r}: rows are N1 to N117 and H1 to H47")
    return tuple(dict.fromkeys(rows))


class Covering:
    """What this run has learnt. `seen`: the rows of each test that was collected; `files`: from which files."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seen: dict[str, tuple[str, ...]] = {}
        self.files: set[str] = set()
        self.servers: dict[str, set[str]] = {}
        self.outcomes: dict[str, tuple[str, str]] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Take in a test."""
        self.files.add(item.nodeid.partition("::")[0])
        marks = list(item.iter_markers("covers"))
        rows = rows_of(marks, item.nodeid)
        if not rows:
            return
        self.seen[item.nodeid] = rows
        used = self.servers.setdefault(item.nodeid, set())
        if any(mark.kwargs.get("servers") for mark in marks):
            used.update(SERVERS)
        for name in getattr(item, "fixturenames", ()):
            used.update(ON.get(name, ()))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """A fixture may be asked for only while the test runs."""
        used = self.servers.get(request._pyfuncitem.nodeid)
        if used is not None:
            used.update(ON.get(fixturedef.argname, ()))
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test fails in any of its phases; it passes in its call."""
        if report.nodeid not in self.seen:
            return
        at = datetime.now(UTC).isoformat(timespec="seconds")
        if report.failed or (report.when == "call" and report.passed):
            self.outcomes[report.nodeid] = ("failed" if report.failed else "passed", at)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take over what one of several processes has learnt. One that crashed has told nothing."""
        told = getattr(node, "workeroutput", {}).get("covering")
        if told is None:
            return
        self.files.update(told["files"])
        self.seen.update({name: tuple(rows) for name, rows in told["seen"].items()})
        for name, used in told["servers"].items():
            self.servers.setdefault(name, set()).update(used)
        self.outcomes.update({name: (outcome, at) for name, (outcome, at) in told["outcomes"].items()})

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what is known now, or tell it to the process that handed out the tests."""
        told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if told is not None:
            told["covering"] = {
                "files": list(self.files),
                "seen": self.seen,
                "servers": {name: list(used) for name, used in self.servers.items()},
                "outcomes": self.outcomes,
            }
        elif not session.config.option.collectonly and self.seen:
            before = read_results(self.file) if self.file.is_file() else Results(tests=[])
            write_results(self.file, self.results(before))

    def results(self, before: Results) -> Results:
        """With those of earlier runs, but for tests that are no more where they were."""
        known = {test.name: test for test in before.tests}
        found = {n: test for n, test in known.items() if n.partition("::")[0] not in self.files}
        for name, rows in self.seen.items():
            if name in self.outcomes:
                outcome, at = self.outcomes[name]
                servers = tuple(server for server in SERVERS if server in self.servers[name])
                found[name] = TestResult(name=name, rows=rows, outcome=outcome, servers=servers, at=at)
            elif name in known:
                found[name] = known[name].model_copy(update={"rows": rows})
            else:
                found[name] = TestResult(name=name, rows=rows, outcome="not run")
        return Results(tests=[found[name] for name in sorted(found)])


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Covering(config.rootpath / RESULTS.name), "covering")
