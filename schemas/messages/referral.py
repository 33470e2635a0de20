"""Messages about a whole referral: raised, withdrawn, corrected, followed up."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.classes import FreeText, Internal, OfPerson, Personal
from schemas.identifiers import Code, DepartmentId, Number, Uuid
from schemas.messages.base import (
    Act,
    HandedPaper,
    Paper,
    Party,
    Priority,
    ReferralAct,
    ReferralKind,
    Region,
    TaskAct,
    Track,
    Weight,
)
from schemas.scalars import Day, Flag, Line, Moment, Text


class ReferralRaised(Act):
    """One hand-over 移送 / 转送 / 交办 / 委托 under one flow, to one lead, any co-handlers and copies.

    On a new case the subject must be `mint_case_id(source, local_number)`; on a known case the sender must be
    a party.
    """

    flow: Internal[Code]
    """Id of the flow, e.g. `F1`; says which departments, papers, replies, outcomes and clocks apply."""
    kind: Internal[ReferralKind]
    """Kind of hand-over; one that the flow allows."""
    local_number: Internal[Number]
    """The sender's own number for the matter (案号, 受案号, 信访编号 …), the same at each re-send."""
    number_kind: Internal[Code] = "case_number"
    """Which of the sender's numbers `local_number` is, for departments that keep several."""
    title: FreeText[Line]
    """Title of the matter in one line."""
    summary: FreeText[Text | None] = None
    """What the matter is about."""
    matter: Internal[Code | None] = None
    """Code of the kind of matter, e.g. 纠纷类型 `0102` of GB/T 31000."""
    cause: Internal[Line | None] = None
    """案由 in words of the catalogue, e.g. 故意伤害罪. Names no person."""
    region: Region = None
    """Region of the matter: 6 digits of GB/T 2260, or 9 or 12 with town and village."""
    parties: OfPerson[list[Party]] = Field(default=[])
    """The persons and organisations that the matter is about."""
    papers: Internal[list[HandedPaper]] = Field(default=[])
    """The papers handed over; those that the flow requires must be among them."""
    lead: Internal[DepartmentId]
    """主办: the one accountable receiver. `route`: the hub finds it by the duty list 权责清单 (吹哨)."""
    co_handlers: Internal[list[DepartmentId]] = Field(default=[])
    """协办: departments that help the lead; each gets a task of its own."""
    copies: Internal[list[DepartmentId]] = Field(default=[])
    """抄送: departments that are told and need not answer."""
    due_on: Internal[Day | None] = None
    """Last day for the reply as the sender set it (交办). The deadlines of the law are computed beside it."""
    in_custody: Internal[Flag | None] = None
    """Whether a suspect or defendant is in custody 在押; null where that means nothing. Changes due dates."""
    track: Internal[Track] = Track.ORDINARY
    """Whether the matter is ordinary or complex."""
    priority: Internal[Priority] = Priority.NORMAL
    """Urgency."""
    weight: Internal[Weight | None] = None
    """How much the matter weighs 三事分流: says on which level it is settled and, with `matter`, whose it is."""
    admission: Internal[Line | None] = None
    """Number of the document by which the matter may be handed to a community 社区准入, where that needs one."""
    leader: Personal[Line | None] = None
    """领导接访: the leader who received the citizen."""
    leader_id: Internal[Code | None] = None
    """Officer id of that leader, who becomes the owner of the lead's task."""
    opened_by: Internal[Uuid | None] = None
    """Id of the earlier referral in this case whose outcome led to this one, if any."""


class WithdrawalRequested(ReferralAct):
    """撤回: the sender wants the referral back.

    Takes effect at once while no receiver has signed; else the lead decides.
    """

    reason: FreeText[Text]
    """Why the sender wants it back."""


class WithdrawalDecided(ReferralAct):
    """The lead's answer to a withdrawal request."""

    agreed: Internal[Flag]
    """True: the referral ends as withdrawn. False: it goes on."""
    reason: FreeText[Text | None] = None
    """Why, above all when not agreed."""


class ReplyConfirmed(TaskAct):
    """The sender accepts the result; where the flow wants one, with its own paper (执行回执)."""

    papers: Internal[list[Paper]] = Field(default=[])
    """Papers of the confirmation that the flow asks for."""


class ReworkRequested(TaskAct):
    """退回重办: the sender does not accept the result."""

    reason: FreeText[Text]
    """What is wrong with the result and what is expected."""


class ReferralCorrected(ReferralAct):
    """更正 of facts already sent. The old value stays in the history; receivers are told.

    Every field named in `fields` takes the value given here; one that is named and not given is emptied
    (`title`, `parties` and `legal_at` can't be). A field that is given must be named.
    """

    fields: Internal[list[Code]]
    """Names of what is corrected, of the fields below; the legal moment goes by `legal_at`."""
    reason: FreeText[Text]
    """Why the earlier value was wrong."""
    title: FreeText[Line | None] = None
    """The corrected title."""
    summary: FreeText[Text | None] = None
    """The corrected summary."""
    parties: OfPerson[list[Party] | None] = None
    """All parties as they should have been, not only the corrected one."""
    matter: Internal[Code | None] = None
    """The corrected code of the kind of matter."""
    region: Region = None
    """The corrected region."""
    in_custody: Internal[Flag | None] = None
    """The corrected statement about custody."""
    corrected_legal_at: Internal[Moment | None] = None
    """The legal moment that the referral should have had. `legal_at` is that of the correction itself."""

    @model_validator(mode="after")
    def _names_what_it_corrects(self) -> Self:
        holders = {name: name for name in ("title", "summary", "parties", "matter", "region", "in_custody")}
        holders["legal_at"] = "corrected_legal_at"
        unknown = [name for name in self.fields if name not in holders]
        if not self.fields or unknown:
            raise ValueError(f"fields {unknown or self.fields!r}: must name one or more of {sorted(holders)}")
        for name, holder in holders.items():
            given = getattr(self, holder) is not None
            if given and name not in self.fields:
                raise ValueError(f"{holder}: is given, but fields {self.fields!r} does not name {name!r}")
            if name in self.fields and not given and name in ("title", "parties", "legal_at"):
                raise ValueError(f"{holder}: fields names {name!r}, which can't be emptied: give a value")
        return self


class FollowupRecorded(ReferralAct):
    """回访 after the matter was closed, with the citizen's rating 1 (very poor) to 5 (very good)."""

    rating: Internal[Annotated[int, Field(strict=True, ge=1, le=5)] | None] = None
    """The citizen's rating of the handling; null when none was given."""
    reached: Internal[Flag]
    """Whether the citizen was reached."""
    opinion: FreeText[Text | None] = None
    """What the citizen said."""
    citizen: OfPerson[Line | None] = None
    """Name of the citizen who was asked."""
    satisfied: Internal[Flag | None] = None
    """Whether the rating counts as satisfied by the flow; the hub sets it on the way out."""
    reopened: Internal[Flag | None] = None
    """Whether the referral is open again because of it; the hub sets it on the way out."""
