"""A department's own system: what its officers wrote, what its connector delivered, and the two ports onto it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

from connectors.sdk.ports import Delivered, Delivery, Outgoing, Page, TransportTrouble, Unmapped
from connectors.sdk.writing import Writer, Written
from schemas.identifiers import derived_id
from schemas.messages import BY_TYPE
from schemas.signature import sign
from tests.simulation.weather import Weather

PAGE = 6


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an officer wrote. `local_id` numbers them; `document` is found again where it is delivered."""

    local_id: str
    type: str
    case: str
    data: dict[str, Any]
    at: datetime

    @property
    def document(self) -> str | None:
        """What marks this change."""
        found: str | None = self.data.get("document")
        return found


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery as it was written into the system, at its first arrival."""

    delivery: Delivery
    at: float


class Office:
    """`own_ids`: the system gives its messages plain numbers, the same as other such systems do."""

    def __init__(
        self,
        department: str,
        weather: Weather,
        now: Callable[[], datetime],
        own_ids: bool,
        on_violation: Callable[[str], None],
    ) -> None:
        self.department, self.own_ids = department, own_ids
        self.changes: list[Change] = []
        self.held: list[Held] = []
        self.on_delivery: Callable[[Delivery], None] = lambda delivery: None
        self._weather, self._now, self._on_violation = weather, now, on_violation
        self._known: set[str] = set()
        self._done: dict[str, int] = {}

    def write(self, type_: str, case: str, data: dict[str, Any], marked: bool = True) -> str:
        """An officer writes something; returns the id that its message will have."""
        local_id = f"c{len(self.changes) + 1}"
        if marked:
            data = {**data, "document": f"{self.department}-{local_id}"}
        self.changes.append(Change(local_id, f"{type_}.v1", case, data, self._now()))
        return self.message_id(local_id)

    def message_id(self, local_id: str) -> str:
        """The id of the message that a change becomes."""
        return local_id if self.own_ids else derived_id(self.department, local_id, "message")

    def source(self, connector: Any) -> "OfficeSource":
        """Reads what officers wrote."""
        return OfficeSource(self, self._weather)

    def sink(self, connector: Any) -> "OfficeSink":
        """Writes what the hub says."""
        return OfficeSink(self, self._weather, connector)

    def reach(self) -> None:
        """Raises TransportTrouble while the system is away."""
        if self.department in self._weather.away:
            self._weather.coverage.struck()
            raise TransportTrouble("the system is away")

    def receive(self, delivery: Delivery, incarnation: int) -> None:
        """Write a delivery in, once by its id."""
        if self._done.get(delivery.message_id) == incarnation:
            self._on_violation(
                f"{self.department}: {delivery.type} {delivery.message_id} was delivered again after it was done"
            )
        if delivery.message_id not in self._known:
            self._known.add(delivery.message_id)
            self.held.append(Held(delivery, asyncio.get_running_loop().time()))
            self.on_delivery(delivery)

    def done(self, delivery: Delivery, incarnation: int) -> None:
        """The connector has the answer; it need not ask again unless it forgets."""
        self._done[delivery.message_id] = incarnation


class OfficeSource:
    """See `connectors.sdk.ports.Source`. Gives the last change of the page before again."""

    def __init__(self, office: Office, weather: Weather) -> None:
        self._office, self._weather = office, weather

    async def poll(self, cursor: str | None) -> Page:
        await asyncio.sleep(self._weather.latency())
        self._office.reach()
        after = int(cursor or 0)
        rows = self._office.changes[max(0, after - 1) : after + PAGE]
        if after == len(self._office.changes):
            rows = []
        items: list[Outgoing | Unmapped] = [
            Outgoing(
                row.local_id, row.type, row.case, BY_TYPE[row.type].model.model_validate(row.data), row.at
            )
            for row in rows
        ]
        last = max(after, int(rows[-1].local_id[1:])) if rows else after
        return Page(items, str(last), more=last < len(self._office.changes))


class OfficeSink:
    """See `connectors.sdk.ports.Sink`. The system may go away before or after it has written."""

    def __init__(self, office: Office, weather: Weather, connector: Any) -> None:
        self._office, self._weather, self._connector = office, weather, connector
        self._incarnation = connector.incarnation

    async def deliver(self, delivery: Delivery) -> Delivered:
        await asyncio.sleep(self._weather.latency())
        self._office.reach()
        self._office.receive(delivery, self._incarnation)
        await asyncio.sleep(self._weather.latency())
        self._office.reach()
        self._office.done(delivery, self._incarnation)
        number = delivery.data.get("task") if delivery.type == "task.assigned.v1" else None
        return Delivered(f"收{number[:8]}" if number else None)


class NumberingWriter(Writer):
    """The writer of a system with numbers of its own: ids are unique in the department only."""

    def write(self, change: Outgoing) -> Written | Unmapped:
        written = super().write(change)
        if isinstance(written, Unmapped) or not change.local_id[1:].isdigit():
            return written
        bare = written.envelope.model_copy(update={"id": change.local_id, "signature": None, "keyid": None})
        referral = written.referral
        if change.type == "referral.raised.v1":
            referral = derived_id(self.department, change.local_id, "referral")
        envelope = sign(bare, written.data, self._key_id, self._key)
        return replace(written, envelope=envelope, referral=referral)


def keyed(seed: int, *what: object) -> Random:
    """Randomness for one thing alone: others may come or go without changing it."""
    return Random("/".join(str(part) for part in (seed, *what)))
