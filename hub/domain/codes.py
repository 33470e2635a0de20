"""The catalogues of codes that rules refer to, so that a code means one thing in every flow."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hub.domain.rule_data import Coded, RuleData, twice

Volume = Literal["documents", "evidence", "receipts"]


class RoleCode(Coded):
    """What a department can be in a flow."""


class ReasonCode(Coded):
    """Why a task is given back."""


class PaperCode(Coded):
    """A paper of the electronic case file 电子卷宗 and the volume that it stands in."""

    volume: Volume


class FactCode(Coded):
    """A fact of a case that clocks look at. With `values` it is one of them; without, its legal moment counts."""

    values: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.code in WHEN_REFERRAL:
            raise ValueError(f"code: {self.code!r} names a field of the referral, not a fact")
        if again := twice(self.values):
            raise ValueError(f"values: {again} is given twice")
        return self


WHEN_REFERRAL = ("kind", "sender", "lead", "track", "priority")
"""What a clock's condition may ask of the referral itself; `sender` and `lead` are roles. All else are facts."""


class MatterCode(Coded):
    """A kind of matter: a class of two digits, a kind of four. `causes`: 案由 that fall under it."""

    causes: list[str] = Field(default=[])


class MatterCodes(RuleData):
    """`codes/matters.yaml`."""

    codes: Annotated[list[MatterCode], Field(min_length=1)]


class RoleCodes(RuleData):
    """`codes/roles.yaml`."""

    codes: Annotated[list[RoleCode], Field(min_length=1)]


class ReasonCodes(RuleData):
    """`codes/return_reasons.yaml`."""

    codes: Annotated[list[ReasonCode], Field(min_length=1)]


class PaperCodes(RuleData):
    """`codes/papers.yaml`."""

    codes: Annotated[list[PaperCode], Field(min_length=1)]


class FactCodes(RuleData):
    """`codes/facts.yaml`."""

    codes: Annotated[list[FactCode], Field(min_length=1)]
