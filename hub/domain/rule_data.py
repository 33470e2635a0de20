"""What all rule data share: strictness, codes, names in both languages."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

CodeText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,40}$")]


class RuleData(BaseModel):
    """Base of all rule data: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
