"""Every topic of a hub, with its settings. Declared here, made by `fengqiao topics apply`."""

from collections.abc import Iterable
from dataclasses import dataclass, field

DAY_MS = 86_400_000
# Longer than the longest outage that we promise to survive (30 days).
RETENTION_MS = 45 * DAY_MS
# Bytes of key, data and headers together. What the hub writes about one record may be bigger: data of several messages
# put together (a referral and its corrections), or a whole message in base64.
LARGEST_RECORD = 1_048_576
_LARGEST_OF_THEIRS, _LARGEST_OF_OURS = LARGEST_RECORD + 12, 4 * LARGEST_RECORD
CONSOLE, CLOCK, DESK = "hub.console.out", "hub.clock.out", "hub.desk.out"
HUB_SOURCES = (CONSOLE, CLOCK, DESK)
# Signed checkpoints of the journal, for whoever keeps them as a witness.
CHECKPOINTS = "hub.checkpoints"
# What witnesses sign under them. Not part of anybody's `.out`: it would be journaled, and make the next checkpoint.
COSIGNATURES = "hub.cosignatures"
# Empty records, written only to learn the broker's time: no request of Kafka tells it.
TIME = "hub.time"
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class TopicDeclaration:
    """One topic: equal partition counts everywhere (= shards), broker time, bounded retention.

    `ours`: written by the hub alone. `settings`: what is given here stands over what every topic has.
    """

    name: str
    partitions: int
    ours: bool = False
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = {
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(RETENTION_MS),
            "max.message.bytes": str(_LARGEST_OF_OURS if self.ours else _LARGEST_OF_THEIRS),
            "cleanup.policy": "delete",
        }
        object.__setattr__(self, "settings", settings | self.settings)


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Names of the topics. `prefix` sets several hubs apart on one cluster (and tests)."""

    prefix: str = ""

    def out_of(self, department: str) -> str:
        """What a department writes."""
        return f"{self.prefix}dept.{department}.out"

    def into(self, department: str) -> str:
        """What a department reads."""
        return f"{self.prefix}dept.{department}.in"

    def groups_of(self, department: str) -> str:
        """What the names of a department's consumer groups begin with."""
        return f"{self.prefix}dept.{department}."

    def owner(self, topic: str) -> str | None:
        """The source that owns a source topic: a department's id, or `hub` for the hub's own; None for other topics."""
        name = topic.removeprefix(self.prefix)
        if name in HUB_SOURCES:
            return "hub"
        if name.startswith("dept.") and name.endswith(".out"):
            return name[5:-4]
        return None

    def hub(self, name: str) -> str:
        """A topic of the hub's own."""
        return f"{self.prefix}{name}"

    def sources(self, departments: Iterable[str]) -> list[str]:
        """All topics that intake reads, sorted."""
        own = [self.hub(name) for name in HUB_SOURCES]
        return sorted([*own, *(self.out_of(department) for department in departments)])

    def declared(self, departments: Iterable[str], shards: int) -> list[TopicDeclaration]:
        """All topics of the hub."""
        listed = list(departments)
        theirs = {self.hub(COSIGNATURES), *(self.out_of(department) for department in listed)}
        into = (self.into(department) for department in listed)
        names = [*self.sources(listed), *into, self.hub(CHECKPOINTS), self.hub(COSIGNATURES)]
        kept = [TopicDeclaration(name, shards, ours=name not in theirs) for name in names]
        time = TopicDeclaration(self.hub(TIME), shards, ours=True, settings={"retention.ms": str(_HOUR_MS)})
        return sorted([*kept, time], key=lambda topic: topic.name)
