"""What the hub decided: the facts that are appended to the journal and folded into the case.

Every field is open (never sealed). `e` is the stored name of the kind of event.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from hub.domain.case import MessageRef


@dataclass(slots=True)
class CaseOpened:
    """The first referral of the case arrived."""

    by: str
    e: Literal["case_opened"] = "case_opened"


@dataclass(slots=True)
class ReferralRaised:
    """A referral counts from here on: it is open until an event ends it."""

    referral: str
    flow: str
    flow_version: int
    kind: str
    sender: str
    lead: str
    local_number: str
    legal_at: str
    raised_at: str
    content: MessageRef
    opened_by: str | None = None
    e: Literal["referral_raised"] = "referral_raised"


@dataclass(slots=True)
class TaskAssigned:
    """A department has a task; from now on it is the accountable owner."""

    task: str
    referral: str
    department: str
    role: str
    at: str
    e: Literal["task_assigned"] = "task_assigned"


@dataclass(slots=True)
class TaskStepped:
    """A task took a step of the lifecycle table. `rung` is the receipt that this step is, if it is one."""

    task: str
    step: str
    state: str
    by: str
    at: str
    legal_at: str
    rung: str | None = None
    e: Literal["task_stepped"] = "task_stepped"


@dataclass(slots=True)
class ReceiptCameLate:
    """The first technical receipt came after a person had already signed: the state stays, the receipt counts."""

    task: str
    rung: str
    at: str
    e: Literal["receipt_came_late"] = "receipt_came_late"


@dataclass(slots=True)
class RequestOpened:
    """A request of a task (return, supplement) or of a referral (withdrawal) waits for the other side."""

    request: str
    referral: str
    task: str | None
    by: str
    at: str
    e: Literal["request_opened"] = "request_opened"


@dataclass(slots=True)
class RequestClosed:
    """The request was agreed, refused, provided, or given up for another."""

    request: str
    referral: str
    task: str | None
    verdict: str
    at: str
    e: Literal["request_closed"] = "request_closed"


@dataclass(slots=True)
class ReplyGiven:
    """One reply of the flow; the final one carries the outcome. `place`: its place (from 1) among the flow's replies."""

    task: str
    reply: str
    place: int
    final: bool
    outcome: str | None
    at: str
    e: Literal["reply_given"] = "reply_given"


@dataclass(slots=True)
class ReferralEnded:
    """Closed, returned or withdrawn."""

    referral: str
    state: str
    outcome: str | None
    at: str
    e: Literal["referral_ended"] = "referral_ended"


@dataclass(slots=True)
class ReferralReopened:
    """Sent back after it had been closed; it counts as open again."""

    referral: str
    at: str
    e: Literal["referral_reopened"] = "referral_reopened"


@dataclass(slots=True)
class LeadChanged:
    """Another department is the lead after an agreed return."""

    referral: str
    lead: str
    e: Literal["lead_changed"] = "lead_changed"


@dataclass(slots=True)
class NumberLearned:
    """A department's own number for the case (alias)."""

    department: str
    kind: str
    number: str
    referral: str
    task: str | None = None
    e: Literal["number_learned"] = "number_learned"


@dataclass(slots=True)
class ReferralCorrected:
    """Facts of the referral were corrected by this message; the named fields override the earlier content."""

    referral: str
    content: MessageRef
    fields: list[str]
    legal_at: str | None
    e: Literal["referral_corrected"] = "referral_corrected"


@dataclass(slots=True)
class FactRecorded:
    """A fact that clocks depend on, such as custody."""

    fact: str
    value: str
    legal_at: str
    e: Literal["fact_recorded"] = "fact_recorded"


@dataclass(slots=True)
class CaseLinked:
    """This half of a link between two cases."""

    other: str
    relation: str
    e: Literal["case_linked"] = "case_linked"


@dataclass(slots=True)
class CaseMerged:
    """This case goes on under another."""

    into: str
    e: Literal["case_merged"] = "case_merged"


@dataclass(slots=True)
class MessageWaits:
    """A message was parked because what it builds on is not here (`held`: or its sender's earlier one is not)."""

    message: MessageRef
    since: str
    held: bool = False
    e: Literal["message_waits"] = "message_waits"


@dataclass(slots=True)
class MessageTakenUp:
    """A parked message waits no longer."""

    message: MessageRef
    e: Literal["message_taken_up"] = "message_taken_up"


@dataclass(slots=True)
class RedeliveryGranted:
    """The relay sends again what this department was sent for the case, sequences first to last."""

    to: str
    first: int
    last: int
    e: Literal["redelivery_granted"] = "redelivery_granted"


@dataclass(slots=True)
class HubMessageIssued:
    """The hub sends itself a message about another case: two cases are never written in one transaction (5a.11)."""

    type: str
    case: str
    data: dict[str, Any]
    e: Literal["hub_message_issued"] = "hub_message_issued"


@dataclass(slots=True)
class PassedOn:
    """The message named its case by a department's number; it goes on to this case as it was signed (5a.1)."""

    case: str
    e: Literal["passed_on"] = "passed_on"


@dataclass(slots=True)
class Notified:
    """A record for one department: number `sequence` of this case for it.

    With an `actor`, the data of the message that is being decided is passed on, cut to `ceiling`. Without, `contents`
    name the messages whose data is put together. `own` are open fields that the hub sets on top.
    """

    to: str
    type: str
    sequence: int
    ceiling: int
    actor: str | None = None
    own: dict[str, Any] = field(default_factory=dict)
    contents: list[MessageRef] = field(default_factory=list)
    e: Literal["notified"] = "notified"


Event = (
    CaseOpened
    | ReferralRaised
    | TaskAssigned
    | TaskStepped
    | ReceiptCameLate
    | RequestOpened
    | RequestClosed
    | ReplyGiven
    | ReferralEnded
    | ReferralReopened
    | LeadChanged
    | NumberLearned
    | ReferralCorrected
    | FactRecorded
    | CaseLinked
    | CaseMerged
    | MessageWaits
    | MessageTakenUp
    | RedeliveryGranted
    | HubMessageIssued
    | PassedOn
    | Notified
)
