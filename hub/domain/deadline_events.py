"""Events of time limits: the law's clocks and the limits of the ladder of receipts.

They are small: the derivation is not in them, since it follows from rule and facts, to the byte. `deadline` is the
number of the time limit in its case. `next`: the moment for which the hub's clock speaks of it next; None: for none.
All moments are written as `hub.domain.decision.moment` writes them, but for `since` and `at`: the law's, as stated.
"""

from typing import Any, ClassVar, Literal

from hub.domain.fact import Fact

Ending = Literal["met", "void", "stopped"]


class DeadlineStarted(Fact, tag="deadline_started"):
    """A time limit runs for `owner` until `due`, the first moment that is too late.

    `clock`: the rule, or the rung of the ladder that is expected. `place`: which of the flow's clocks; -1 for a rung.
    `since`: day or moment from which the rule counts; a rung counts from the entry. `facts`: what else it counts with.
    """

    deadline: int
    clock: str
    task: str
    owner: str
    due: str
    place: int = -1
    since: str | None = None
    warn: str | None = None
    provisional: bool = False
    facts: tuple[dict[str, Any], ...] = ()
    e: ClassVar[Literal["deadline_started"]] = "deadline_started"


class DeadlineRecomputed(Fact, tag="deadline_recomputed"):
    """A fact came that the rule counts with, or other rules are in force (`rules_changed`; the entry has their digest).

    `before` and `after` are the computed due moments, equal when it moved nothing. `beside`: a person set another date,
    which stays in force; only the computed one beside it moves.
    """

    deadline: int
    why: str
    before: str
    after: str
    next: str | None = None
    since: str | None = None
    fact: dict[str, Any] | None = None
    provisional: bool = False
    beside: bool = False
    e: ClassVar[Literal["deadline_recomputed"]] = "deadline_recomputed"


class DateSet(Fact, tag="date_set"):
    """An authorised person set the due moment. `computed`, what the rule or the ladder gives, stays visible beside it.

    `before` and `after` are the due moments in force. `article` and `reason`: what the order rests on, and why.
    """

    deadline: int
    before: str
    after: str
    computed: str
    operator: str
    article: str
    reason: str
    at: str
    next: str | None = None
    e: ClassVar[Literal["date_set"]] = "date_set"


class DateLifted(Fact, tag="date_lifted"):
    """The date that a person set is taken back: the computed one (`after`) is in force again."""

    deadline: int
    before: str
    after: str
    operator: str
    article: str
    reason: str
    at: str
    next: str | None = None
    e: ClassVar[Literal["date_lifted"]] = "date_lifted"


class DeadlineWarned(Fact, tag="deadline_warned"):
    """The due moment is near."""

    deadline: int
    next: str
    e: ClassVar[Literal["deadline_warned"]] = "deadline_warned"


class DeadlineBreached(Fact, tag="deadline_breached"):
    """The due moment has passed without the step that stops the clock, or that step was taken too late.

    `paper`: code of the paper that the rule now lets `issuer` issue; None when the rule has none, or the step was taken.
    """

    deadline: int
    at: str
    paper: str | None = None
    issuer: str | None = None
    e: ClassVar[Literal["deadline_breached"]] = "deadline_breached"


class ReceiptMissed(Fact, tag="receipt_missed"):
    """The negative twin of a receipt, made by the hub: it did not come within its limit."""

    deadline: int
    rung: str
    at: str
    e: ClassVar[Literal["receipt_missed"]] = "receipt_missed"


class BreachAnnulled(Fact, tag="breach_annulled"):
    """What came later disproves a breach or a missed receipt.

    `reason`: `backdated`, `fact_changed`, `rules_changed`, `date_set` or `date_lifted`.
    """

    deadline: int
    reason: str
    at: str
    next: str | None = None
    e: ClassVar[Literal["breach_annulled"]] = "breach_annulled"


class DeadlineEnded(Fact, tag="deadline_ended"):
    """It runs no more: met (late or in time), void (the rule does not apply after all) or stopped (the task is gone).

    `at`: the legal moment of the step that met it; None for a rung.
    """

    deadline: int
    how: Ending
    at: str | None = None
    e: ClassVar[Literal["deadline_ended"]] = "deadline_ended"
