"""Messages about a whole referral: raised, withdrawn, corrected, followed up."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.classes import FreeText, Internal, Personal
from schemas.identifiers import Code, DepartmentId, Number, Uuid
from schemas.messages.base import (
    Act,
    Line,
    Paper,
    Party,
    Priority,
    ReferralAct,
    ReferralKind,
    Region,
    TaskAct,
    Text,
    Track,
)


class ReferralRaised(Act):
    """One hand-over 移送 / 转送 / 交办 / 委托 under one flow, to one lead 主办 and any co-handlers 协办 and copies 抄送.

    On a new case the subject must be `mint_case_id(source, local_number)`; on a known case the sender must be a party.
    """

    flow: Internal[Code]
    kind: Internal[ReferralKind]
    local_number: Internal[Number]
    number_kind: Internal[Code] = "case_number"
    title: FreeText[Line]
    summary: FreeText[Text | None] = None
    matter: Internal[Code | None] = None
    cause: Internal[Line | None] = None
    region: Region = None
    parties: Personal[list[Party]] = []
    papers: Internal[list[Paper]] = []
    lead: Internal[DepartmentId]
    co_handlers: Internal[list[DepartmentId]] = []
    copies: Internal[list[DepartmentId]] = []
    due_on: Internal[date | None] = None
    in_custody: Internal[bool | None] = None
    track: Internal[Track] = Track.ORDINARY
    priority: Internal[Priority] = Priority.NORMAL
    opened_by: Internal[Uuid | None] = None


class WithdrawalRequested(ReferralAct):
    """撤回: the sender wants the referral back. Takes effect at once while no receiver has signed, else the lead decides."""

    reason: FreeText[Text]


class WithdrawalDecided(ReferralAct):
    """The lead's answer to a withdrawal request."""

    agreed: Internal[bool]
    reason: FreeText[Text | None] = None


class ReplyConfirmed(TaskAct):
    """The sender accepts the result; where the flow wants one, with its own paper (执行回执)."""

    papers: Internal[list[Paper]] = []


class ReworkRequested(TaskAct):
    """退回重办: the sender does not accept the result."""

    reason: FreeText[Text]


class ReferralCorrected(ReferralAct):
    """更正 of facts already sent. The old value stays in the history; receivers are told."""

    fields: Internal[list[Code]]
    reason: FreeText[Text]
    title: FreeText[Line | None] = None
    summary: FreeText[Text | None] = None
    parties: Personal[list[Party] | None] = None
    matter: Internal[Code | None] = None
    region: Region = None
    in_custody: Internal[bool | None] = None

    @model_validator(mode="after")
    def _names_what_it_corrects(self) -> Self:
        allowed = {"title", "summary", "parties", "matter", "region", "in_custody", "legal_at"}
        unknown = [name for name in self.fields if name not in allowed]
        if not self.fields or unknown:
            raise ValueError(f"fields {unknown or self.fields!r}: must name at least one of {sorted(allowed)}")
        return self


class FollowupRecorded(ReferralAct):
    """回访 after the matter was closed, with the citizen's rating 1 (very poor) to 5 (very good)."""

    rating: Internal[Annotated[int, Field(ge=1, le=5)] | None] = None
    reached: Internal[bool]
    opinion: FreeText[Text | None] = None
    citizen: Personal[Line | None] = None
