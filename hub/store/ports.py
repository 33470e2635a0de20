"""What intake and the followers need of a store. Two implementations keep one contract: PostgreSQL and memory."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.domain.case import MessageRef
from hub.domain.entry import Entry
from hub.domain.merkle import Frontier

SourcePartition = tuple[str, int]


@dataclass(slots=True)
class Position:
    """The next offset to read of a source partition, and the keyed hash of the record before it."""

    next_offset: int
    last_mac: bytes


@dataclass(slots=True)
class Head:
    """Where a shard's journal stands. `received_at`: the latest of its entries, for 5a.6. `rules`: the digest in force."""

    shard: int
    frontier: Frontier
    received_at: datetime | None
    rules: str | None = None

    @property
    def seq(self) -> int:
        """The sequence of the last entry; 0 for an empty journal. Entries are numbered from 1 without gaps."""
        return self.frontier.size


@dataclass(slots=True)
class Seen:
    """What the inbox remembers of a message id."""

    shard: int
    seq: int
    mac: bytes
    outcome: str
    reason: str | None


@dataclass(slots=True)
class StoredCase:
    """A case's snapshot and its wrapped key; either may be missing."""

    state: bytes | None
    wrapped_key: bytes | None


@dataclass(slots=True)
class ParkedRow:
    """One parked record. `raw`: the whole record, sealed, where no entry holds it readable."""

    seq: int
    reason: str
    step: str
    detail: str
    topic: str
    partition: int
    offset: int
    source: str | None = None
    message: str | None = None
    case: str | None = None
    raw: bytes | None = None


class JournalRow(NamedTuple):
    """An entry as it is stored, column by column."""

    shard: int
    seq: int
    case: str | None
    outcome: str
    received_at: datetime
    raw: bytes
    leaf: bytes


@dataclass(slots=True)
class InboxRow:
    """A message id that counts from now on."""

    ref: MessageRef
    seq: int
    mac: bytes
    outcome: str
    reason: str | None


class ErasedKey(NamedTuple):
    """A key that an entry destroyed. `id` says nothing about it."""

    id: str
    case: str
    seq: int


@dataclass(slots=True)
class Changes:
    """All that one unit of intake writes, at once. `first_states`, `keys`: of cases that had none; `states`,
    `changed_keys`: of the others. `erased`: what an operator ordered to be destroyed; `gone_keys`: names of keys that
    nothing needs any more.
    """

    head: Head
    journal: list[JournalRow] = field(default_factory=list)
    inbox: list[InboxRow] = field(default_factory=list)
    first_states: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    states: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    changed_keys: dict[str, bytes] = field(default_factory=dict)
    gone_keys: list[str] = field(default_factory=list)
    erased: list[ErasedKey] = field(default_factory=list)
    parked: list[ParkedRow] = field(default_factory=list)
    unparked: list[MessageRef] = field(default_factory=list)
    mended: list[int] = field(default_factory=list)
    positions: dict[SourcePartition, Position] = field(default_factory=dict)


class IntakeUnit(Protocol):
    """One transaction under the shard's row lock. Commits when its block ends without an error, else leaves nothing."""

    head: Head
    positions: Mapping[SourcePartition, Position]

    async def seen(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Seen]: ...
    async def aliases(self, subjects: Sequence[str]) -> dict[str, list[str]]: ...
    async def load(self, cases: Sequence[str]) -> dict[str, StoredCase]: ...
    async def entries(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Entry]: ...
    async def write(self, changes: Changes) -> None: ...


class IntakeStore(Protocol):
    """What intake is given. Raises StoreTrouble when the database is away or a commit's answer was lost."""

    def unit(self, shard: int) -> AbstractAsyncContextManager[IntakeUnit]: ...
    async def positions(self, shard: int) -> dict[SourcePartition, Position]: ...


class JournalReader(Protocol):
    """Reading the journal by position: the recovery path of followers."""

    async def read(self, shard: int, after: int, limit: int) -> list[tuple[int, bytes]]: ...
    async def contents(self, refs: Sequence[MessageRef]) -> dict[MessageRef, Entry]: ...
    async def keys(self, cases: Sequence[str]) -> dict[str, bytes]: ...
    async def sent_to(self, case: str, to: str, first: int, last: int) -> list[Entry]: ...


class FollowerStore(JournalReader, Protocol):
    """The position of a follower, moved by compare-and-set."""

    async def follower(self, name: str, shard: int) -> int: ...
    async def advance(self, name: str, shard: int, old: int, new: int) -> bool: ...
