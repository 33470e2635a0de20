"""The code files into one `Catalogues` value. A city's file of the same name adds codes and renames those it repeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hub.domain.codes import (
    FactCode,
    FactCodes,
    MatterCode,
    MatterCodes,
    PaperCode,
    PaperCodes,
    ReasonCode,
    ReasonCodes,
    RoleCode,
    RoleCodes,
)
from hub.domain.rule_data import Coded
from hub.errors import RuleFileError
from hub.rules.files import line_in, load_model

C = TypeVar("C", bound=Coded)
Holder = RoleCodes | ReasonCodes | PaperCodes | FactCodes | MatterCodes


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Every catalogue by code."""

    roles: dict[str, RoleCode]
    return_reasons: dict[str, ReasonCode]
    papers: dict[str, PaperCode]
    facts: dict[str, FactCode]
    matters: dict[str, MatterCode]


def load_catalogues(roots: Sequence[Path]) -> Catalogues:
    """All catalogues of these rule directories, later ones over earlier ones. Raises RuleFileError."""
    return Catalogues(
        roles={code.code: code for held in _files(roots, "roles", RoleCodes) for code in held.codes},
        return_reasons={
            code.code: code for held in _files(roots, "return_reasons", ReasonCodes) for code in held.codes
        },
        papers={code.code: code for held in _files(roots, "papers", PaperCodes) for code in held.codes},
        facts={code.code: code for held in _files(roots, "facts", FactCodes) for code in held.codes},
        matters={code.code: code for held in _files(roots, "matters", MatterCodes) for code in held.codes},
    )


H = TypeVar("H", RoleCodes, ReasonCodes, PaperCodes, FactCodes, MatterCodes)


def _files(roots: Sequence[Path], name: str, model: type[H]) -> list[H]:
    paths = [root / "codes" / f"{name}.yaml" for root in roots]
    # The first root is the hub's own: there every catalogue must be.
    held = {path: load_model(path, model) for n, path in enumerate(paths) if n == 0 or path.exists()}
    for path, codes in held.items():
        seen: set[str] = set()
        for n, code in enumerate(codes.codes):
            if code.code in seen:
                raise RuleFileError(
                    str(path), line_in(path, "codes", n), f"codes.{n}: {code.code!r} is given twice"
                )
            seen.add(code.code)
    return list(held.values())
