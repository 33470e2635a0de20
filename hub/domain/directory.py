"""The departments that the hub knows: who they are and which roles of flows they play."""

from datetime import date
from typing import Annotated

from pydantic import Field

from hub.domain.ladder import Ladder
from hub.domain.roster import Post
from hub.domain.rule_data import Bilingual, CodeText, RuleData
from schemas.identifiers import CreditCode, DepartmentId, RegionCode

EVERY_FLOW = "all"


class Department(RuleData):
    """A department with its own topics, keys and officers.

    `within`: its own limits of the ladder for a flow, or for `all`, in place of the flow's. `joined`: since when it takes
    part; reports that are due regularly are owed from the period on that this day is in.
    """

    id: DepartmentId
    name: Bilingual
    roles: Annotated[list[CodeText], Field(min_length=1)]
    region: RegionCode
    credit_code: CreditCode | None = None
    superior: DepartmentId | None = None
    within: dict[CodeText, Ladder] = Field(default={})
    joined: date | None = None

    def plays(self, roles: list[CodeText]) -> bool:
        """Whether the department has one of these roles."""
        return not set(self.roles).isdisjoint(roles)

    def ladder(self, flow: str) -> Ladder:
        """The department's own limits in a flow: those for the flow, then those for all."""
        return self.within.get(flow, Ladder()).over(self.within.get(EVERY_FLOW, Ladder()))


class City(RuleData):
    """The place that this hub serves."""

    zh: str
    en: str
    region: RegionCode


class Directory(RuleData):
    """All departments of a hub. `roster`: whom they post to the windows of halls 驻岗."""

    city: City
    departments: Annotated[list[Department], Field(min_length=1)]
    roster: list[Post] = Field(default=[])
