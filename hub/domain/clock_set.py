"""All clocks as one value, with the words that they are made of."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, Field

from hub.domain.clock import Clock
from hub.domain.deadline_warning import WarnRule
from hub.domain.rule_data import Bilingual, CodeText, RuleData
from hub.errors import FactNotAllowed


class Law(RuleData):
    """A text that clocks cite. `short` is what an explanation calls it."""

    title: Bilingual
    short: str
    valid_from: date | None = None
    valid_to: date | None = None


class Terms(RuleData):
    """Codes with their names: events that start a clock, grounds of exclusion, reasons of restart, roles."""

    events: dict[CodeText, Bilingual] = Field(default_factory=dict)
    grounds: dict[CodeText, Bilingual] = Field(default_factory=dict)
    reasons: dict[CodeText, Bilingual] = Field(default_factory=dict)
    roles: dict[CodeText, Bilingual] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Clocks by id, in the order of their ids. `digest` names the set."""

    by_id: Mapping[str, Clock]
    laws: Mapping[str, Law]
    terms: Terms
    warnings: tuple[WarnRule, ...]
    digest: str

    def get(self, clock: str) -> Clock:
        """A clock by its id. Raises FactNotAllowed for an unknown one, naming those that are near."""
        try:
            return self.by_id[clock]
        except KeyError:
            group = re.match(r"[A-Z]+\d*", clock.upper())
            near = [one for one in self.by_id if group and re.match(r"[A-Z]+\d*", one)[0] == group[0]]  # type: ignore[index]
            kinds = ", ".join(near) or f"{next(iter(self.by_id))} … {list(self.by_id)[-1]}"
            raise FactNotAllowed("rule", clock, f"no clock has this id; allowed: {kinds}") from None

    def before_end(self, clock: str) -> list[Clock]:
        """What must be done a set time before this clock runs out, such as asking for an extension 7 days ahead."""
        return [
            one
            for one in self.by_id.values()
            if one.starts is not None and clock in one.starts.ends_of and (one.amount or 0) < 0
        ]

    def following(self, clock: str) -> list[Clock]:
        """The clocks that start where this one ends."""
        return [
            one
            for one in self.by_id.values()
            if one.starts is not None and clock in one.starts.ends_of and (one.amount or 0) > 0
        ]


def clocks_text(clocks: Mapping[str, Clock], *words: BaseModel) -> str:
    """Everything that a set of clocks says, as JSON; its digest is the SHA-256 of this."""
    parts = [clocks[name].model_dump(mode="json", by_alias=True) for name in sorted(clocks)]
    return json.dumps([parts, *(one.model_dump(mode="json") for one in words)], sort_keys=True)
