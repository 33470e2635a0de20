"""What a verification found."""

from collections.abc import Callable
from dataclasses import dataclass, field

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
        place = [] if self.shard is None else [f"shard {self.shard}"]
        place += [] if self.seq is None else [f"seq {self.seq}"]
        place += [] if self.case is None else [f"case {self.case}"]
        where = ", ".join(place) or "store"
        return f"{where}: {self.what}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Report:
    """What was checked, and the differences in the order in which they were met; `limit` are kept.

    `signed`: signatures of checkpoints were checked too, because keys were given.
    """

    limit: int = 20
    expected_entries: int = 0
    entries: int = 0
    inbox: int = 0
    cases: int = 0
    referrals: int = 0
    tasks: int = 0
    aliases: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    signed: bool = False
    seconds: float = 0.0
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
        """Entries a second; each is read twice."""
        return self.entries / self.seconds if self.seconds else 0.0

    def differs(
        self,
        what: str,
        expected: object,
        found: object,
        shard: int | None = None,
        seq: int | None = None,
        case: str | None = None,
    ) -> None:
        """Note a difference."""
        if len(self.differences) < self.limit:
            self.differences.append(Difference(what, shown(expected), shown(found), shard, seq, case))
        else:
            self.more += 1


Progress = Callable[[str, int, int], None]
"""Called with what is being checked (`journal` or `cases`), how many of them are done, and the shard."""


def shown(value: object) -> str:
    """A value short enough to print; bytes as hexadecimal."""
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
