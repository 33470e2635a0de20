"""Messages of a receiving department about its task, and the sender's answers to its requests.

Four facts at four times: received (technical), signed 签收, accepted 受理, started.
"""

from typing import Self

from pydantic import Field, model_validator

from schemas.classes import FreeText, Internal, Personal
from schemas.identifiers import Code, DepartmentId, Number, Uuid
from schemas.messages.base import Act, Data, OwnerRank, Paper, TaskAct
from schemas.scalars import Day, Flag, Line, Moment, Ordinal, Text


class TaskReceived(Data):
    """Technical receipt: the department system stored the task, under this number of its own."""

    referral: Internal[Uuid]
    """Id of the referral, as in `task.assigned`."""
    task: Internal[Uuid]
    """Id of the task, as in `task.assigned`."""
    received_at: Internal[Moment]
    """When the department system stored the task. Starts no clock of the law."""
    local_number: Internal[Number | None] = None
    """The receiver's own number for the matter, if it has one already."""
    number_kind: Internal[Code] = "case_number"
    """Which of the receiver's numbers `local_number` is."""


class TaskSigned(TaskAct):
    """签收: a person in the department took the task; most clocks start here."""


class TaskAccepted(TaskAct):
    """受理: the department agrees that it is its matter. May give the number under which it is registered."""

    local_number: Internal[Number | None] = None
    """The number under which the receiver registered the matter (案号, 受案号 …)."""
    number_kind: Internal[Code] = "case_number"
    """Which of the receiver's numbers `local_number` is."""


class ReturnProposed(TaskAct):
    """异议 / 退回 with a reason of the flow. The task stays until the sender (or the superior) agrees."""

    reason_code: Internal[Code]
    """One of the flow's return reasons, e.g. `not_in_remit`."""
    reason: FreeText[Text]
    """The detailed reasons that the law asks for (e.g. 信访工作条例 23)."""
    suggested_to: Internal[DepartmentId | None] = None
    """The department whose matter it is in the receiver's view."""


class ReturnDecided(TaskAct):
    """The sender's answer to a return.

    Agreed with `reassign_to`, the task goes there; agreed without, the referral is returned.
    """

    agreed: Internal[Flag]
    """True: the task leaves the receiver. False: it stays."""
    reassign_to: Internal[DepartmentId | None] = None
    """The department that gets the task instead; only when agreed."""
    admission: Internal[Line | None] = None
    """Number of the document by which the matter may be handed to a community 社区准入, where that needs one."""
    reason: FreeText[Text | None] = None
    """Why, above all when not agreed."""

    @model_validator(mode="after")
    def _reassigns_only_when_agreed(self) -> Self:
        if self.reassign_to is not None and not self.agreed:
            raise ValueError(f"reassign_to {self.reassign_to!r}: must be left out when not agreed")
        return self


class ReturnConsulted(TaskAct):
    """协商: what came of talking with the departments concerned about a return that waits for a decision.

    Settled, the decision follows. Not settled, the dispute goes up: to the superior, and from there to the joint conference.
    """

    with_departments: Internal[list[DepartmentId]] = Field(default=[])
    """The departments that were consulted."""
    settled: Internal[Flag]
    """Whether they agree whose matter it is."""


class SupplementRequested(TaskAct):
    """补正: papers or facts are missing."""

    papers_wanted: Internal[list[Line]]
    """Titles of the papers that are missing; may be empty when only facts are, which `reason` then names."""
    reason: FreeText[Text | None] = None
    """What is missing and why it is needed."""


class SupplementProvided(TaskAct):
    """补充材料 as asked for."""

    papers: Internal[list[Paper]]
    """The papers that were missing; empty when only facts were, which `note` then gives."""


class TaskStarted(TaskAct):
    """Work began."""


class TaskProgressed(TaskAct):
    """A step worth telling the sender, such as 告知, 开庭通知, 立案. Changes no state."""

    step: Internal[Code]
    """Code of the step, e.g. `hearing_notice`."""
    papers: Internal[list[Paper]] = Field(default=[])
    """Papers of the step."""


class TaskExtended(TaskAct):
    """延长 of a clock by an authorised person."""

    clock: Internal[Code]
    """Id of the clock, as in the deadline rules of the flow."""
    amount: Internal[Ordinal]
    """How many units are added."""
    unit: Internal[Code]
    """Unit of `amount`, one of those of the deadline rules."""
    approver: Personal[Line]
    """The person who approved it and may do so by law."""
    reason: FreeText[Text]
    """Why more time is needed."""


class TaskExcluded(TaskAct):
    """扣除: a period that does not count (鉴定, 听证 …), both days included."""

    kind: Internal[Code]
    """Ground of the exclusion, e.g. `appraisal`, `hearing`."""
    from_on: Internal[Day]
    """First day that does not count."""
    to_on: Internal[Day]
    """Last day that does not count; not before `from_on`."""
    clock: Internal[Code | None] = None
    """The clock that it concerns; null for every clock of the task that allows the ground."""

    @model_validator(mode="after")
    def _period_runs_forward(self) -> Self:
        if self.to_on < self.from_on:
            raise ValueError(f"to_on {self.to_on} must not be before from_on {self.from_on}")
        return self


class TaskRestarted(TaskAct):
    """重新计算: the clock starts again from `legal_at`."""

    reason_code: Internal[Code]
    """Ground of the restart, e.g. `new_offence_found`."""
    clock: Internal[Code | None] = None
    """The clock that it concerns; null for every clock of the task that allows the ground."""


class TaskHandedOver(TaskAct):
    """移交: another officer of the department becomes the owner 承办人."""

    to_officer: Personal[Line]
    """The officer with whom the task rests from now on."""
    officer_id: Internal[Code | None] = None
    """The department's own id of that officer; says nothing about the person to others."""
    rank: Internal[OwnerRank | None] = None
    """Rank of that officer: `officer` unless given. A matter of high risk wants a higher one (包案)."""
    reason: FreeText[Text | None] = None
    """Why it was handed over."""


class TaskReplied(TaskAct):
    """办结 / 结果: one reply of the flow, in order. The final one carries an outcome of the flow."""

    reply: Internal[Code]
    """Which reply of the flow it is, e.g. `decision`."""
    outcome: Internal[Code | None] = None
    """One of the flow's outcomes; only, and always, with the final reply."""
    papers: Internal[list[Paper]] = Field(default=[])
    """Papers of the reply, e.g. the decision itself."""
    result: FreeText[Text | None] = None
    """The result in words."""


class RedeliveryRequested(Data):
    """A connector misses records of a case (the subject): deliver again from this sequence on."""

    from_sequence: Internal[Ordinal]
    """The first `ce_sequence` that is missing."""
    to_sequence: Internal[Ordinal | None] = None
    """The last one that is missing; null for all up to now."""

    @model_validator(mode="after")
    def _range_runs_forward(self) -> Self:
        if self.to_sequence is not None and self.to_sequence < self.from_sequence:
            raise ValueError(f"to_sequence {self.to_sequence} must not be below {self.from_sequence}")
        return self


class CaseFactRecorded(Act):
    """A fact that clocks depend on: custody 羁押 changes, 换押, 变更强制措施, a new officer in charge."""

    fact: Internal[Code]
    """Code of the fact, e.g. `custody`."""
    value: Internal[Line]
    """Its value from `legal_at` on, e.g. `in_custody`, `released_on_bail`. Names no person."""
    referral: Internal[Uuid | None] = None
    """The referral that it concerns; null for the whole case."""
