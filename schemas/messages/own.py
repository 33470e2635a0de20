"""Messages of the hub to itself: what its clock says, and the other half of a step on two cases."""

from schemas.classes import FreeText, Internal, Public, Sensitive
from schemas.identifiers import Code, DepartmentId, Number, Sha256, Uuid
from schemas.messages.base import Data, ReferralKind
from schemas.scalars import Count, Day, Line, Moment, Ordinal, Text


class LinkMirrored(Data):
    """The other case of a link, merge or split; two cases are never written in one transaction."""

    other_case: Internal[Uuid]
    """The case in which the link was made."""
    relation: Internal[Code]
    """How they belong together, e.g. `merged_from`, `split_from`."""
    legal_at: Internal[Moment]
    """When the link was made, in law."""


class EarlyExpired(Data):
    """The clock says: what waits in this case since before `before` has waited too long."""

    before: Internal[Moment]
    """Early messages that came before this moment are refused."""
    moment: Internal[Moment]
    """The moment that has come; decided only after everything read before it."""


class DeadlineDue(Data):
    """The clock says: a moment for which a time limit of this case waits has come, to warn or because it is too late."""

    deadline: Public[Count]
    """Number of the time limit in the case."""
    moment: Internal[Moment]
    """The moment that has come; decided only after everything read before it."""


class ReceiptDue(DeadlineDue):
    """The same for the limit of a receipt."""


class BreachesCounted(Data):
    """The clock says: a department's breaches in a calendar period have come to a count that the ladder of supervision names."""

    department: Internal[DepartmentId]
    """The department that was late."""
    step: Internal[Code]
    """The step of supervision that follows."""
    count: Public[Count]
    """How many breaches were counted, over all cases."""
    period: Internal[Code]
    """The period, e.g. `2026_03`."""
    task: Internal[Uuid]
    """Task of this case on which the last of them was."""
    deadline: Public[Count]
    """Number of its time limit in the case."""
    moment: Internal[Moment]
    """When the last of them was found; decided only after everything read before it."""


class ReportDue(Data):
    """A calendar period has ended for which a department owes a report: a case of its own with one referral.

    The hub raises it for the department that the report goes to, which is its sender.
    """

    duty: Internal[Code]
    """Code of the duty, as in the city's rules."""
    period: Internal[Code]
    """The period that the report is on, e.g. `2026_03`."""
    flow: Internal[Code]
    """Id of the flow under which it is answered."""
    kind: Internal[ReferralKind]
    """Kind of hand-over: `assign`."""
    sender: Internal[DepartmentId]
    """The department that the report goes to."""
    local_number: Internal[Number]
    """Names the report: duty, department and period."""
    title: Internal[Line]
    """Name of the report and its period."""
    lead: Internal[DepartmentId]
    """The department that owes it."""
    legal_at: Internal[Moment]
    """The end of the period, from which the term counts."""
    due_on: Internal[Day]
    """Last day for the report."""


class RulesChanged(Data):
    """Other rules or another calendar are in force: time limits that run in this case are computed anew."""

    rules: Internal[Sha256]
    """Digest of the rules in force when this was said."""


class DuplicateFound(Data):
    """An earlier case that is open may be the same matter as this one. By which persons stands nowhere but in their messages."""

    other_case: Internal[Uuid]
    """The earlier case."""
    combination: Internal[Code]
    """Which combination of the data they fulfil, e.g. `number_and_kind`."""
    agrees: Internal[list[Code]]
    """What agrees: `name`, `id_number`, `phone`, `credit_code`, `place_6`, `_9`, `_12`, `matter_class`, `matter_kind`."""
    rests_with: Internal[list[DepartmentId]]
    """The leads of its open referrals."""


class AliasKnown(Data):
    """A department's number has become known; messages that wait under it can go on."""

    other_case: Internal[Uuid]
    """The case that the number names."""


class MessagePassedOn(Data):
    """A message that named its case by a department's number, as its sender signed it."""

    attributes: Internal[dict[str, str]]
    """The `ce_` attributes as sent."""
    content: Sensitive[str]
    """The data as sent, in base64."""


class RedeliveryOrdered(Data):
    """Two operators ordered that a department gets again what it was sent of this case; one message for each case.

    They signed the root of a Merkle tree whose leaves are the cases of the order, each with its sequences.
    """

    order: Internal[Uuid]
    """Id of the order; the records carry it as `redelivery`."""
    to: Internal[DepartmentId]
    """The department that gets them again."""
    from_sequence: Internal[Ordinal]
    """The first of its sequences in this case."""
    to_sequence: Internal[Ordinal]
    """The last of them."""
    made_at: Internal[Moment]
    """When the order was made."""
    cases: Internal[Ordinal]
    """How many cases the order has: the size of the tree."""
    root: Internal[Sha256]
    """Root of the tree, as it was signed."""
    index: Internal[Count]
    """Place of this case in the tree, from 0."""
    proof: Internal[list[Sha256]]
    """The hashes that prove it."""
    approvals: Internal[list[list[str]]]
    """Id and signature (Ed25519, base64) of each operator."""
    reason: FreeText[Text]
    """Why it is delivered again."""


class Mended(Data):
    """What a person decided about a parked record; `shard` and `seq` name the entry of the journal that says so."""

    shard: Public[Count]
    """Shard of the parked record; its message is decided there."""
    seq: Public[Count]
    """Sequence of the entry that parked it."""
    reason: FreeText[Text]
    """Why the person decides so."""


class ParkedDismissed(Mended):
    """The parked record is given up: nothing waits for it any more; the history keeps that it came."""


class ParkedRetried(Mended):
    """The parked record is taken up again, byte for byte as it lay in its topic. The subject is that of its message."""

    topic: Public[str]
    """Topic of the record."""
    partition: Public[Count]
    """Partition of the record."""
    offset: Public[Count]
    """Offset of the record."""
    key: Sensitive[str]
    """Key of the record, in base64."""
    headers: Sensitive[list[list[str]]]
    """Names and values of its headers, the values in base64."""
    content: Sensitive[str]
    """Its data, in base64."""
