"""What a verification found."""

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.checkpoints import ACCESS

_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the journal says. `shard`, `seq` and `case` where it has them."""

    what: str
    expected: str
    found: str
    shard: int | None = None
    seq: int | None = None
    case: str | None = None

    def __str__(self) -> str:
        place = [] if self.shard is None else ["reads" if self.shard == ACCESS else f"shard {self.shard}"]
        place += [] if self.seq is None else [f"seq {self.seq}"]
        place += [] if self.case is None else [f"case {self.case}"]
        where = ", ".join(place) or "store"
        return f"{where}: {self.what}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Report:
    """What was checked, and the differences in the order in which they were met; `limit` are kept.

    `signed`: signatures of checkpoints were checked too, because keys were given. `rows`: of the tables that follow
    from single cases; `numbers`: of departments, that were found.
    `signatures`: of messages, that hold; `unopened`: messages whose signature can't be checked any
    more, since the key to their sealed fields was destroyed. `topics`: they were compared too; `topic_records` of
    those that departments read, `topic_exact` to the byte, `topic_repeated` stand there once more; `topic_sources` of
    those that were read; `topic_past`: a topic holds them no more.
    `tables`: the projector's were compared. `read`: entries that were read in this run, each is read
    twice; `seconds` it took.
    """

    limit: int = 20
    expected_entries: int = 0
    entries: int = 0
    inbox: int = 0
    cases: int = 0
    numbers: int = 0
    parked: int = 0
    deliveries: int = 0
    receipts: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    signatures: int = 0
    unopened: int = 0
    reads: int = 0
    topic_records: int = 0
    topic_exact: int = 0
    topic_repeated: int = 0
    topic_past: int = 0
    topic_sources: int = 0
    topics: bool = False
    tables: bool = True
    signed: bool = False
    read: int = 0
    seconds: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)
    roots: dict[int, str] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)
    differences: list[Difference] = field(default_factory=list)
    more: int = 0

    @property
    def good(self) -> bool:
        """Nothing was found to differ."""
        return not self.differences

    @property
    def rate(self) -> float:
        """Entries a second of this run."""
        return self.read / 2 / self.seconds if self.seconds else 0.0

    @property
    def referrals(self) -> int:
        """Rows of referrals."""
        return self.rows.get("referral", 0)

    @property
    def tasks(self) -> int:
        """Rows of tasks."""
        return self.rows.get("task", 0)

    @property
    def aliases(self) -> int:
        """Rows of departments' numbers."""
        return self.rows.get("alias", 0)

    def differs(
        self,
        what: str,
        expected: object,
        found: object,
        shard: int | None = None,
        seq: int | None = None,
        case: str | None = None,
    ) -> None:
        """Note a difference, once."""
        difference = Difference(what, shown(expected), shown(found), shard, seq, case)
        if difference in self.differences:
            return
        if len(self.differences) < self.limit:
            self.differences.append(difference)
        else:
            self.more += 1

    def add(self, other: "Report") -> None:
        """What was found of one shard too."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for table, number in other.rows.items():
            self.rows[table] = self.rows.get(table, 0) + number
        self.roots |= other.roots
        self.rules |= other.rules
        for difference in other.differences:
            if len(self.differences) < self.limit:
                self.differences.append(difference)
            else:
                self.more += 1


_COUNTS = (
    *("entries", "inbox", "cases", "numbers", "parked", "deliveries", "receipts"),
    *("checkpoints", "cosignatures", "signatures", "unopened", "reads", "read", "more"),
)
Progress = Callable[[str, int, int], None]
"""Called with what is being checked (`journal` or `cases`), how many entries of it are done, and the shard."""


def shown(value: object) -> str:
    """A value short enough to print; bytes as hexadecimal."""
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
