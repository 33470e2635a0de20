"""Rows of the routing data: conditions and what follows from them. The data is `hub/rules/routing/`."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Generic, NamedTuple, Self, TypeVar

from pydantic import Field, model_validator

from hub.domain.region import Level, inside, stem
from hub.domain.rule_data import Bilingual, CodeText, RuleData, twice
from schemas.identifiers import DepartmentId, RegionCode
from schemas.messages.base import Priority, Track, Weight


class Asked(NamedTuple):
    """What a row is held against: one matter, as its referral describes it. `level`: where it is to be settled."""

    matter: str | None = None
    region: str | None = None
    weight: str | None = None
    track: str = "ordinary"
    priority: str = "normal"
    level: Level | None = None


class Conditions(RuleData):
    """What a row asks for; a list that is empty asks nothing. `matters` name kinds or whole classes of them."""

    matters: list[CodeText] = Field(default=[])
    regions: list[RegionCode] = Field(default=[])
    levels: list[Level] = Field(default=[])
    weights: list[Weight] = Field(default=[])
    tracks: list[Track] = Field(default=[])
    priorities: list[Priority] = Field(default=[])

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        for name in Conditions.model_fields:
            if again := twice([str(one) for one in getattr(self, name)]):
                raise ValueError(f"{name}: {again} is given twice")
        return self

    def exactness(self, asked: Asked) -> tuple[int, ...] | None:
        """How exactly the row fits; None when it does not. The kind of matter goes before the place, that before the rest."""
        matter = max((len(one) for one in self.matters if (asked.matter or "").startswith(one)), default=0)
        here = asked.region
        region = max(
            (len(stem(one)) for one in self.regions if here is not None and inside(here, one)), default=0
        )
        if (self.matters and not matter) or (self.regions and not region) or self.fails_in(asked):
            return None
        rest = (self.levels, self.weights, self.tracks, self.priorities)
        return (matter, region, *(int(bool(one)) for one in rest))

    def fails_in(self, asked: Asked) -> list[str]:
        """The conditions, of those beside matter and region, that the matter does not meet."""
        given = {
            "levels": asked.level,
            "weights": asked.weight,
            "tracks": asked.track,
            "priorities": asked.priority,
        }
        return [name for name, value in given.items() if (held := getattr(self, name)) and value not in held]

    def meets(self, other: "Conditions") -> bool:
        """Whether some matter fits both rows equally well, so that neither goes before the other."""
        for name in Conditions.model_fields:
            mine, theirs = set(getattr(self, name)), set(getattr(other, name))
            if name == "regions":
                mine, theirs = {stem(one) for one in mine}, {stem(one) for one in theirs}
            if (mine or theirs) and not mine & theirs:
                return False
        return True


class DutyRow(Conditions):
    """Whose matter it is: a role that departments of the city play, or one department. `helpers` handle it jointly."""

    to: CodeText | None = None
    department: DepartmentId | None = None
    helpers: list[CodeText] = Field(default=[])
    duty: Bilingual
    article: str

    @model_validator(mode="after")
    def _one_owner(self) -> Self:
        if (self.to is None) == (self.department is None):
            raise ValueError("to: name either a role or a department, and one of them")
        return self


class LevelRow(Conditions):
    """On which level a matter is to be settled before it goes up."""

    settles: Level
    article: str


class AdmissionRow(Conditions):
    """What may not be handed to these receivers, why, and which roles it belongs to."""

    instead: Annotated[list[CodeText], Field(min_length=1)]
    reason: Bilingual
    article: str


class Example(RuleData):
    """A matter and what the rows must make of it."""

    matter: CodeText | None = None
    cause: str | None = None
    region: RegionCode | None = None
    weight: Weight | None = None
    track: Track = Track.ORDINARY
    priority: Priority = Priority.NORMAL
    level: Level | None = None

    def asked(self, matter: str | None) -> Asked:
        """The question of this example; `matter` is what its code or cause comes to."""
        return Asked(matter, self.region, self.weight, self.track, self.priority, self.level)


class DutyExample(Example):
    """`to`: the role or department that owns it; null when no row may fit."""

    to: str | None


class LevelExample(Example):
    """`to`: the level; null when no row may fit."""

    to: Level | None


class AdmissionExample(Example):
    """Whether the matter may be handed to the receivers without an approval."""

    admitted: bool


R = TypeVar("R", bound=Conditions)


class RoutingList(RuleData, Generic[R]):
    """Rows that are in force in a period, with their source and the examples that prove them."""

    name: CodeText
    title: Bilingual
    effective_from: date
    effective_to: date | None = None
    law: str
    articles: Annotated[list[str], Field(min_length=1)]
    verified: bool
    rows: Annotated[list[R], Field(min_length=1)]

    def in_force(self, on: date) -> bool:
        """Whether the list is in force on that day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


class DutyList(RoutingList[DutyRow]):
    """权责清单 for these flows."""

    flows: Annotated[list[CodeText], Field(min_length=1)]
    examples: Annotated[list[DutyExample], Field(min_length=1)]


class LevelList(RoutingList[LevelRow]):
    """分级不出 for these flows."""

    flows: Annotated[list[CodeText], Field(min_length=1)]
    examples: Annotated[list[LevelExample], Field(min_length=1)]


class AdmissionList(RoutingList[AdmissionRow]):
    """准入: what may not be handed to departments that play one of these roles."""

    roles: Annotated[list[CodeText], Field(min_length=1)]
    examples: Annotated[list[AdmissionExample], Field(min_length=1)]


def best(rows: Iterable[R], asked: Asked) -> R | None:
    """The row that fits most exactly."""
    found: R | None = None
    most: tuple[int, ...] = ()
    for row in rows:
        exactness = row.exactness(asked)
        if exactness is not None and (found is None or exactness > most):
            found, most = row, exactness
    return found


def nearest(rows: Sequence[R], asked: Asked) -> list[str]:
    """What would make a row fit: the values of the conditions in which those rows fail that fail in the fewest."""
    failing: dict[tuple[str, ...], list[R]] = {}
    for row in rows:
        missing = row.fails_in(asked)
        if row.matters and not any((asked.matter or "").startswith(one) for one in row.matters):
            missing.append("matters")
        if row.regions and not any(inside(asked.region or "", one) for one in row.regions):
            missing.append("regions")
        failing.setdefault(tuple(missing), []).append(row)
    least = min(map(len, failing), default=0)
    return [
        "; ".join(f"{name}: {', '.join(_values(held, name))}" for name in missing)
        for missing, held in failing.items()
        if len(missing) == least
    ]


def _values(rows: Iterable[Conditions], name: str) -> list[str]:
    return list(dict.fromkeys(str(one) for row in rows for one in getattr(row, name)))
