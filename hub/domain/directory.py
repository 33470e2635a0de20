"""The departments that the hub knows: who they are and which roles of flows they play."""

from typing import Annotated

from pydantic import Field

from hub.domain.flow import Bilingual, CodeText, RuleData
from schemas.identifiers import CreditCode, DepartmentId, RegionCode


class Department(RuleData):
    """A department with its own topics, keys and officers."""

    id: DepartmentId
    name: Bilingual
    roles: Annotated[list[CodeText], Field(min_length=1)]
    region: RegionCode
    credit_code: CreditCode | None = None
    superior: DepartmentId | None = None

    def plays(self, roles: list[CodeText]) -> bool:
        """Whether the department has one of these roles."""
        return any(role in roles for role in self.roles)


class City(RuleData):
    """The place that this hub serves."""

    zh: str
    en: str
    region: RegionCode


class Directory(RuleData):
    """All departments of a hub."""

    city: City
    departments: Annotated[list[Department], Field(min_length=1)]
