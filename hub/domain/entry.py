"""One entry of the journal: one record that was read (or one waiting message taken up), and what was decided.

The exact bytes of an entry are what the Merkle leaf covers; they are written once and never changed.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Discriminator, TypeAdapter

from hub.domain.case import MessageRef
from hub.domain.events import Event


class Outcome(StrEnum):
    """What became of a record. `duplicate` repeats the outcome of the entry that it refers to."""

    DECIDED = "decided"
    REFUSED = "refused"
    PARKED = "parked"
    DUPLICATE = "duplicate"


@dataclass(slots=True)
class Origin:
    """Where the record lay."""

    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class Entry:
    """`attributes`, `open` and `sealed` are the message; a taken-up or duplicate entry `refers` to the one that holds it.

    `sealed`: base64 of AES-GCM under the case's key over the JSON of the sealed fields (and, under `~raw`, the bytes
    as sent where they can't be rebuilt from the fields). `mac`: HMAC under the case's key of attributes and data.
    """

    shard: int
    seq: int
    received_at: str
    outcome: Outcome
    rules: str
    case: str | None = None
    origin: Origin | None = None
    source: str | None = None
    message: str | None = None
    type: str | None = None
    reason: str | None = None
    detail: str | None = None
    allowed: list[str] = field(default_factory=list)
    refers: MessageRef | None = None
    attributes: dict[str, str] | None = None
    open: dict[str, Any] | None = None
    sealed: str | None = None
    mac: str | None = None
    verified: bool = False
    events: list[Annotated[Event, Discriminator("e")]] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """The bytes that are stored and hashed."""
        return _ADAPTER.dump_json(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Entry":
        """Read the stored form. Raises pydantic.ValidationError."""
        return _ADAPTER.validate_json(raw)


_ADAPTER: TypeAdapter[Entry] = TypeAdapter(Entry)


@dataclass(slots=True)
class Committed:
    """An entry as the followers get it in memory. `contents`: type and whole data of messages while at hand."""

    entry: Entry
    contents: dict[MessageRef, tuple[str, dict[str, Any]]] = field(default_factory=dict)
