"""Messages of the hub to a department, beyond the steps of others that it passes on under their own type."""

from enum import StrEnum

from pydantic import Field

from schemas.classes import FreeText, Internal, OfPerson, Public
from schemas.identifiers import Code, DepartmentId, Number, Sha256, Uuid
from schemas.messages.base import Data, OwnerRank, Paper, Party, Priority, ReferralKind, Region, Track
from schemas.scalars import Count, Day, Flag, Line, Moment, Text


class TaskRole(StrEnum):
    """主办 is accountable, 协办 helps, 抄送 is told."""

    LEAD = "lead"
    CO_HANDLER = "co_handler"
    COPY = "copy"


class TaskAssigned(Data):
    """A task for this department. What its role may not see is left out."""

    referral: Internal[Uuid]
    """Id of the referral; name it in every step."""
    task: Internal[Uuid]
    """Id of this department's task; name it in every step."""
    role: Internal[TaskRole]
    """What this department is in the referral."""
    flow: Internal[Code]
    """Id of the flow, e.g. `F1`."""
    kind: Internal[ReferralKind]
    """Kind of hand-over."""
    sender: Internal[DepartmentId]
    """The department that raised the referral."""
    sender_number: Internal[Number]
    """The sender's own number for the matter."""
    lead: Internal[DepartmentId]
    """主办: the accountable department."""
    co_handlers: Internal[list[DepartmentId]] = Field(default=[])
    """协办: the departments that help it."""
    legal_at: Internal[Moment]
    """Legal moment of the referral, as in its document."""
    document: Internal[Line | None] = None
    """Number of the sender's document (文号)."""
    title: FreeText[Line | None] = None
    """Title of the matter in one line."""
    summary: FreeText[Text | None] = None
    """What the matter is about."""
    matter: Internal[Code | None] = None
    """Code of the kind of matter."""
    cause: Internal[Line | None] = None
    """案由 in words of the catalogue."""
    region: Region = None
    """Region of the matter: 6 digits of GB/T 2260, or 9 or 12 with town and village."""
    parties: OfPerson[list[Party]] = Field(default=[])
    """The parties, with the fields that this department's role may see."""
    papers: Internal[list[Paper]] = Field(default=[])
    """The papers handed over; fetched by their SHA-256."""
    due_on: Internal[Day | None] = None
    """Last day for the reply as the sender set it (交办)."""
    in_custody: Internal[Flag | None] = None
    """Whether a suspect or defendant is in custody 在押."""
    track: Internal[Track] = Track.ORDINARY
    """Whether the matter is ordinary or complex."""
    priority: Internal[Priority] = Priority.NORMAL
    """Urgency."""
    opened_by: Internal[Uuid | None] = None
    """Id of the earlier referral in this case whose outcome led to this one, if any."""
    channels: Internal[list[Code]] = Field(default=[])
    """How else the department is to be reached, as the matter's priority wants, e.g. `duty_phone`; empty for most."""


class ReferralRouted(Data):
    """The duty list gave the lead of a referral whose sender named none (`lead` was `route`)."""

    referral: Internal[Uuid]
    """Id of the referral."""
    task: Internal[Uuid]
    """Id of the lead's task."""
    lead: Internal[DepartmentId]
    """主办: the department whose matter it is."""
    by: Internal[Code]
    """Name of the duty list 权责清单."""
    article: Internal[str]
    """Law and article of the row."""


class OwnerNamed(Data):
    """A person owns the task: the leader who received the citizen (领导接访), or the officer posted to the hall (驻岗)."""

    referral: Internal[Uuid]
    """Id of the referral."""
    task: Internal[Uuid]
    """Id of the task."""
    officer_id: Internal[Code]
    """Officer id of the owner."""
    rank: Internal[OwnerRank]
    """Rank of the owner; a later owner has at least this one."""
    ground: Internal[Code]
    """Why: `reception`; or how the officer is posted to the hall: `resident` 常驻, `rota` 轮驻, `on_call` 随驻."""


class OwnerWanted(Data):
    """The risk of the matter has risen: it wants an owner of at least this rank; `task.handed_over` names one."""

    referral: Internal[Uuid]
    """Id of the referral."""
    task: Internal[Uuid]
    """Id of the task."""
    rank: Internal[OwnerRank]
    """The lowest rank that the owner may have."""
    risk: Internal[Code]
    """The level of risk, e.g. `high`."""
    priority: Internal[Priority]
    """Priority of the referral from now on."""


class TaskCancelled(Data):
    """The task has ended here without a reply: returned, withdrawn, or closed with the lead's."""

    referral: Internal[Uuid]
    """Id of the referral."""
    task: Internal[Uuid]
    """Id of the task that has ended."""
    reason: Internal[Code]
    """Why: e.g. `returned`, `withdrawn`, `lead_closed`."""


class NextReferral(Data):
    """A referral that the receiver of this message may or must raise next in the same case, naming this one in `opened_by`."""

    flow: Internal[Code]
    """Id of the flow under which it is raised."""
    must: Internal[Flag]
    """True: the law or the flow demands it. False: it is open to the department."""


class ReferralClosed(Data):
    """The referral has ended: closed, returned or withdrawn."""

    referral: Internal[Uuid]
    """Id of the referral."""
    state: Internal[Code]
    """How it ended: `closed`, `returned` or `withdrawn`."""
    outcome: Internal[Code | None] = None
    """The flow's outcome of the lead's final reply; null unless closed."""
    opens: Internal[list[NextReferral]] = Field(default=[])
    """What this outcome opens for the receiver of this message, by the flow; empty for all others."""


class ReferralReopened(Data):
    """A follow-up found the citizen not satisfied: the referral is open again, the lead owes the final reply anew."""

    referral: Internal[Uuid]
    """Id of the referral."""
    task: Internal[Uuid]
    """Id of the lead's task, which is being handled again."""
    reopenings: Internal[Count]
    """How often the referral was opened again, this time included."""


class ReferralEscalated(Data):
    """A dispute over whose matter it is went up: who may decide now, whose it is, and who takes it."""

    referral: Internal[Uuid]
    """Id of the referral."""
    task: Internal[Uuid]
    """Id of the task whose return is asked for."""
    returns: Internal[Count]
    """How often a return was asked for in this referral, this time included."""
    superior: Internal[DepartmentId | None] = None
    """The department that may now decide besides the sender; null when the directory names no superior."""
    stage: Internal[Code] = "superior"
    """Before whom the dispute is: `superior`, or `conference` for the joint conference 联席会议, whose decision is the last."""
    why: Internal[Code] = "limit"
    """Why: the returns reached the flow's `limit`, the decision is `overdue`, or consulting has `not_settled` it."""
    hands: Internal[Count | None] = None
    """Through how many departments' hands the matter went as lead, this one included."""


class OwnershipChanged(Data):
    """首接首办: who owns the matter while it goes from one lead to another."""

    referral: Internal[Uuid]
    """Id of the referral."""
    owner: Internal[DepartmentId]
    """The department that answers for it from now on."""
    ground: Internal[Code]
    """Why: `first_receiver` keeps it until another accepts; `accepted` by another; `came_back` to the first receiver."""


class DuplicateOffered(Data):
    """疑似重复件: an earlier case that is open may be the same matter as this one, which rests on you. Nothing was linked.

    Answer with `case.linked`, `case.merged` or `duplicate.dismissed`; an offer that is answered is not made again.
    """

    other_case: Internal[Uuid]
    """The earlier case."""
    combination: Internal[Code]
    """Which combination of the city's data the two fulfil, e.g. `number_and_kind`."""
    agrees: Internal[list[Code]]
    """What agrees: `name`, `id_number`, `phone`, `credit_code`, `place_6`, `_9`, `_12`, `matter_class`, `matter_kind`."""
    rests_with: Internal[list[DepartmentId]]
    """The leads of its open referrals, whom to ask."""


class ReceiptOutcome(StrEnum):
    """What became of a record. Each of them ends re-sending."""

    SUBMITTED = "submitted"
    REFUSED = "refused"
    PARKED = "parked"


class Receipt(Data):
    """One record of the sender and what became of it. A duplicate gets its recorded outcome again."""

    topic: Public[str]
    """Topic of the record."""
    partition: Public[Count]
    """Partition of the record."""
    offset: Public[Count]
    """Offset of the record."""
    message: Internal[str | None] = None
    """`ce_id` of the record; null when it could not be read, or its sender not be proved."""
    claim: Public[Sha256 | None] = None
    """SHA-256 of the record's `ce_id` where `message` is null: with the place it names the sender's own message."""
    outcome: Public[ReceiptOutcome]
    """What became of it."""
    reason: Public[Code | None] = None
    """Name of the refusal or of the reason for parking; null when submitted."""
    duplicate: Public[Flag] = False
    """Whether a message with this id had been taken before; the outcome is that of the first."""


class ReceiptsIssued(Data):
    """Many receipts in one record."""

    receipts: Internal[list[Receipt]]
    """The receipts, in the order of the records."""


class MessageRefused(Data):
    """A message of the receiver was refused: by which named reason, and what would be allowed."""

    message: Internal[str]
    """`ce_id` of the refused message."""
    type: Internal[str]
    """`ce_type` of the refused message."""
    reason: Internal[Code]
    """Name of the refusal; the list is in the reference of refusals."""
    detail: Internal[str]
    """What exactly was not allowed, in English."""
    detail_zh: Internal[str]
    """The same in Chinese, for the officer."""
    allowed: Internal[list[str]] = Field(default=[])
    """What would be allowed instead, e.g. the message types possible in this state."""
