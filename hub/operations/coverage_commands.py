"""`fengqiao coverage`: which of what cities ask for works, by the results of the tests. Needs no server. Thin."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.errors import ConfigurationError
from hub.operations.coverage import MADE_BY, RESULTS, RowResult, Status, read_results, row_results
from hub.reference.coverage_rows import load_rows, named_rows

_WORDS = {
    Status.PASSED: "通过 passed",
    Status.FAILED: "未通过 FAILED",
    Status.ELSEWHERE: "未在服务器上 not on servers",
    Status.NOT_RUN: "未运行 not run",
    Status.NO_TEST: "无测试 no test",
    Status.NEEDLESS: "无需 none needed",
}


def coverage_command(
    rows: Annotated[
        list[str] | None, typer.Argument(help="Rows, like N12-N16 N19 H1-H18; all without it.")
    ] = None,
    results: Annotated[Path, typer.Option(help=f"What {MADE_BY} wrote.")] = RESULTS,
    tests: Annotated[bool, typer.Option("--tests", help="Name the tests of each row.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Rows of what cities ask for and the tests that make them work on a real Kafka and a real PostgreSQL.

    Exits 1 when a row failed; when rows are named, also unless each of them that needs a test has passed.
    """
    wanted = named_rows(rows or []) or list(load_rows())
    if not results.is_file():
        raise ConfigurationError(f"results {results}: is not there; {MADE_BY} writes it")
    found = row_results(read_results(results), wanted)
    if as_json:
        typer.echo(json.dumps([one.data() for one in found], ensure_ascii=False, indent=2))
    else:
        _print(found, tests)
    bad = {Status.FAILED} if not rows else set(Status) - {Status.PASSED, Status.NEEDLESS}
    raise typer.Exit(1 if any(one.status in bad for one in found) else 0)


def _print(found: Sequence[RowResult], tests: bool) -> None:
    table = Table()
    for column in ("行 row", "类 kind"):
        table.add_column(column, no_wrap=True)
    table.add_column("需求 what", overflow="fold")
    table.add_column("结果 result", overflow="fold")
    for one in found:
        result = _WORDS[one.status]
        if one.tests:
            on = ", ".join(sorted({server for test in one.tests for server in test.servers}))
            result += f"\n{len(one.tests)} 项 tests" + (f" ({on})" if on else "")
        if tests:
            result += "".join(f"\n{test.outcome}: {test.name}" for test in one.tests)
        table.add_row(one.row.row, one.row.kind, f"{one.row.zh}\n{one.row.en}", result)
    Console().print(table)
    counts = Counter(one.status for one in found)
    typer.echo(", ".join(f"{_WORDS[status]}: {counts[status]}" for status in Status if counts[status]))
    times = sorted(test.at for one in found for test in one.tests if test.at)
    if times:
        typer.echo(f"结果时间 results of {times[0]} to {times[-1]}")
