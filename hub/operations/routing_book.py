"""The routing lists of a city with the names of roles and departments: what the commands on routing read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from hub.domain.directory import Directory
from hub.domain.flow import Flow
from hub.domain.routing import Routed, Routing, Unrouted
from hub.domain.routing_rows import AdmissionRow, Asked, Conditions, DutyList, DutyRow, LevelRow
from hub.errors import ConfigurationError
from hub.operations.flow_book import FlowBook
from hub.rules.catalogues import Catalogues
from hub.rules.loader import HERE, rule_roots
from hub.rules.routing_files import load_routing

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class RoutingBook:
    """The lists, the catalogues, the flows, and the city's departments if they are known."""

    routing: Routing
    codes: Catalogues
    flows: list[Flow]
    directory: Directory | None

    @classmethod
    def of(cls, overlay: Path | None, city: Path | None) -> Self:
        """Read them. Raises RuleFileError, ConfigurationError."""
        book = FlowBook.of(overlay, city)
        routing = load_routing(rule_roots(HERE, overlay), book.codes, {flow.flow for flow in book.flows})
        return cls(routing, book.codes, book.flows, book.directory)

    def lists(self) -> list[Any]:
        """All lists: of duties, of levels, of admission."""
        return [*self.routing.duties, *self.routing.levels, *self.routing.admissions]

    def find(self, flow: str, on: date, asked: Asked) -> tuple[Routed | Unrouted, Asked]:
        """The owner of a matter here, and the question with the level on which it is settled."""
        assert self.directory is not None
        version = next((one for one in self.flows if one.flow == flow and one.in_force(on)), None)
        if version is None:
            raise ConfigurationError(f"flow {flow!r}: is not in force on {on}")
        if asked.level is None:
            settled = self.routing.settles(flow, on, asked)
            asked = asked._replace(level=None if settled is None else settled.settles)
        departments = {one.id: one for one in self.directory.departments}
        here = self.directory.city.region
        roles = version.lead, version.co_handlers
        return self.routing.route(flow, on, asked, departments, here, *roles), asked

    def unmanned(self) -> Iterator[str]:
        """Rows of duty lists whose owner nobody here is, and roles that several play for the same place."""
        if self.directory is None:
            return
        departments = self.directory.departments
        for held in self.routing.duties:
            leads = {role for flow in self.flows if flow.flow in held.flows for role in flow.lead}
            for role in sorted({row.to for row in held.rows if row.to is not None}):
                playing = [one for one in departments if one.plays([role]) and one.plays(sorted(leads))]
                if not playing:
                    yield f"{held.name}: nobody here is {role} and may lead one of {', '.join(held.flows)}"
                regions = [one.region for one in playing]
                for region in sorted({one for one in regions if regions.count(one) > 1}):
                    who = ", ".join(one.id for one in playing if one.region == region)
                    yield f"{held.name}: {role} of {region} is each of {who}: name one by `department`"

    def rows(self, held: Any, language: Language) -> Iterator[tuple[str, str, str, str]]:
        """The rows of a list as text: conditions, what follows, the source, who that is here."""
        for row in held.rows:
            yield self._when(row, language), self._then(row, language), row.article, self._here(held, row)

    def named(self, department: str, language: Language) -> str:
        """A department by its id and name."""
        held = () if self.directory is None else self.directory.departments
        name = next((one.name for one in held if one.id == department), None)
        return department if name is None else f"{department} {name.zh if language == 'zh' else name.en}"

    def _when(self, row: Conditions, language: Language) -> str:
        parts = []
        for matter in row.matters:
            held = self.codes.matters[matter]
            parts.append(f"{matter} {held.title if language == 'zh' else held.en}")
        rest = (row.regions, row.levels, row.weights, row.tracks, row.priorities)
        parts += [" / ".join(str(one) for one in some) for some in rest if some]
        return "; ".join(parts) or ("其余" if language == "zh" else "all else")

    def _then(self, row: Conditions, language: Language) -> str:
        if isinstance(row, LevelRow):
            return row.settles
        names = self.codes.roles
        if isinstance(row, AdmissionRow):
            reason = row.reason.zh if language == "zh" else row.reason.en
            roles = [names[one].title if language == "zh" else names[one].en for one in row.instead]
            return f"{reason} → {'、'.join(roles)}"
        assert isinstance(row, DutyRow)
        owner = row.department or (names[row.to or ""].title if language == "zh" else names[row.to or ""].en)
        helpers = [names[one].title if language == "zh" else names[one].en for one in row.helpers]
        return " + ".join([owner, *helpers])

    def _here(self, held: Any, row: Conditions) -> str:
        if self.directory is None or not isinstance(held, DutyList) or not isinstance(row, DutyRow):
            return ""
        leads = sorted({role for flow in self.flows if flow.flow in held.flows for role in flow.lead})
        roles = [row.to or ""]
        found = [one for one in self.directory.departments if one.plays(roles) and one.plays(leads)]
        return row.department or ", ".join(one.id for one in found)
