"""Orders to deliver again: counted from the journal, kept in a file that two operators sign, published for intake."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.audit.made import readable
from hub.audit.shard_state import Scope
from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import DESK, TopicNames
from hub.domain.case import MessageRef
from hub.domain.decision import moment
from hub.domain.entry import Entry
from hub.domain.redelivery import Again, Order
from hub.errors import ConfigurationError
from hub.intake.desk import Signs
from hub.intake.ordering import NEEDED, ORDERED, approvals
from hub.operators import Operators
from hub.store import read_journal, read_tables
from hub.store.read_journal import LAST
from hub.store.reading import ReadStore, Snapshot
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of

_LOOKS, _PAUSE = 40, 0.25


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a department lost. `scopes`: parts of the journal, none for all; `since`, `until`: by when the hub received."""

    to: str
    case: str | None = None
    sequences: tuple[int, int] | None = None
    scopes: Sequence[Scope] = ()
    since: datetime | None = None
    until: datetime | None = None


async def count(view: Snapshot, wanted: Wanted) -> list[Again]:
    """The sequences of each case that the department was sent within what is wanted, by case. Reads only."""
    found: dict[str, tuple[int, int]] = {}
    mark = f'"to":"{wanted.to}"'.encode()
    for head in await read_journal.heads(view):
        for scope in wanted.scopes or [Scope(head.shard)]:
            if scope.shard != head.shard:
                continue
            async for rows in read_journal.in_order(view, head.shard, scope.first - 1, scope.last or LAST):
                raws = [row.raw for row in rows if mark in row.raw and _within(row.received_at, wanted)]
                for entry in readable(raws):
                    _add(found, entry, wanted)
    return [Again(case, *found[case]) for case in sorted(found)]


def _within(at: datetime, wanted: Wanted) -> bool:
    return (wanted.since is None or at >= wanted.since) and (wanted.until is None or at < wanted.until)


def _add(found: dict[str, tuple[int, int]], entry: Entry, wanted: Wanted) -> None:
    if entry.case is None or (wanted.case is not None and entry.case != wanted.case):
        return
    least, most = wanted.sequences or (1, LAST)
    for event in entry.events:
        if event.e == "notified" and event.to == wanted.to and least <= event.sequence <= most:
            first, last = found.get(entry.case, (event.sequence, event.sequence))
            found[entry.case] = (min(first, event.sequence), max(last, event.sequence))


class OrderFile(BaseModel):
    """An order as it lies in a file, with who signed it."""

    model_config = ConfigDict(extra="forbid")

    order: str
    to: str
    made_at: str
    reason: str
    items: list[tuple[str, int, int]]
    approvals: list[tuple[str, str]] = []

    @classmethod
    def new(cls, to: str, reason: str, items: Sequence[Again], now: datetime) -> "OrderFile":
        """An order that nobody has signed yet."""
        listed = [(item.case, item.first, item.last) for item in items]
        return cls(order=str(uuid4()), to=to, made_at=moment(now), reason=reason, items=listed)

    @classmethod
    def read(cls, file: Path) -> "OrderFile":
        """Raises ConfigurationError naming the file and what is wrong."""
        try:
            return cls.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as problem:
            raise ConfigurationError(f"order {file}: {problem}") from None

    def write(self, file: Path) -> None:
        """Replace the file."""
        new = file.with_name(file.name + ".new")
        new.write_text(json.dumps(self.model_dump(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        new.replace(file)

    def content(self) -> Order:
        """What is signed."""
        return Order(self.order, self.to, self.made_at, self.reason, [Again(*item) for item in self.items])

    def sign(self, operator: str, key: Ed25519PrivateKey) -> None:
        """Add an operator's signature; an earlier one under the same key id is replaced."""
        signature = b64encode(key.sign(self.content().signed_bytes())).decode()
        self.approvals = [one for one in self.approvals if one[0] != operator] + [(operator, signature)]


def require_two(file: OrderFile, operators: Operators, at: datetime) -> list[str]:
    """Who signed the order. Raises ConfigurationError unless two operators who may did, with different keys."""
    good, why = approvals(operators, file.content().signed_bytes(), file.approvals, at)
    if len(good) < NEEDED:
        names = ", ".join(good) or "nobody"
        raise ConfigurationError(
            f"order {file.order}: signed by {names}; must be signed by {NEEDED} operators who may redeliver, with "
            f"different keys (`fengqiao operator new`, `fengqiao audit redeliver-approve`){why}"
        )
    return good


def records(file: OrderFile, names: TopicNames, signer: Signs, shards: int) -> list[OutRecord]:
    """One message for each case. The same order gives the same messages: it counts once."""
    order, made = file.content(), []
    for item, data in zip(order.items, order.data(file.approvals), strict=True):
        value, headers = signer.message(_id(order.id, item), ORDERED, item.case, order.made_at, data)
        partition = partition_of(item.case, shards)
        made.append(OutRecord(names.hub(DESK), partition, item.case.encode(), value, headers))
    return made


async def send(
    file: OrderFile, sending: Sequence[OutRecord], publisher: Publisher, store: ReadStore
) -> Mapping[str, int]:
    """Publish and wait some seconds for intake. Returns how many have which outcome; those not read yet as `waiting`.

    Raises BusTrouble, StoreTrouble; the same order may be sent again.
    """
    await publisher.publish(sending)
    refs = [MessageRef("hub", _id(file.order, Again(*item))) for item in file.items]
    for _ in range(_LOOKS):
        async with store.snapshot() as view:
            outcomes = await read_tables.outcomes(view, refs)
        if sum(outcomes.values()) == len(refs):
            break
        await asyncio.sleep(_PAUSE)
    waiting = len(refs) - sum(outcomes.values())
    return outcomes | ({"waiting": waiting} if waiting else {})


def _id(order: str, item: Again) -> str:
    return derived_id("hub", f"{order}/{item.case}", ORDERED)


def now() -> datetime:
    """The moment, for orders."""
    return datetime.now(UTC)
