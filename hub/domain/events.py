"""What the hub decided: the facts that are appended to the journal and folded into the case.

Every field is open (never sealed). `e` is the stored name of the kind of event.
"""

from typing import Any, ClassVar, Literal

from msgspec import field

from hub.domain.case import MessageRef
from hub.domain.deadline_events import (
    BreachAnnulled,
    DateLifted,
    DateSet,
    DeadlineBreached,
    DeadlineEnded,
    DeadlineRecomputed,
    DeadlineStarted,
    DeadlineWarned,
    ReceiptMissed,
)
from hub.domain.duplicate_events import DuplicateAnswered, DuplicateOffered
from hub.domain.fact import Fact
from hub.domain.order_events import Erased, HoldReleased, HoldSet
from hub.domain.supervision_events import (
    FollowedUp,
    SupervisionAnswered,
    SupervisionCleared,
    SupervisionRaised,
)


class CaseOpened(Fact, tag="case_opened"):
    """The first referral of the case arrived."""

    by: str
    e: ClassVar[Literal["case_opened"]] = "case_opened"


class ReferralRaised(Fact, tag="referral_raised"):
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
    due_on: str | None = None
    track: str = "ordinary"
    priority: str = "normal"
    matter: str | None = None
    region: str | None = None
    weight: str | None = None
    e: ClassVar[Literal["referral_raised"]] = "referral_raised"


class ReferralRouted(Fact, tag="referral_routed"):
    """The sender named no lead: this row of this duty list gave it. `row`: its place in the list, from 1."""

    referral: str
    lead: str
    by: str
    row: int
    article: str
    e: ClassVar[Literal["referral_routed"]] = "referral_routed"


class TaskAssigned(Fact, tag="task_assigned"):
    """A department has a task; from now on it is the accountable owner."""

    task: str
    referral: str
    department: str
    role: str
    at: str
    e: ClassVar[Literal["task_assigned"]] = "task_assigned"


class TaskStepped(Fact, tag="task_stepped"):
    """A task took a step of the lifecycle table. `rung` is the receipt that this step is, if it is one."""

    task: str
    step: str
    state: str
    by: str
    at: str
    legal_at: str
    rung: str | None = None
    e: ClassVar[Literal["task_stepped"]] = "task_stepped"


class ReceiptCameLate(Fact, tag="receipt_came_late"):
    """The first technical receipt came after a person had already signed: the state stays, the receipt counts."""

    task: str
    rung: str
    at: str
    e: ClassVar[Literal["receipt_came_late"]] = "receipt_came_late"


class RequestOpened(Fact, tag="request_opened"):
    """A request of a task (return, supplement) or of a referral (withdrawal) waits for the other side.

    `returns`: of a return, how many were asked for in this referral, this one included.
    """

    request: str
    referral: str
    task: str | None
    by: str
    at: str
    returns: int = 0
    e: ClassVar[Literal["request_opened"]] = "request_opened"


class RequestClosed(Fact, tag="request_closed"):
    """The request was agreed, refused, provided, or given up for another."""

    request: str
    referral: str
    task: str | None
    verdict: str
    at: str
    e: ClassVar[Literal["request_closed"]] = "request_closed"


class ReplyGiven(Fact, tag="reply_given"):
    """One reply of the flow; the final one carries the outcome. `place`: its place (from 1) among the flow's replies."""

    task: str
    reply: str
    place: int
    final: bool
    outcome: str | None
    at: str
    e: ClassVar[Literal["reply_given"]] = "reply_given"


class ReferralEnded(Fact, tag="referral_ended"):
    """Closed, returned or withdrawn."""

    referral: str
    state: str
    outcome: str | None
    at: str
    e: ClassVar[Literal["referral_ended"]] = "referral_ended"


class ReferralReopened(Fact, tag="referral_reopened"):
    """Sent back after it had been closed; it counts as open again."""

    referral: str
    at: str
    e: ClassVar[Literal["referral_reopened"]] = "referral_reopened"


class LeadChanged(Fact, tag="lead_changed"):
    """Another department is the lead after an agreed return. `hands`: through how many departments' hands it went by now."""

    referral: str
    lead: str
    hands: int = 0
    e: ClassVar[Literal["lead_changed"]] = "lead_changed"


class ReferralEscalated(Fact, tag="referral_escalated"):
    """A dispute over whose matter it is went up. `to`: who may decide now; None: the directory names nobody.

    `stage`: `superior` or `conference`; `why`: the returns reached the flow's `limit`, the time to decide is `overdue`, or
    the parties were `not_settled` by consulting each other.
    """

    referral: str
    task: str
    returns: int
    at: str
    to: str | None = None
    stage: str = "superior"
    why: str = "limit"
    e: ClassVar[Literal["referral_escalated"]] = "referral_escalated"


class DisputeSettled(Fact, tag="dispute_settled"):
    """The joint conference has decided whose matter it is: there is no further return in this referral."""

    referral: str
    by: str
    at: str
    e: ClassVar[Literal["dispute_settled"]] = "dispute_settled"


class OwnershipKept(Fact, tag="ownership_kept"):
    """首接首办: who received the matter first owns it while another has not accepted it. `by` None: it no longer does."""

    referral: str
    by: str | None
    at: str
    e: ClassVar[Literal["ownership_kept"]] = "ownership_kept"


class OwnerNamed(Fact, tag="owner_named"):
    """A person owns the task, by the department's own id; None: it gave none. `ground`: `reception`, `handed_over`,
    or how the officer is posted to the hall that took the matter in: `resident`, `rota`, `on_call`.
    """

    task: str
    officer: str | None
    rank: str
    ground: str
    at: str
    e: ClassVar[Literal["owner_named"]] = "owner_named"


class OwnerRankWanted(Fact, tag="owner_rank_wanted"):
    """From now on the owner of the lead's task has at least this rank."""

    referral: str
    rank: str
    at: str
    e: ClassVar[Literal["owner_rank_wanted"]] = "owner_rank_wanted"


class ReferralPrioritised(Fact, tag="referral_prioritised"):
    """The risk of the matter has risen, and its priority with it."""

    referral: str
    priority: str
    at: str
    e: ClassVar[Literal["referral_prioritised"]] = "referral_prioritised"


class NumberLearned(Fact, tag="number_learned"):
    """A department's own number for the case (alias)."""

    department: str
    kind: str
    number: str
    referral: str
    task: str | None = None
    e: ClassVar[Literal["number_learned"]] = "number_learned"


class ReferralCorrected(Fact, tag="referral_corrected"):
    """Facts of the referral were corrected by this message; the named fields override the earlier content.

    `values`: what matter and region are now, where they were corrected.
    """

    referral: str
    content: MessageRef
    fields: list[str]
    legal_at: str | None
    values: dict[str, str | None] = field(default_factory=dict)
    e: ClassVar[Literal["referral_corrected"]] = "referral_corrected"


class FactRecorded(Fact, tag="fact_recorded"):
    """A fact that clocks depend on, such as custody."""

    fact: str
    value: str
    legal_at: str
    e: ClassVar[Literal["fact_recorded"]] = "fact_recorded"


class CaseLinked(Fact, tag="case_linked"):
    """This half of a link between two cases."""

    other: str
    relation: str
    e: ClassVar[Literal["case_linked"]] = "case_linked"


class CaseMerged(Fact, tag="case_merged"):
    """This case goes on under another."""

    into: str
    e: ClassVar[Literal["case_merged"]] = "case_merged"


class MessageWaits(Fact, tag="message_waits"):
    """A message was parked because what it builds on is not here (`held`: or its sender's earlier one is not)."""

    message: MessageRef
    since: str
    held: bool = False
    e: ClassVar[Literal["message_waits"]] = "message_waits"


class MessageTakenUp(Fact, tag="message_taken_up"):
    """A parked message waits no longer."""

    message: MessageRef
    e: ClassVar[Literal["message_taken_up"]] = "message_taken_up"


class RedeliveryGranted(Fact, tag="redelivery_granted"):
    """The relay sends again what this department was sent for the case: sequences first to last, and its refusals.

    `order`: operators ordered it, and the records say so; else the department's connector asked.
    """

    to: str
    first: int
    last: int
    order: str | None = None
    e: ClassVar[Literal["redelivery_granted"]] = "redelivery_granted"


class HubMessageIssued(Fact, tag="hub_message_issued"):
    """The hub sends itself a message about another case: two cases are never written in one transaction (5a.11)."""

    type: str
    case: str
    data: dict[str, Any]
    e: ClassVar[Literal["hub_message_issued"]] = "hub_message_issued"


class PassedOn(Fact, tag="passed_on"):
    """The message named its case by a department's number; it goes on to this case as it was signed (5a.1)."""

    case: str
    e: ClassVar[Literal["passed_on"]] = "passed_on"


class Notified(Fact, tag="notified"):
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
    e: ClassVar[Literal["notified"]] = "notified"


Event = (
    CaseOpened
    | ReferralRaised
    | ReferralRouted
    | TaskAssigned
    | TaskStepped
    | ReceiptCameLate
    | RequestOpened
    | RequestClosed
    | ReplyGiven
    | ReferralEnded
    | ReferralReopened
    | LeadChanged
    | ReferralEscalated
    | DisputeSettled
    | OwnershipKept
    | OwnerNamed
    | OwnerRankWanted
    | ReferralPrioritised
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
    | DeadlineStarted
    | DeadlineRecomputed
    | DeadlineWarned
    | DeadlineBreached
    | ReceiptMissed
    | BreachAnnulled
    | DeadlineEnded
    | DateSet
    | DateLifted
    | Erased
    | HoldSet
    | HoldReleased
    | SupervisionRaised
    | SupervisionAnswered
    | SupervisionCleared
    | FollowedUp
    | DuplicateOffered
    | DuplicateAnswered
)
