"""One entry of the journal: one record that was read (or one waiting message taken up), and what was decided.

The exact bytes of an entry are what the Merkle leaf covers; they are written once and never changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

from hub.domain.case import MessageRef
from hub.domain.events import Event

USUAL: Mapping[str, str] = MappingProxyType({"specversion": "1.0", "datacontenttype": "application/json"})


class Outcome(StrEnum):
    """What became of a record. `duplicate` repeats the outcome of the entry that it refers to."""

    DECIDED = "decided"
    REFUSED = "refused"
    PARKED = "parked"
    DUPLICATE = "duplicate"


class Origin(Struct, gc=False):
    """Where the record lay."""

    topic: str
    partition: int
    offset: int


class Entry(Struct, omit_defaults=True):
    """`attributes`, `open` and `sealed` are the message; a taken-up or duplicate entry `refers` to the one that holds it.

    `attributes`: those that nothing else here says; `all_attributes` gives them whole. `sealed`: base64 of AES-GCM
    under the case's key over the JSON of the sealed fields (and, under `~raw`, the bytes as sent where they can't be
    rebuilt from the fields). `persons`: number of a person in the case and base64 of what names that person, under
    that person's key; with number 0 the bytes as sent, under the keys of all of them. `key`: which of the case's keys of
    free text, in the order in which it had them. `mac`: HMAC of signature and data under the case's key, and those of
    the persons named. `step`: which part of intake parked it. `kept`: SHA-256 of the sealed record that lies in
    `parked`, where no entry holds it. `claim`: SHA-256 of the id that a record claims which is no message, or nobody's.
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
    allowed: list[str] = msgspec.field(default_factory=list)
    refers: MessageRef | None = None
    attributes: dict[str, str] | None = None
    open: dict[str, Any] | None = None
    sealed: str | None = None
    persons: list[tuple[int, str]] = msgspec.field(default_factory=list)
    key: int = 1
    mac: str | None = None
    verified: bool = False
    events: list[Event] = msgspec.field(default_factory=list)
    step: str | None = None
    kept: str | None = None
    claim: str | None = None

    def all_attributes(self) -> dict[str, str]:
        """The attributes of the message as its sender wrote them. Empty where the entry holds no message."""
        if self.attributes is None:
            return {}
        said = {"id": self.message, "source": self.source, "subject": self.case, "type": self.type}
        return {**USUAL, **{name: text for name, text in said.items() if text is not None}, **self.attributes}

    def keep_attributes(self, attributes: Mapping[str, str]) -> None:
        """Keep the attributes of the message, without what the entry says already."""
        self.attributes = kept = dict(attributes)
        said = (("id", self.message), ("source", self.source), ("subject", self.case), ("type", self.type))
        for name, text in (*said, *USUAL.items()):
            if kept.get(name) == text:
                del kept[name]

    def tells(self, to: str, first: int, last: int) -> bool:
        """Whether it tells a department something of the case in this range of its sequence, or refuses its message."""
        if self.outcome is Outcome.REFUSED:
            return self.source == to
        return any(e.e == "notified" and e.to == to and first <= e.sequence <= last for e in self.events)

    def to_bytes(self) -> bytes:
        """The bytes that are stored and hashed."""
        return _ENCODER.encode(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Entry":
        """Read the stored form. Raises ValueError."""
        return _DECODER.decode(raw)


_ENCODER, _DECODER = msgspec.json.Encoder(), msgspec.json.Decoder(Entry)


@dataclass(slots=True)
class Committed:
    """An entry as the followers get it in memory. `contents`: type and whole data of messages while at hand."""

    entry: Entry
    contents: dict[MessageRef, tuple[str, dict[str, Any]]] = field(default_factory=dict)
