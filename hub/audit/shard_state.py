"""How far the verification of one shard has come: enough to go on from there in another process."""

from dataclasses import dataclass, field
from datetime import datetime

from hub.audit.report import Report
from hub.domain.merkle import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of one shard's journal. Without `first` and `last` all of it."""

    shard: int
    first: int = 1
    last: int | None = None

    @property
    def whole(self) -> bool:
        """The shard is checked from its first entry to its last."""
        return self.first == 1 and self.last is None


@dataclass(slots=True)
class ParkedSaid:
    """What the journal says of a record that is parked. `step`, `kept`: None where the entry does not say it."""

    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    source: str | None
    message_id: str | None
    case_id: str | None
    since: datetime
    step: str | None = None
    kept: str | None = None


@dataclass(slots=True)
class Passed:
    """The last checkpoint that the journal has come past. `differs`: one of them had another root."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    differs: bool = False


@dataclass(slots=True)
class ShardState:
    """`seq`: entries are checked up to there, with the tree's `frontier`; `case`: cases are checked up to that one.

    `tallies`: what the entries up to `tallied` count, by `what/department/flow/reason`. `parked`: what is parked after
    `seq`; `waiting`: those of them that wait, by message; `positions`: the next offset by topic; `retried`: the place
    of the record that an entry just took up again. `cases_upto`: the journal's end when the cases were begun with.
    `done`: nothing of the shard is left at the moment of this run.
    """

    scope: Scope
    report: Report = field(default_factory=Report)
    seq: int = 0
    frontier: bytes = b""
    last: datetime | None = None
    passed: Passed = field(default_factory=Passed)
    tallied: int = 0
    tallies: dict[str, int] = field(default_factory=dict)
    parked: dict[int, ParkedSaid] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    retried: tuple[str, int, int] | None = None
    journal_done: bool = False
    case: str = ""
    cases_done: bool = False
    cases_upto: int = 0
    done: bool = False
