"""`duplicates.yaml` into `Duplicates`. A city's file takes the place of the hub's."""

from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from hub.domain.duplicates import Duplicates
from hub.errors import RuleFileError
from hub.rules.files import last_of, line_in, load_model

NAME = "duplicates.yaml"


def load_duplicates(roots: Sequence[Path], flows: Set[str]) -> Duplicates:
    """The file, checked. Raises RuleFileError with file and line."""
    for problem in duplicate_problems(roots, flows):
        raise problem
    return load_model(duplicate_file(roots), Duplicates)


def duplicate_problems(roots: Sequence[Path], flows: Set[str]) -> Iterator[RuleFileError]:
    """What is wrong with the file, with its line."""
    path = duplicate_file(roots)
    try:
        held = load_model(path, Duplicates)
    except RuleFileError as unreadable:
        yield unreadable
        return
    for n, flow in enumerate(held.flows):
        if flow not in flows:
            problem = f"flows.{n}: {flow!r} is no flow; allowed: {sorted(flows)}"
            yield RuleFileError(str(path), line_in(path, "flows", n), problem)


def duplicate_file(roots: Sequence[Path]) -> Path:
    """The file that is in force: of the last directory that has one."""
    return last_of(roots, NAME)
