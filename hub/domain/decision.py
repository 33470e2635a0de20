"""What a decision is made of: the message as `decide` sees it, and a draft that collects events and keeps the case current."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from hub.domain import events as ev
from hub.domain.case import Case, MessageRef, Referral, Task
from hub.domain.evolve import change
from hub.domain.flow import Flow
from hub.domain.rules import Rules
from hub.errors import Parking, ParkingName, Refusal, RefusalName
from schemas.classes import FieldClass
from schemas.identifiers import derived_id

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(slots=True)
class Message:
    """A message as the domain sees it: open fields only (5a.7).

    `ref`: how events name it. `step`: the type without its version, `task.signed.v1` → `task.signed`.
    """

    source: str
    id: str
    type: str
    case: str
    open: dict[str, Any]
    ref: MessageRef = field(init=False)
    step: str = field(init=False)

    def __post_init__(self) -> None:
        self.ref = MessageRef(self.source, self.id)
        self.step = self.type.rpartition(".v")[0]

    def derive(self, kind: str, ordinal: int = 0) -> str:
        """The id of something that this message creates."""
        return derived_id(self.source, self.id, kind, ordinal)


@dataclass(slots=True)
class Draft:
    """One decision in the making. `case` is always the case after the events so far; the given one is left as it is."""

    case: Case
    message: Message
    rules: Rules
    at: str
    events: list[ev.Event] = field(default_factory=list)

    def add(self, event: ev.Event) -> None:
        """Append an event and move the case on."""
        if not self.events:
            self.case = self.case.copy()
        change(self.case, event)
        self.events.append(event)

    def referral(self) -> Referral:
        """The referral that the message names. Parks the message as early while the hub doesn't know it."""
        referral = self.case.referrals.get(self.message.open["referral"])
        if referral is None:
            raise Parking(
                ParkingName.EARLY,
                f"referral {self.message.open['referral']!r} is not known in this case",
                "decide",
            )
        if self.message.source not in self.case.parties():
            raise Refusal(
                RefusalName.NOT_A_PARTY, f"{self.message.source!r} has no part in case {self.case.id}"
            )
        return referral

    def task(self) -> Task:
        """The task that the message names, of the referral that it names."""
        referral = self.referral()
        task = self.case.tasks.get(self.message.open["task"])
        if task is None or task.referral != referral.id:
            raise Parking(
                ParkingName.EARLY,
                f"task {self.message.open['task']!r} is not known in this referral",
                "decide",
            )
        return task

    def flow(self, referral: Referral) -> Flow:
        """The flow version of a referral."""
        return self.rules.flow_version(referral.flow, referral.flow_version)

    def tell(
        self,
        to: str,
        ceiling: FieldClass,
        type_: str | None = None,
        own: dict[str, Any] | None = None,
        contents: list[MessageRef] | None = None,
    ) -> None:
        """A record for a department. Without a type of its own, this message is passed on under its own type."""
        self.add(
            ev.Notified(
                to=to,
                type=type_ or self.message.type,
                sequence=self.case.sequences.get(to, 0) + 1,
                ceiling=int(ceiling),
                actor=None if type_ else self.message.source,
                own=own or {},
                contents=contents or [],
            )
        )


@lru_cache(1024)
def legal_day(legal_at: str) -> date:
    """The calendar day in China of a moment in law."""
    return datetime.fromisoformat(legal_at).astimezone(CHINA).date()


@lru_cache(1024)
def moment(received_at: datetime) -> str:
    """How moments are written in events: ISO 8601, UTC, milliseconds."""
    return received_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
