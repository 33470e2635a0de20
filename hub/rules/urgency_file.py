"""`routing/urgency.yaml` into an `Urgency`. A city's file takes the place of the hub's."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hub.domain.urgency import Urgency
from hub.errors import RuleFileError
from hub.rules.catalogues import Catalogues
from hub.rules.files import last_of, line_in, load_model

NAME = Path("routing") / "urgency.yaml"


def load_urgency(roots: Sequence[Path], codes: Catalogues) -> Urgency:
    """The file, checked. Raises RuleFileError with file and line."""
    for problem in urgency_problems(roots, codes):
        raise problem
    return load_model(last_of(roots, NAME), Urgency)


def urgency_problems(roots: Sequence[Path], codes: Catalogues) -> Iterator[RuleFileError]:
    """What is wrong with the file, with its line."""
    path = last_of(roots, NAME)
    try:
        held = load_model(path, Urgency)
    except RuleFileError as unreadable:
        yield unreadable
        return
    for colour, one in held.colours.items():
        for role in one.roles():
            if role not in codes.roles:
                where = ("colours", colour.value, "tells")
                allowed = f"allowed: 'owner', 'superior' and {sorted(codes.roles)}"
                yield RuleFileError(
                    str(path), line_in(path, *where), f"{'.'.join(where)}: {role!r} is no role; {allowed}"
                )
    known = codes.facts["risk_level"].values
    for risk in held.risks:
        if risk not in known:
            problem = f"risks.{risk}: is no value of the fact risk_level; allowed: {known}"
            yield RuleFileError(str(path), line_in(path, "risks", risk), problem)
