"""What all rule data share: strictness, codes, names in both languages."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

CodeText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,40}$")]


class RuleData(BaseModel):
    """Base of all rule data: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WholeFile(RuleData):
    """Rule data that are right only together: the first contradiction is the error."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for place, problem in self._contradictions():
            raise ValueError(f"{place}: {problem}")
        return self

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        """Each contradiction by the field in which it shows."""
        raise NotImplementedError


class Bilingual(RuleData):
    """A name in both languages."""

    zh: str
    en: str


class Coded(RuleData):
    """A code with its name: `title` is the Chinese one, as it stands on the document."""

    code: CodeText
    title: str
    en: str


def twice(names: list[str]) -> list[str]:
    """The names that are given more than once."""
    return sorted({name for name in names if names.count(name) > 1})
