"""What all message data share: strict models, parties, papers."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.classes import FreeText, Internal, Personal, Public, Sensitive
from schemas.identifiers import Code, CreditCode, RegionCode, Sha256, Uuid, resident_id

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]


class Data(BaseModel):
    """Base of message data. A producer may send no field that the contract does not name; see `reader`."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Party(Data):
    """A person or organisation that the matter is about."""

    role: Internal[Code]
    name: Personal[Line]
    id_type: Internal[Code | None] = None
    id_number: Sensitive[Line | None] = None
    credit_code: Internal[CreditCode | None] = None
    gender: Personal[Code | None] = None
    birth: Sensitive[date | None] = None
    phone: Sensitive[Line | None] = None
    address: Personal[Line | None] = None

    @model_validator(mode="after")
    def _resident_id_is_valid(self) -> Self:
        """证件代码 111 (GA/T 517) is the 公民身份号码, which has a check character."""
        if self.id_type == "111" and self.id_number is not None:
            resident_id(self.id_number)
        return self


class Paper(Data):
    """A document that travels apart from the message: catalogue name, and the SHA-256 under which it is stored."""

    code: Internal[Code]
    title: Internal[Line]
    sha256: Internal[Sha256]
    size: Public[Annotated[int, Field(ge=0)]]
    media_type: Public[Annotated[str, StringConstraints(pattern=r"^[a-z]+/[A-Za-z0-9.+-]+$")]]


class ReferralKind(StrEnum):
    """转送 is passed on without a report, 交办 wants a report by a date, 移送 hands the matter over; they differ in law."""

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
    """平急战."""

    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class Act(Data):
    """What every step states: when it happened in law, under which document, by whom.

    `legal_at` is the moment in the document and may lie before the message; a back-dated one needs `backdated_reason`.
    """

    legal_at: Internal[AwareDatetime]
    backdated_reason: FreeText[Text | None] = None
    document: Internal[Line | None] = None
    officer: Personal[Line | None] = None
    note: FreeText[Text | None] = None


class ReferralAct(Act):
    """A step on a referral."""

    referral: Internal[Uuid]


class TaskAct(ReferralAct):
    """A step on one task of a referral."""

    task: Internal[Uuid]


Region = Internal[RegionCode | None]
