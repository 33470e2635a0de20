"""What all message data share: strict models, parties, papers, and what every step states."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.classes import FreeText, Internal, Personal, Public, Sensitive
from schemas.identifiers import Code, CreditCode, DepartmentId, RegionCode, Sha256, Uuid, resident_id
from schemas.scalars import Count, Day, Line, Moment, Text

ROUTE = "route"


class Data(BaseModel):
    """Base of message data. A producer may send no field that the contract does not name; see `reader`.

    Validation errors leave the input out of their text, since it may be personal and errors end up in logs.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )


class Party(Data):
    """A person or organisation that the matter is about."""

    role: Internal[Code]
    """What the party is in the matter, by the flow's code list, e.g. `suspect`, `plaintiff`, `petitioner`."""
    name: Personal[Line]
    """Name of the person or organisation."""
    id_type: Internal[Code | None] = None
    """证件代码 by GA/T 517; `111` is the 公民身份号码, whose check character is then verified."""
    id_number: Sensitive[Line | None] = None
    """Number of the paper named by `id_type`."""
    credit_code: Internal[CreditCode | None] = None
    """统一社会信用代码 (GB 32100-2015), when the party is an organisation."""
    gender: Personal[Code | None] = None
    """性别 by GB/T 2261.1: `0` unknown, `1` male, `2` female, `9` not stated."""
    birth: Sensitive[Day | None] = None
    """Date of birth."""
    phone: Sensitive[Line | None] = None
    """Telephone number as the department holds it."""
    address: Personal[Line | None] = None
    """Place of residence or seat."""

    @model_validator(mode="after")
    def _resident_id_is_valid(self) -> Self:
        """证件代码 111 (GA/T 517) is the 公民身份号码, which has a check character."""
        if self.id_type == "111" and self.id_number is not None:
            try:
                resident_id(self.id_number)
            except ValueError as problem:
                raise ValueError(f"id_number: {problem}") from None
        return self


class Paper(Data):
    """A document that travels apart from the message: its catalogue name and the SHA-256 of its bytes."""

    code: Internal[Code]
    """Which paper of the flow's catalogue it is, e.g. `arrest_request`."""
    title: Internal[Line]
    """Title on the document, e.g. 提请批准逮捕书. Names no person."""
    sha256: Internal[Sha256]
    """SHA-256 of the file's bytes, lower-case hexadecimal; also the name under which the file is fetched."""
    size: Public[Count]
    """Length of the file in bytes."""
    media_type: Public[Annotated[str, StringConstraints(pattern=r"^[a-z]+/[A-Za-z0-9.+-]+$")]]
    """Media type of the file, e.g. `application/pdf` or `application/ofd`."""


LEAD = "lead"


class HandedPaper(Paper):
    """A paper of a referral, for all its receivers or for some."""

    to: Internal[list[DepartmentId]] = Field(default=[])
    """Whom it is for: co-handlers and copies by id, the lead as `lead`, whoever that comes to be. Empty: all receivers."""


class ReferralKind(StrEnum):
    """How the matter is handed over; the kinds differ in law: 转送 wants no report, 交办 wants one by a date.

    `forward` 转送, `assign` 交办, `transfer` 移送, `request` 提请, `entrust` 委托, `notify` 通报.
    """

    FORWARD = "forward"
    ASSIGN = "assign"
    TRANSFER = "transfer"
    REQUEST = "request"
    ENTRUST = "entrust"
    NOTIFY = "notify"


class Track(StrEnum):
    """Ordinary matters are done within a term; complex ones are listed, handled jointly and tracked."""

    ORDINARY = "ordinary"
    COMPLEX = "complex"


class Priority(StrEnum):
    """平急战: `normal` 平, `urgent` 急, `emergency` 战."""

    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class Weight(StrEnum):
    """How much a matter weighs 三事分流: `micro` 微事, `private` 私事, `minor` 小事, `major` 大事."""

    MICRO = "micro"
    PRIVATE = "private"
    MINOR = "minor"
    MAJOR = "major"


class OwnerRank(StrEnum):
    """The rank of the person on whom a task rests: `officer` 承办人, `section` 部门负责人, `leader` 包案领导."""

    OFFICER = "officer"
    SECTION = "section"
    LEADER = "leader"


class Act(Data):
    """What every step states: when it happened in law, under which document, by whom.

    `legal_at` is the moment in the document and may lie before the message; a back-dated one needs
    `backdated_reason`.
    """

    legal_at: Internal[Moment]
    """Legal moment of the step, as in its document. Clocks start here, not at the time of sending."""
    backdated_reason: FreeText[Text | None] = None
    """Why `legal_at` lies well before the message; required by the hub when it does."""
    document: Internal[Line | None] = None
    """Number of the document (文号) under which the step was taken."""
    officer: Personal[Line | None] = None
    """The officer who took the step."""
    note: FreeText[Text | None] = None
    """Anything else worth telling the other side. Read by people only."""


class ReferralAct(Act):
    """A step on a referral."""

    referral: Internal[Uuid]
    """Id of the referral, as in `task.assigned`; its sender can compute it (`derived_id`)."""


class TaskAct(ReferralAct):
    """A step on one task of a referral."""

    task: Internal[Uuid]
    """Id of the task, as in `task.assigned`."""


Region = Internal[RegionCode | None]
