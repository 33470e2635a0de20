"""Routing 归口: whose matter it is, on which level it is settled, what may not be handed on. Pure, by dated data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from hub.domain.directory import Department
from hub.domain.region import Level, inside, level_of, rank, stem
from hub.domain.routing_rows import (
    AdmissionList,
    AdmissionRow,
    Asked,
    DutyList,
    DutyRow,
    LevelList,
    LevelRow,
    best,
    nearest,
)

_REMEMBERED = 5_000


@dataclass(frozen=True, slots=True)
class Routed:
    """The owner of a matter and the row that says so."""

    lead: str
    helpers: tuple[str, ...]
    row: DutyRow
    by: DutyList


@dataclass(frozen=True, slots=True)
class Unrouted:
    """Why nobody was found, and what would help."""

    why: str
    would: list[str]


@dataclass(frozen=True)
class Routing:
    """All lists. `causes`: the kind of matter of each cause of action 案由."""

    duties: tuple[DutyList, ...] = ()
    levels: tuple[LevelList, ...] = ()
    admissions: tuple[AdmissionList, ...] = ()
    causes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def governed(self) -> frozenset[str]:
        """The flows in which matters have a level or an owner by list."""
        return frozenset(flow for flows in (one.flows for one in self.duties) for flow in flows) | frozenset(
            flow for one in self.levels for flow in one.flows
        )

    @cached_property
    def barred_roles(self) -> frozenset[str]:
        """The roles to which not every matter may be handed."""
        return frozenset(role for one in self.admissions for role in one.roles)

    def kind_of(self, matter: str | None, cause: str | None) -> str | None:
        """The kind of matter: the one that is named, else that of the cause of action."""
        return matter or (None if cause is None else self.causes.get(cause))

    def settles(self, flow: str, on: date, asked: Asked) -> LevelRow | None:
        """The row that says on which level the matter is settled."""
        known = flow, on, asked
        if known not in self._settled:
            if len(self._settled) >= _REMEMBERED:
                self._settled.clear()
            lists = (one for one in self.levels if flow in one.flows and one.in_force(on))
            self._settled[known] = best((row for one in lists for row in one.rows), asked)
        return self._settled[known]

    @cached_property
    def _settled(self) -> dict[tuple[str, date, Asked], LevelRow | None]:
        """What was found, which makes no difference but for the pace: many matters of a day ask the same."""
        return {}

    def barred(self, receiver: Department, on: date, asked: Asked) -> AdmissionRow | None:
        """The row that keeps a matter from a receiver."""
        lists = (one for one in self.admissions if receiver.plays(one.roles) and one.in_force(on))
        return best((row for one in lists for row in one.rows), asked)

    def route(
        self,
        flow: str,
        on: date,
        asked: Asked,
        departments: Mapping[str, Department],
        here: str,
        may_lead: list[str],
        may_help: list[str],
    ) -> Routed | Unrouted:
        """The owner. `here`: the hub's own region, which is the place where none is named."""
        lists = [one for one in self.duties if flow in one.flows and one.in_force(on)]
        if not lists:
            known = sorted({code for one in self.duties if one.in_force(on) for code in one.flows})
            return Unrouted(f"no duty list is in force for flow {flow} on {on}", known)
        row = best((row for one in lists for row in one.rows), asked)
        if row is None:
            return Unrouted(
                f"no row of {', '.join(one.name for one in lists)} fits {_words(asked)}",
                nearest([row for one in lists for row in one.rows], asked),
            )
        place = asked.region or here
        leads = _owners(row, departments, place, asked.level, may_lead)
        if len(leads) != 1:
            who = row.department or row.to
            plays = [one.id for one in departments.values() if one.id == who or who in one.roles]
            what = "nobody here" if not leads else f"each of {leads}"
            return Unrouted(
                f"duty list names {who!r} for {_words(asked)}: {what} is it for region {place}",
                leads or plays,
            )
        helpers = (
            helper
            for role in row.helpers
            if len(found := nearest_of([role], departments, place, asked.level, may_help)) == 1
            for helper in found
            if helper != leads[0]
        )
        by = next(one for one in lists if any(row is held for held in one.rows))
        return Routed(leads[0], tuple(dict.fromkeys(helpers)), row, by)


def _owners(
    row: DutyRow,
    departments: Mapping[str, Department],
    place: str,
    level: Level | None,
    may_lead: list[str],
) -> list[str]:
    if row.department is not None:
        named = departments.get(row.department)
        return [] if named is None or not named.plays(may_lead) else [named.id]
    return nearest_of([row.to or ""], departments, place, level, may_lead)


def nearest_of(
    roles: list[str],
    departments: Mapping[str, Department],
    place: str,
    level: Level | None,
    allowed: Sequence[str],
) -> list[str]:
    """The departments of a role that serve a place, not below a level, and of them those that are nearest to it."""
    serving = [
        one
        for one in departments.values()
        if one.plays(roles)
        and one.plays(list(allowed))
        and inside(place, one.region)
        and (level is None or rank(level_of(one.region)) >= rank(level))
    ]
    near = max((len(stem(one.region)) for one in serving), default=0)
    return [one.id for one in serving if len(stem(one.region)) == near]


def _words(asked: Asked) -> str:
    return ", ".join(f"{name} {value}" for name, value in asked._asdict().items() if value is not None)
