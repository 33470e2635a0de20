"""Messages that the hub writes to a department, beyond the steps of others that it passes on under their own type."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from schemas.classes import FreeText, Internal, Personal, Public
from schemas.identifiers import Code, DepartmentId, Number, Uuid
from schemas.messages.base import Data, Line, Paper, Party, Priority, ReferralKind, Region, Text, Track


class TaskRole(StrEnum):
    """主办 is accountable, 协办 helps, 抄送 is told."""

    LEAD = "lead"
    CO_HANDLER = "co_handler"
    COPY = "copy"


class TaskAssigned(Data):
    """A task for this department. What its role may not see is left out."""

    referral: Internal[Uuid]
    task: Internal[Uuid]
    role: Internal[TaskRole]
    flow: Internal[Code]
    kind: Internal[ReferralKind]
    sender: Internal[DepartmentId]
    sender_number: Internal[Number]
    lead: Internal[DepartmentId]
    co_handlers: Internal[list[DepartmentId]] = []
    legal_at: Internal[AwareDatetime]
    document: Internal[Line | None] = None
    title: FreeText[Line | None] = None
    summary: FreeText[Text | None] = None
    matter: Internal[Code | None] = None
    cause: Internal[Line | None] = None
    region: Region = None
    parties: Personal[list[Party]] = []
    papers: Internal[list[Paper]] = []
    due_on: Internal[date | None] = None
    in_custody: Internal[bool | None] = None
    track: Internal[Track] = Track.ORDINARY
    priority: Internal[Priority] = Priority.NORMAL
    opened_by: Internal[Uuid | None] = None


class TaskCancelled(Data):
    """The task has ended here without a reply of this department: returned, withdrawn, or closed with the lead's."""

    referral: Internal[Uuid]
    task: Internal[Uuid]
    reason: Internal[Code]


class ReferralClosed(Data):
    """The referral has ended: closed, returned or withdrawn."""

    referral: Internal[Uuid]
    state: Internal[Code]
    outcome: Internal[Code | None] = None


class ReceiptOutcome(StrEnum):
    """What became of a record. Each of them ends re-sending."""

    SUBMITTED = "submitted"
    REFUSED = "refused"
    PARKED = "parked"


class Receipt(Data):
    """One record of the sender and what became of it. A duplicate gets its recorded outcome again."""

    topic: Public[str]
    partition: Public[Annotated[int, Field(ge=0)]]
    offset: Public[Annotated[int, Field(ge=0)]]
    message: Internal[str | None] = None
    outcome: Public[ReceiptOutcome]
    reason: Public[Code | None] = None
    duplicate: Public[bool] = False


class ReceiptsIssued(Data):
    """Many receipts in one record."""

    receipts: Internal[list[Receipt]]


class MessageRefused(Data):
    """A message of the receiver was refused: by which named reason, and what would be allowed."""

    message: Internal[str]
    type: Internal[str]
    reason: Internal[Code]
    detail: Internal[str]
    detail_zh: Internal[str]
    allowed: Internal[list[str]] = []
