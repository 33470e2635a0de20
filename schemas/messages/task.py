"""Messages of a receiving department about its task, and the sender's answers to its requests.

Four facts at four times: received (technical), signed 签收, accepted 受理, started.
"""

from datetime import date
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from schemas.classes import FreeText, Internal, Personal
from schemas.identifiers import Code, DepartmentId, Number, Uuid
from schemas.messages.base import Act, Data, Line, Paper, TaskAct, Text


class TaskReceived(Data):
    """Technical receipt: the department system stored the task, under this number of its own."""

    referral: Internal[Uuid]
    task: Internal[Uuid]
    received_at: Internal[AwareDatetime]
    local_number: Internal[Number | None] = None
    number_kind: Internal[Code] = "case_number"


class TaskSigned(TaskAct):
    """签收: a person in the department took the task; most clocks start here."""


class TaskAccepted(TaskAct):
    """受理: the department agrees that it is its matter. May give the number under which it is registered."""

    local_number: Internal[Number | None] = None
    number_kind: Internal[Code] = "case_number"


class ReturnProposed(TaskAct):
    """异议 / 退回 with a reason of the flow. The task stays until the sender (or the superior) agrees."""

    reason_code: Internal[Code]
    reason: FreeText[Text]
    suggested_to: Internal[DepartmentId | None] = None


class ReturnDecided(TaskAct):
    """The sender's answer to a return. Agreed with `reassign_to`: the task goes there; without: the referral is returned."""

    agreed: Internal[bool]
    reassign_to: Internal[DepartmentId | None] = None
    reason: FreeText[Text | None] = None


class SupplementRequested(TaskAct):
    """补正: papers or facts are missing."""

    papers_wanted: Internal[list[Line]]
    reason: FreeText[Text | None] = None


class SupplementProvided(TaskAct):
    """补充材料 as asked for."""

    papers: Internal[list[Paper]]


class TaskStarted(TaskAct):
    """Work began."""


class TaskProgressed(TaskAct):
    """A step worth telling the sender, such as 告知, 开庭通知, 立案. Changes no state."""

    step: Internal[Code]
    papers: Internal[list[Paper]] = []


class TaskExtended(TaskAct):
    """延长 of a clock by an authorised person."""

    clock: Internal[Code]
    amount: Internal[Annotated[int, Field(ge=1)]]
    unit: Internal[Code]
    approver: Personal[Line]
    reason: FreeText[Text]


class TaskExcluded(TaskAct):
    """扣除: a period that does not count (鉴定, 听证 …), both days included."""

    kind: Internal[Code]
    from_on: Internal[date]
    to_on: Internal[date]
    clock: Internal[Code | None] = None

    @model_validator(mode="after")
    def _period_runs_forward(self) -> Self:
        if self.to_on < self.from_on:
            raise ValueError(f"to_on {self.to_on} must not be before from_on {self.from_on}")
        return self


class TaskRestarted(TaskAct):
    """重新计算: the clock starts again from `legal_at`."""

    reason_code: Internal[Code]
    clock: Internal[Code | None] = None


class TaskHandedOver(TaskAct):
    """移交: another officer of the department becomes the owner 承办人."""

    to_officer: Personal[Line]
    reason: FreeText[Text | None] = None


class TaskReplied(TaskAct):
    """办结 / 结果: one reply of the flow, in order. The final one carries an outcome of the flow."""

    reply: Internal[Code]
    outcome: Internal[Code | None] = None
    papers: Internal[list[Paper]] = []
    result: FreeText[Text | None] = None


class RedeliveryRequested(Data):
    """A connector misses records of a case: deliver again what came to it from this sequence on."""

    from_sequence: Internal[Annotated[int, Field(ge=1)]]
    to_sequence: Internal[Annotated[int, Field(ge=1)] | None] = None


class CaseFactRecorded(Act):
    """A fact that clocks depend on: custody 羁押 changes, 换押, 变更强制措施, a new officer in charge."""

    fact: Internal[Code]
    value: Internal[Line]
    referral: Internal[Uuid | None] = None
