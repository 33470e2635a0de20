"""A flow as data: who may hand what to whom, with which papers, replies, outcomes and limits."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.classes import FieldClass
from schemas.messages.base import ReferralKind

CodeText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,40}$")]
ClassName = Literal["public", "internal", "personal", "sensitive"]


class RuleData(BaseModel):
    """Base of all rule data: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(RuleData):
    """A name in both languages."""

    zh: str
    en: str


class FlowPaper(RuleData):
    """A document of the flow's catalogue."""

    code: CodeText
    title: str
    required: bool = True


class FlowReply(RuleData):
    """One answer that the receivers owe, in this order. The last one is final and carries the outcome."""

    code: CodeText
    title: str
    final: bool
    required: bool = True


class Coded(RuleData):
    """A code with its Chinese title."""

    code: CodeText
    title: str


class Confirmation(RuleData):
    """Whether the sender must confirm the final reply, and with which papers of its own."""

    required: bool
    papers: list[Coded] = []


class Withdrawal(RuleData):
    """Up to which state of the lead's task the sender may take the referral back alone; after it the lead decides."""

    before: Literal["signed", "accepted", "replied"]


class OnLeadClose(RuleData):
    """What becomes of co-handlers' open tasks when the lead closes."""

    co_handlers: Literal["keep", "close"]


class Visibility(RuleData):
    """The highest field class that each role of receiver sees."""

    lead: ClassName
    co_handler: ClassName
    copy_: ClassName = Field(alias="copy")

    def ceiling(self, role: str) -> FieldClass:
        """The ceiling of a role; the sender and the lead's superior see as the lead does."""
        return FieldClass[{"co_handler": self.co_handler, "copy": self.copy_}.get(role, self.lead).upper()]


class Limits(RuleData):
    """Counters with caps. `raised_per_case`: how often the flow may be raised in one case (退补 at most 2)."""

    returns: Annotated[int, Field(ge=1)]
    reworks: Annotated[int, Field(ge=0)]
    raised_per_case: Annotated[int, Field(ge=1)] | None = None


class Flow(RuleData):
    """One version of one flow (domain F1–F28 and local ones)."""

    flow: CodeText
    title: Bilingual
    version: Annotated[int, Field(ge=1)]
    effective_from: date
    effective_to: date | None = None
    law: str
    articles: list[str]
    verified: bool
    kinds: Annotated[list[ReferralKind], Field(min_length=1)]
    senders: Annotated[list[CodeText], Field(min_length=1)]
    lead: Annotated[list[CodeText], Field(min_length=1)]
    co_handlers: list[CodeText] = []
    copies: list[CodeText] = []
    papers: list[FlowPaper] = []
    replies: Annotated[list[FlowReply], Field(min_length=1)]
    outcomes: Annotated[list[Coded], Field(min_length=1)]
    return_reasons: list[Coded]
    confirm: Confirmation
    withdraw: Withdrawal
    on_lead_close: OnLeadClose
    visibility: Visibility
    limits: Limits
    opens: dict[CodeText, list[CodeText]] = {}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if [reply.final for reply in self.replies] != [False] * (len(self.replies) - 1) + [True]:
            raise ValueError("replies: exactly the last one must be final")
        for name in ("papers", "replies", "outcomes", "return_reasons"):
            codes = [item.code for item in getattr(self, name)]
            twice = sorted({code for code in codes if codes.count(code) > 1})
            if twice:
                raise ValueError(f"{name}: code {twice} is given twice")
        unknown = sorted(set(self.opens) - {outcome.code for outcome in self.outcomes})
        if unknown:
            raise ValueError(f"opens: {unknown} is no outcome of the flow")
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError(
                f"effective_to: {self.effective_to} is before effective_from {self.effective_from}"
            )
        return self

    def in_force(self, on: date) -> bool:
        """Whether this version is the law of that day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)
