"""What officers do with what arrives, as data: `deploy/sandbox/policies.yaml`.

A list of alternatives stands wherever officers have a choice. Of those whose `title` and `when` fit, the most
specific are taken, and one of them is chosen by weight. The choice hashes the seed, the place of the choice
and the matter's title, so it is the same in every run, and whoever knows the title can compute it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.sandbox.core.matter import RECEIVED_KINDS, STEP_FIELDS

ANY = "*"
DEFAULT = Path(__file__).parents[1] / "policies.yaml"
_SPECIAL = ("raise", "await", "reply_again")
_ASKING = ("propose_return", "request_supplement")
Role = Annotated[str, Field(pattern="^(lead|co_handler|copy)$")]


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Act(BaseModel):
    """One act: `do` is a step kind, or

    - "raise": raise a matter that follows from this record (`flow`, `kind`, `lead`, `copies`, `papers`);
    - "await": wait until the matter raised under `flow` has its final reply;
    - "reply_again": give the last final reply once more.

    The rest are the step's fields; `papers` are codes of the policies' papers. A `reassign_to` of "suggested"
    takes the proposer's suggestion, and refuses the return when that department already has the matter.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    do: str
    papers: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.do not in STEP_FIELDS and self.do not in _SPECIAL:
            raise ValueError(f"do {self.do!r} must be one of {sorted({*STEP_FIELDS, *_SPECIAL})}")
        return self


class Alternative(_Policy):
    """One way to act. `title` is a prefix; `when` compares the note's fields, "*" means that it is given."""

    acts: tuple[Act, ...]
    weight: Annotated[int, Field(ge=0)] = 1
    title: str = ""
    when: dict[str, Any] = {}

    def fits(self, title: str, note: Mapping[str, Any]) -> bool:
        given = all(
            note.get(name) is not None if wanted == ANY else note.get(name) == wanted
            for name, wanted in self.when.items()
        )
        return given and title.startswith(self.title)

    @property
    def rank(self) -> tuple[int, int]:
        return len(self.title), sum(wanted != ANY for wanted in self.when.values())

    @model_validator(mode="after")
    def _asking_is_not_last(self) -> Self:
        if self.acts and self.acts[-1].do in _ASKING:
            raise ValueError(f"{self.acts[-1].do!r} must be followed by what is done after the answer")
        return self


Alternatives = tuple[Alternative, ...]
NoteKind = Annotated[str, Field(pattern=f"^({'|'.join(RECEIVED_KINDS)})$")]
Notes = dict[str, dict[NoteKind, Alternatives]]


class DepartmentPolicy(_Policy):
    """What one department's officers do.

    `tasks`: by flow and role, with a task. `raised` and `received`: by flow and kind, when a note comes in on
    a record that was raised, or received.
    """

    officers: tuple[str, ...]
    tasks: dict[str, dict[Role, Alternatives]] = {}
    raised: Notes = {}
    received: Notes = {}


class Policies(_Policy):
    """All departments' policies and the papers that they write."""

    papers: dict[str, str]
    departments: dict[str, DepartmentPolicy]

    @classmethod
    def load(cls, path: Path = DEFAULT) -> Self:
        """Reads the file. Raises ValueError (pydantic's) that names place, value and what is allowed."""
        return cls.model_validate(
            {name: value for name, value in yaml.safe_load(path.read_text("utf-8")).items() if name[0] != "."}
        )

    def of(self, department: str) -> DepartmentPolicy:
        try:
            return self.departments[department]
        except KeyError:
            raise ValueError(
                f"department {department!r} has no policy; known: {sorted(self.departments)}"
            ) from None

    @model_validator(mode="after")
    def _papers_are_known(self) -> Self:
        for name, department in self.departments.items():
            for where, alternatives in _all_alternatives(department):
                for code in (code for one in alternatives for act in one.acts for code in act.papers):
                    if code not in self.papers:
                        raise ValueError(
                            f"{name}.{where}: paper {code!r} must be one of {sorted(self.papers)}"
                        )
        return self


def choose(
    alternatives: Sequence[Alternative], seed: int, place: str, title: str, note: Mapping[str, Any]
) -> Alternative | None:
    """The alternative that officers take; None when none fits. Pure."""
    fitting = [one for one in alternatives if one.fits(title, note)]
    best = [one for one in fitting if one.rank == max(other.rank for other in fitting)]
    total = sum(one.weight for one in best)
    if not total:
        return None
    draw = draw_below(total, seed, place, title)
    for one in best:
        draw -= one.weight
        if draw < 0:
            return one
    raise AssertionError("a draw below the sum of the weights falls on one of them")


def draw_below(limit: int, seed: int, *what: str) -> int:
    """A number from 0 to below `limit` that depends on the seed and the words only."""
    text = "|".join((str(seed), *what))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % limit


def _all_alternatives(policy: DepartmentPolicy) -> list[tuple[str, Alternatives]]:
    return [
        (f"{part}.{flow}.{key}", alternatives)
        for part, by_flow in (
            ("tasks", policy.tasks),
            ("raised", policy.raised),
            ("received", policy.received),
        )
        for flow, by_key in by_flow.items()
        for key, alternatives in by_key.items()
    ]
