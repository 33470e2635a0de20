"""The flows of a city with the names of roles and departments: what the commands on flows read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from hub.domain.directory import Directory
from hub.domain.flow import Flow
from hub.reference.flows import in_order
from hub.rules.catalogues import Catalogues, load_catalogues
from hub.rules.files import load_model
from hub.rules.loader import HERE, load_flows, rule_roots

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class FlowBook:
    """All versions of all flows in their order, the catalogues, and the city's departments if they are known."""

    flows: list[Flow]
    codes: Catalogues
    directory: Directory | None

    @classmethod
    def of(cls, overlay: Path | None, city: Path | None) -> Self:
        """Read them. Raises RuleFileError, ConfigurationError."""
        roots = rule_roots(HERE, overlay)
        codes = load_catalogues(roots)
        directory = load_model(city, Directory) if city is not None else None
        return cls(in_order(load_flows(roots, codes)), codes, directory)

    def latest(self) -> list[Flow]:
        """The last version of each flow."""
        return list({flow.flow: flow for flow in self.flows}.values())

    def names(self, roles: Sequence[str], language: Language) -> str:
        """The names of roles."""
        held = [self.codes.roles[role] for role in roles]
        return "、".join(one.title for one in held) if language == "zh" else ", ".join(one.en for one in held)

    def departments(self, roles: list[str], language: Language) -> str | None:
        """The departments of the city that play one of the roles; None when the city is not known."""
        if self.directory is None:
            return None
        found = [one for one in self.directory.departments if one.plays(roles)]
        return ", ".join(f"{one.id} {one.name.zh if language == 'zh' else one.name.en}" for one in found)

    def unmanned(self) -> Iterator[tuple[Flow, str]]:
        """The flows that can't be used here, with the part that nobody in the city plays."""
        if self.directory is None:
            return
        for flow in self.flows:
            for part, roles in (("sender", flow.senders), ("lead", flow.lead)):
                if not any(one.plays(roles) for one in self.directory.departments):
                    yield flow, f"{part}: {' / '.join(roles)}"
