"""The results of tests that say which rows they cover, row by row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.errors import ConfigurationError
from hub.reference.coverage_rows import NEEDLESS, Row, load_rows

RESULTS = Path(__file__).parent.parent.parent / ".coverage-rows.json"
MADE_BY = "`make test` (or any run of pytest)"
SERVERS = ("Kafka", "PostgreSQL")


class Status(StrEnum):
    """What the tests say of a row. `elsewhere`: they pass, but none of them ran on both servers."""

    PASSED = "passed"
    FAILED = "failed"
    ELSEWHERE = "elsewhere"
    NOT_RUN = "not run"
    NO_TEST = "no test"
    NEEDLESS = "none needed"


class TestResult(BaseModel):
    """One test: its name as pytest gives it, the rows it covers, how it ended (`not run`: not yet) and when, on which servers."""

    __test__ = False
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    rows: tuple[str, ...]
    outcome: str
    servers: tuple[str, ...] = ()
    at: str | None = None


class Results(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")

    tests: list[TestResult]


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row with its tests."""

    row: Row
    status: Status
    tests: tuple[TestResult, ...]

    def data(self) -> dict[str, Any]:
        """Plain values."""
        tests = [test.model_dump(mode="json") for test in self.tests]
        return {**self.row._asdict(), "status": self.status.value, "tests": tests}


def read_results(file: Path) -> Results:
    """The results of a file. Raises ConfigurationError for one that is not of this form."""
    try:
        return Results.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as problem:
        raise ConfigurationError(f"results {file}: {problem}") from None


def write_results(file: Path, results: Results) -> None:
    """Write them whole or not at all."""
    new = file.with_suffix(".new")
    new.write_text(
        json.dumps(results.model_dump(mode="json"), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    new.replace(file)


def row_results(results: Results, rows: Sequence[str]) -> list[RowResult]:
    """What the results say of these rows."""
    found = []
    for name in rows:
        row = load_rows()[name]
        tests = tuple(test for test in results.tests if name in test.rows)
        found.append(RowResult(row, _status(row, tests), tests))
    return found


def _status(row: Row, tests: Sequence[TestResult]) -> Status:
    outcomes = {test.outcome for test in tests}
    if "failed" in outcomes:
        return Status.FAILED
    if any(test.outcome == "passed" and set(SERVERS) <= set(test.servers) for test in tests):
        return Status.PASSED
    if "passed" in outcomes:
        return Status.ELSEWHERE
    if tests:
        return Status.NOT_RUN
    return Status.NEEDLESS if row.kind in NEEDLESS else Status.NO_TEST
