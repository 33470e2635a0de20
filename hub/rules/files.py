"""YAML files read with the line of every value, so that a wrong one is named by file and line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hub.errors import RuleFileError

Lines = dict[tuple[str | int, ...], int]
M = TypeVar("M", bound=BaseModel)
# libyaml where it is there: ten times as fast, and every process reads all rules at its start.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_model(path: Path, model: type[M]) -> M:
    """Read one YAML file into a model. Raises RuleFileError with the line of the first thing that is wrong."""
    data, lines = read_yaml(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem, place = first["msg"].removeprefix("Value error, "), tuple(first["loc"])
        # What a record as a whole has against itself begins with the field, as in `opens: 'x' is no outcome`.
        named = _named(lines, place, problem)
        if place:
            problem = f"{'.'.join(map(str, place))}: {problem}"
        place = named
        given = "" if isinstance(first["input"], dict | list) else f" (found {first['input']!r})"
        raise RuleFileError(str(path), line_of(lines, place), problem + given) from None


def layered(folder: str, roots: Sequence[Path]) -> list[Path]:
    """The YAML files of a folder of several rule directories by name; one of a later directory replaces its namesake."""
    files = {path.name: path for root in roots for path in (root / folder).glob("*.yaml")}
    return [files[name] for name in sorted(files)]


def last_of(roots: Sequence[Path], name: str | Path) -> Path:
    """The file of this name that is in force: of the last directory that has one. The first has all."""
    return next(path for root in reversed(roots) if (path := root / name).exists())


def line_in(path: Path, *place: str | int) -> int:
    """The line of a place in a file that was read before."""
    return line_of(read_yaml(path)[1], place)


def read_yaml(path: Path) -> tuple[Any, Lines]:
    """The file's data and the line (from 1) of each key and item by its path. Raises RuleFileError."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        try:
            node = loader.get_single_node()
            if node is None:
                raise RuleFileError(str(path), 1, "the file is empty")
            lines: Lines = {}
            _collect(node, (), lines, str(path))
            return loader.construct_document(node), lines
        finally:
            loader.dispose()
    except OSError as error:
        raise RuleFileError(str(path), 0, f"cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise RuleFileError(str(path), line, f"no valid YAML: {error.problem}") from None


def line_of(lines: Lines, place: tuple[str | int, ...]) -> int:
    """The line of the nearest known ancestor of a place."""
    for length in range(len(place), -1, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1


def _named(lines: Lines, place: tuple[str | int, ...], problem: str) -> tuple[str | int, ...]:
    """The place, below the given one, that a problem begins with; the given one if it names none."""
    name, depth = problem.partition(": ")[0], len(place)
    below = (p for p in lines if p[:depth] == place and ".".join(map(str, p[depth:])) == name)
    return next(below, place)


def _collect(node: yaml.Node, place: tuple[str | int, ...], lines: Lines, file: str) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise RuleFileError(file, key.start_mark.line + 1, f"{key.value!r} is given twice")
            seen.add(key.value)
            lines[(*place, key.value)] = key.start_mark.line + 1
            _collect(value, (*place, key.value), lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _collect(item, (*place, index), lines, file)
