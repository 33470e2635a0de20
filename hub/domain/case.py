"""The state of one case: its referrals, their tasks, what each department was told, what waits.

Values are treated as immutable: `evolve` makes new ones. Only fields that are never sealed are held here;
personal content stays in the journal, and `contents` names the messages that hold it.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

OPEN, CLOSED, RETURNED, WITHDRAWN = "open", "closed", "returned", "withdrawn"
RUNG, ANSWER, STANDS = -1, -2, -3
OFFERED = "offered"
ENDED = frozenset({"confirmed", "returned", "cancelled", "noted"})


class MessageRef(NamedTuple):
    """Names a message: the department that sent it and its id."""

    source: str
    id: str


class Custody(NamedTuple):
    """Whether the person is in custody from this legal moment on."""

    legal_at: str
    held: bool


class Running(Struct, omit_defaults=True, gc=False):
    """A time limit that runs, or that was met too late: then `met_at` is when, and facts that come later may disprove it.

    `clock`, `place`, `since`, `due`, `facts` as in `DeadlineStarted`; `warn`: when to warn, until that was done.
    `computed`: what rule or ladder give, where a person set `due` otherwise. `provisional` is about what is computed.
    A `place` below 0 is no clock of the law: `RUNG` of the ladder of receipts, or `ANSWER` and `STANDS` of supervision.
    """

    clock: str
    task: str
    owner: str
    due: str
    place: int = RUNG
    since: str | None = None
    warn: str | None = None
    facts: tuple[dict[str, Any], ...] = ()
    provisional: bool = False
    breached: bool = False
    met_at: str | None = None
    computed: str | None = None

    @property
    def next(self) -> str | None:
        """When the hub's clock speaks of it next; None: never again, unless a fact moves it."""
        return None if self.breached else self.warn or self.due


class Task(Struct, omit_defaults=True, gc=False):
    """What a referral became in one receiving department. `department` is accountable unless the table says the sender is.

    `replies`: how many of the flow's replies are behind it, given or left out. `instants`: the legal moment of each
    instant (`hub.domain.flow_clock`) that clocks may count from or end with, as it stands now. `officer`: the person on whom
    it rests, by the department's own id, of this `rank`.
    """

    id: str
    referral: str
    department: str
    role: str
    state: str
    since: str
    pending: str | None = None
    replies: int = 0
    outcome: str | None = None
    local_number: str | None = None
    received: bool = False
    officer: str | None = None
    rank: str = "officer"
    instants: dict[str, str] = field(default_factory=dict)


class Referral(Struct, omit_defaults=True, gc=False):
    """One hand-over under one flow. `contents`: the raising message and its corrections, in order.

    `superior`, `conference`: departments that may decide on returns too, since the dispute came before them; `settled`:
    the conference has decided, no further return. `keeper`: who received it first and owns it until another accepts.
    `rating` and `satisfied`: of the last follow-up 回访 that had a rating; `reopenings`: how often one opened it again.
    """

    id: str
    flow: str
    flow_version: int
    kind: str
    sender: str
    lead: str
    local_number: str
    legal_at: str
    raised_at: str
    state: str = OPEN
    contents: tuple[MessageRef, ...] = ()
    opened_by: str | None = None
    outcome: str | None = None
    pending: str | None = None
    returns: int = 0
    reworks: int = 0
    superior: str | None = None
    due_on: str | None = None
    track: str = "ordinary"
    priority: str = "normal"
    matter: str | None = None
    region: str | None = None
    weight: str | None = None
    owner_rank: str = "officer"
    conference: str | None = None
    settled: bool = False
    keeper: str | None = None
    rating: int | None = None
    satisfied: bool | None = None
    reopenings: int = 0


class Supervised(Struct, omit_defaults=True, gc=False):
    """A step of supervision 督办 as it stands; fields as in `SupervisionRaised`. `state`: open, answered or cleared."""

    step: str
    referral: str
    task: str
    against: str
    by: str
    trigger: str
    since: str
    deadline: int | None = None
    answer: int | None = None
    stands: int | None = None
    state: str = OPEN


class Waiting(Struct, omit_defaults=True, gc=False):
    """A message of this case that could not be taken yet. `held`: it only waits behind an earlier one of its sender."""

    message: MessageRef
    since: str
    held: bool = False


class Case(Struct, omit_defaults=True, gc=False):
    """一案一码. `sequences` counts the records each department was sent for this case; `version` counts events.

    `moments`: since which legal moment each of `facts` is so. `deadlines`: time limits by their number in the case;
    `numbered` is the last number that was given. `holds`: legal holds, and the article of each. `supervisions`: steps of
    supervision by id, cleared ones too. `duplicates`: cases that were offered as the same matter, and how it was answered:
    `offered` still, `linked`, `merged` or `dismissed`.
    """

    id: str
    born: bool = False
    version: int = 0
    merged_into: str | None = None
    referrals: dict[str, Referral] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    moments: dict[str, str] = field(default_factory=dict)
    custody: tuple[Custody, ...] = ()
    deadlines: dict[int, Running] = field(default_factory=dict)
    numbered: int = 0
    holds: dict[str, str] = field(default_factory=dict)
    supervisions: dict[str, Supervised] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "Case":
        """Another case with the same content. Its tasks and referrals are shared and must be replaced, not changed."""
        return Case(
            self.id,
            self.born,
            self.version,
            self.merged_into,
            dict(self.referrals),
            dict(self.tasks),
            dict(self.sequences),
            dict(self.facts),
            self.links,
            self.waiting,
            dict(self.moments),
            self.custody,
            dict(self.deadlines),
            self.numbered,
            self.holds,
            dict(self.supervisions),
            self.duplicates,
        )

    def parties(self) -> set[str]:
        """Departments that raised a referral of the case or were given a task of it."""
        return {r.sender for r in self.referrals.values()} | {t.department for t in self.tasks.values()}

    def tasks_of(self, referral: str) -> list[Task]:
        """The tasks of one referral, in the order in which they were assigned."""
        return [task for task in self.tasks.values() if task.referral == referral]

    def to_bytes(self) -> bytes:
        """The stored form: the same bytes for the same case."""
        return _ENCODER.encode(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Case":
        """Read the stored form. Raises ValueError."""
        return _DECODER.decode(raw)


_ENCODER, _DECODER = msgspec.json.Encoder(), msgspec.json.Decoder(Case)
