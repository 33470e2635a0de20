"""The routing files into one `Routing`: duty lists, levels, admission. Each file proves its rows by its own examples.

A city's file takes the place of its namesake of the hub; `duties/local@2.yaml` is a further version of a list.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import combinations
from pathlib import Path
from typing import Any

from hub.domain.routing import Routing
from hub.domain.routing_rows import (
    AdmissionExample,
    AdmissionList,
    AdmissionRow,
    DutyExample,
    DutyList,
    DutyRow,
    Example,
    LevelList,
    RoutingList,
    best,
)
from hub.errors import RuleFileError
from hub.rules.catalogues import Catalogues
from hub.rules.files import layered, line_in, load_model

FOLDERS: dict[str, type[RoutingList[Any]]] = {
    "routing/duties": DutyList,
    "routing/levels": LevelList,
    "routing/admission": AdmissionList,
}
Files = dict[Path, Any]


def load_routing(roots: Sequence[Path], codes: Catalogues, flows: Set[str]) -> Routing:
    """All lists, checked. Raises RuleFileError with file and line."""
    for problem in routing_problems(roots, codes, flows):
        raise problem
    duties, levels, admissions = (tuple(_read(roots, folder).values()) for folder in FOLDERS)
    return Routing(duties, levels, admissions, causes_of(codes))


def causes_of(codes: Catalogues) -> dict[str, str]:
    """The kind of matter of each cause of action."""
    return {cause: matter.code for matter in codes.matters.values() for cause in matter.causes}


def routing_problems(roots: Sequence[Path], codes: Catalogues, flows: Set[str]) -> Iterator[RuleFileError]:
    """What is wrong with the routing files, with file and line: each by itself, against the catalogues, among each other."""
    for folder in FOLDERS:
        try:
            files = _read(roots, folder)
        except RuleFileError as problem:
            yield problem
            continue
        for path, held in files.items():
            yield from _of_file(path, held, codes, flows)
        yield from _among(files)


def place_problems(roots: Sequence[Path], departments: Set[str]) -> Iterator[RuleFileError]:
    """Departments that duty lists name and the city does not have."""
    for path, held in _read(roots, "routing/duties").items():
        for n, row in enumerate(held.rows):
            if row.department is not None and row.department not in departments:
                problem = f"{row.department!r} is no department of this directory"
                yield _wrong(path, ("rows", n, "department"), problem)


def _read(roots: Sequence[Path], folder: str) -> Files:
    return {path: load_model(path, FOLDERS[folder]) for path in layered(folder, roots)}


def _wrong(path: Path, place: tuple[str | int, ...], problem: str) -> RuleFileError:
    return RuleFileError(str(path), line_in(path, *place), f"{'.'.join(map(str, place))}: {problem}")


def _of_file(
    path: Path, held: DutyList | LevelList | AdmissionList, codes: Catalogues, flows: Set[str]
) -> Iterator[RuleFileError]:
    if path.stem.split("@")[0] != held.name:
        yield _wrong(path, ("name",), f"{held.name!r} does not match the file name {path.name}")
    if held.effective_to is not None and held.effective_to < held.effective_from:
        yield _wrong(path, ("effective_to",), f"{held.effective_to} is before {held.effective_from}")
    for n, flow in enumerate(getattr(held, "flows", ())):
        if flow not in flows:
            yield _wrong(path, ("flows", n), f"{flow!r} is no flow; allowed: {sorted(flows)}")
    for place, role in _roles(held):
        if role not in codes.roles:
            yield _wrong(path, place, f"{role!r} is no role; allowed: {sorted(codes.roles)}")
    for n, row in enumerate(held.rows):
        for m, matter in enumerate(row.matters):
            if matter not in codes.matters:
                yield _wrong(
                    path, ("rows", n, "matters", m), f"{matter!r} is not in the catalogue of matters"
                )
    yield from _examples(path, held, codes)


def _roles(held: DutyList | LevelList | AdmissionList) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(held, AdmissionList):
        for n, role in enumerate(held.roles):
            yield ("roles", n), role
    for n, row in enumerate(held.rows):
        if isinstance(row, DutyRow):
            if row.to is not None:
                yield ("rows", n, "to"), row.to
            for m, role in enumerate(row.helpers):
                yield ("rows", n, "helpers", m), role
        elif isinstance(row, AdmissionRow):
            for m, role in enumerate(row.instead):
                yield ("rows", n, "instead", m), role


def _examples(
    path: Path, held: DutyList | LevelList | AdmissionList, codes: Catalogues
) -> Iterator[RuleFileError]:
    """Each example comes out as it says, and each row is what some example comes out by."""
    causes = causes_of(codes)
    proved: set[int] = set()
    examples: Sequence[Example] = held.examples
    for n, example in enumerate(examples):
        place = ("examples", n)
        if example.cause is not None and example.cause not in causes:
            yield _wrong(path, (*place, "cause"), f"{example.cause!r} is no 案由 of the catalogue of matters")
            continue
        if example.matter is not None and example.matter not in codes.matters:
            yield _wrong(path, (*place, "matter"), f"{example.matter!r} is not in the catalogue of matters")
            continue
        rows: list[Any] = list(held.rows)
        row = best(rows, example.asked(example.matter or causes.get(example.cause or "")))
        if row is not None:
            proved.add(next(m for m, one in enumerate(rows) if one is row))
        wanted, found = _outcome(example, row)
        if wanted != found:
            by = "no row fits" if row is None else f"by rows.{rows.index(row)} ({row.article})"
            yield _wrong(path, place, f"says {wanted}, comes out as {found}: {by}")
    for m in range(len(held.rows)):
        if m not in proved:
            yield _wrong(path, ("rows", m), "no example comes out by this row: give one")


def _outcome(example: Example, row: Any) -> tuple[object, object]:
    if isinstance(example, AdmissionExample):
        return example.admitted, row is None
    if isinstance(example, DutyExample):
        return example.to, None if row is None else row.department or row.to
    return example.to, None if row is None else row.settles  # type: ignore[attr-defined]


def _among(files: Mapping[Path, Any]) -> Iterator[RuleFileError]:
    """Rows that fit the same matter equally well at the same time, in one list or in two."""
    seen: list[tuple[Path, Any]] = list(files.items())
    for path, held in seen:
        for (n, one), (m, other) in combinations(enumerate(held.rows), 2):
            if one.meets(other):
                line = line_in(path, "rows", n)
                yield _wrong(path, ("rows", m), f"fits the same matters as rows.{n} in line {line}")
    for (path, held), (other_path, other_list) in combinations(seen, 2):
        first, second = sorted((held, other_list), key=lambda one: one.effective_from)
        if first.effective_to is not None and first.effective_to < second.effective_from:
            continue
        if held.name == other_list.name:
            yield _wrong(other_path, ("effective_from",), f"{held.name!r} of {path.name} is still in force")
            continue
        shared = set(getattr(held, "flows", getattr(held, "roles", ())))
        if not shared & set(getattr(other_list, "flows", getattr(other_list, "roles", ()))):
            continue
        for m, row in enumerate(other_list.rows):
            for n, mine in enumerate(held.rows):
                if mine.meets(row):
                    yield _wrong(other_path, ("rows", m), f"fits the same matters as rows.{n} of {path.name}")
