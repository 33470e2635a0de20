"""The two ports that a connector fills in: a source of changes in the department system, and a sink into it.

Everything else (local store, ids, signing, sending again, order, receipts, redelivery, attachments) is the
kit's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from schemas.envelope import Secrecy
from schemas.messages.base import Data


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One change in the department system, mapped to a message of the contract.

    `local_id` is stable: the same change read again has the same one, so the message id (UUIDv5 of department
    and `local_id`, see `connectors.sdk.ids`) is the same and the change counts once. `case` is the case id
    (`mint_case_id` for a first referral).
    """

    local_id: str
    type: str
    case: str
    data: Data
    occurred_at: datetime
    secrecy: Secrecy = Secrecy.INTERNAL


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A change that can't be mapped: kept whole in the connector's store with the problem; the rest goes on.

    `problem` names the field, the value and what is allowed. Read again under the same `local_id` it is tried
    again.
    """

    local_id: str
    problem: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What one poll found, in the department system's order, and the cursor where the next poll goes on.

    The kit stores items and cursor in one transaction before it polls with that cursor: a poll with a cursor
    says that everything before it is durably taken, and never sooner.
    """

    items: Sequence[Outgoing | Unmapped]
    cursor: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of the hub for this department, already in order for its case.

    `data` is the message's data as received (unknown fields kept). `actor` is the department whose step it
    is, None when it is the hub's own (`task.assigned`, `referral.closed`, `message.refused` …). To the data
    of a `message.refused` the kit adds `referral`, `task` and `local_number` of the refused message where it
    had them, so that a sink finds the record.
    """

    message_id: str
    type: str
    case: str
    actor: str | None
    sequence: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The department system holds the delivery.

    `local_number` is its own number for the matter, where it gave one.
    """

    local_number: str | None = None
    number_kind: str = "case_number"


@dataclass(frozen=True, slots=True)
class Link:
    """What the kit remembers of a local number: the case, and the referral and task when known."""

    local_number: str
    case: str
    referral: str | None = None
    task: str | None = None


class Links(Protocol):
    """The connector's durable table of local numbers. `put` is idempotent and survives kill -9."""

    def put(self, link: Link) -> None: ...
    def by_number(self, local_number: str) -> Link | None: ...
    def by_referral(self, referral: str) -> Link | None: ...
    def by_task(self, task: str) -> Link | None: ...


class Attachments(Protocol):
    """Documents by SHA-256. Both calls may block on disk and are idempotent."""

    def put(self, content: bytes) -> str: ...
    def get(self, sha256: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Kit:
    """What the kit lends to a mapping. `settings` is the section `transport` of the configuration.

    The kit links a raised referral's and a delivered task's number itself, when it stores them. A step that
    comes in the same page as the raise it follows is mapped before that: a mapping that can meet this puts
    the link itself on mapping the raise (`connectors.sdk.ids.referral_id`); putting is idempotent.
    """

    department: str
    links: Links
    attachments: Attachments
    settings: Mapping[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """Reads changes. At-least-once: it may give a change again.

    Raises `TransportTrouble` when the system is away. A poll must end by itself: the transport bounds its
    waits.
    """

    async def poll(self, cursor: str | None) -> Page: ...


class Sink(Protocol):
    """Writes deliveries. Idempotent by `message_id`: delivering twice makes one record there.

    Raises `TransportTrouble` (try again later with backoff) or `DeliveryRejected` (the system says no to this
    one: kept with the reason and reported; later deliveries of its case wait, other cases go on). Calls for
    different cases run at the same time, those for one case never. Each must end by itself.
    """

    async def deliver(self, delivery: Delivery) -> Delivered: ...


class TransportTrouble(Exception):
    """The department system or its channel is away for now; nothing was lost, call again later."""


class DeliveryRejected(Exception):
    """The department system refuses this delivery for good; says which field, value and what is allowed."""
