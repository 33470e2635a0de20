"""The file of the ladder of supervision, checked against flows, roles, rungs and clocks."""

from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from hub.domain.ladder import LIMITED
from hub.domain.supervision import OF_THE_CASE, AtLimit, AtReturns, Supervision
from hub.errors import RuleFileError
from hub.rules.files import last_of, line_in, load_model

NAME = "supervision.yaml"


def supervision_file(roots: Sequence[Path]) -> Path:
    """The ladder that is in force: of the last directory that has one."""
    return last_of(roots, NAME)


def load_supervision(
    roots: Sequence[Path], roles: Set[str], flows: Set[str], clocks: Set[str] | None
) -> Supervision:
    """Read and check it. Raises RuleFileError with file and line."""
    file = supervision_file(roots)
    ladder = load_model(file, Supervision)
    for problem in supervision_problems(file, ladder, roles, flows, clocks):
        raise problem
    return ladder


def supervision_problems(
    file: Path, ladder: Supervision, roles: Set[str], flows: Set[str], clocks: Set[str] | None
) -> Iterator[RuleFileError]:
    """What the ladder names and nothing knows. `clocks`: the ids of the clocks of the law; None: they are not there."""

    def wrong(*place: str | int, problem: str) -> RuleFileError:
        return RuleFileError(str(file), line_in(file, *place), f"{'.'.join(map(str, place))}: {problem}")

    for n, step in enumerate(ladder.steps):
        for field in ("raises", "clears"):
            for who in getattr(step, field):
                if who not in OF_THE_CASE and who not in roles:
                    allowed = f"allowed: {[*OF_THE_CASE, *sorted(roles)]}"
                    yield wrong("steps", n, field, problem=f"{who!r} is nobody; {allowed}")
    for n, trigger in enumerate(ladder.triggers):
        if isinstance(trigger, AtLimit):
            known = set(LIMITED) if trigger.when == "missed" else clocks
            for clock in trigger.clocks:
                if known is not None and clock not in known:
                    kind = (
                        f"rung; allowed: {list(LIMITED)}" if trigger.when == "missed" else "clock of the law"
                    )
                    yield wrong("triggers", n, "clocks", problem=f"{clock!r} is no {kind}")
        for flow in trigger.flows if isinstance(trigger, AtLimit | AtReturns) else ():
            if flow not in flows:
                yield wrong("triggers", n, "flows", problem=f"{flow!r} is no flow; allowed: {sorted(flows)}")
