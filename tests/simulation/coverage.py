"""Which awaits of the product were ever struck by a fault or stood at a crash."""

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WATCHED = (
    "hub/intake/worker.py",
    "hub/intake/positions.py",
    "hub/intake/clock_gate.py",
    "hub/intake/verifying.py",
    "hub/following/*.py",
    "hub/relay/*.py",
    "hub/projector/*.py",
    "hub/timekeeper/*.py",
    "hub/app.py",
    "connectors/sdk/delivery.py",
    "connectors/sdk/poller.py",
    "connectors/sdk/receiver.py",
    "connectors/sdk/sender.py",
    "connectors/sdk/waiting.py",
)
# Only the real bus and the real process call these.
OUT_OF_REACH = {"hub/app.py:parts_of", "hub/app.py:IntakeRole.run", "hub/app.py:IntakeRole._join"} | {
    f"connectors/sdk/receiver.py:{name}" for name in ("Receiver.probe", "_leave_headers_alone")
}
Place = tuple[str, int]


@cache
def points() -> dict[str, list[tuple[int, int]]]:
    """The first and last line of every await, by file."""
    found: dict[str, list[tuple[int, int]]] = {}
    for pattern in WATCHED:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            found[name] = sorted(set(_awaits(ast.parse(path.read_text(encoding="utf-8")), name, "")))
    return found


def _awaits(node: ast.AST, file: str, inside: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for child in ast.iter_child_nodes(node):
        within = inside
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            within = f"{inside}.{child.name}".lstrip(".")
            if f"{file}:{within}" in OUT_OF_REACH:
                continue
        if isinstance(child, ast.Await):
            found.append((child.lineno, child.end_lineno or child.lineno))
        elif isinstance(child, ast.AsyncWith | ast.AsyncFor):
            found.append((child.lineno, child.body[0].lineno - 1))
        found += _awaits(child, file, within)
    return found


class Coverage:
    """Counts faults by the place at which they struck."""

    def __init__(self) -> None:
        self.hits: Counter[Place] = Counter()
        self._names: dict[CodeType, str | None] = {}

    def struck(self) -> None:
        """A fault is about to be raised in the running task."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            self._count(frame.f_code, frame.f_lineno)
            frame = frame.f_back

    def stood(self, coroutine: Any) -> None:
        """A crash ends this coroutine where it waits."""
        while coroutine is not None:
            frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
            if frame is not None:
                self._count(frame.f_code, frame.f_lineno)
            coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)

    def _count(self, code: CodeType, line: int) -> None:
        if code not in self._names:
            path = Path(code.co_filename)
            name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
            self._names[code] = name if name in points() else None
        if (name := self._names[code]) is not None:
            self.hits[name, line] += 1


def report(hits: Counter[Place]) -> str:
    """A line for each await: how often it was struck; those that never were come first."""
    lines: list[tuple[int, str]] = []
    for file, awaits in points().items():
        for first, last in awaits:
            # An await inside another one's lines counts for both: the inner is where it stood.
            times = sum(hits[file, line] for line in range(first, last + 1))
            lines.append((times, f"{file}:{first}"))
    struck = sum(times > 0 for times, _ in lines)
    told = [f"{times:>9}  {place}" for times, place in sorted(lines)]
    return "\n".join([f"awaits struck by a fault or a crash: {struck} of {len(lines)}", *told])
