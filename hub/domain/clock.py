"""A clock as data: who must do what within which time of which event, by which article, and what may move it."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from hub.domain.clock_basis import BASES, BasisName, Span, Unit
from hub.domain.rule_data import Bilingual, CodeText, RuleData

ClockId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}\d{0,3}[a-z]?$")]
Bound = Literal["sender", "receiver", "party"]
Consequence = Literal["urge", "correct", "supervise", "order", "effect"]


class Source(RuleData):
    """A law by its code, and the article as in `178¶2` (paragraph 2) or `22¶1(3)` (item 3); null for the whole."""

    law: CodeText
    article: str | None = None


class Start(RuleData):
    """The event whose day is not counted. `ends_of`: it is the end of one of these clocks."""

    event: CodeText
    zh: str
    en: str
    ends_of: tuple[ClockId, ...] = ()


class Extension(RuleData):
    """延长: from the raw end, so much `each` time (null: as the approver sets), `times` at most (null: no number said).

    `by`: who approves it; `tell`: who is told of it.
    """

    each: Annotated[int, Field(ge=1)] | None = None
    at_least: Annotated[int, Field(ge=1)] | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    unit: Unit
    by: Bilingual | None = None
    tell: Bilingual | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.at_least is not None and (self.each is None or self.at_least > self.each):
            raise ValueError(f"at_least {self.at_least} must not be above each {self.each}")
        return self


class Cap(RuleData):
    """The longest that the time may be, exclusions apart. `since`: counted from this earlier event, not from the start.

    `unless`: another length in a circumstance that the start names.
    """

    span: Span
    since: Bilingual | None = None
    unless: dict[CodeText, Span] = Field(default_factory=dict)


class Restart(RuleData):
    """重新计算: a reason for which the clock starts again. `at_most`: how often in a case."""

    reason: CodeText
    at_most: Annotated[int, Field(ge=1)] | None = None


class Counter(RuleData):
    """How often the clock may be started in a case, whatever department starts it."""

    code: CodeText
    at_most: Annotated[int, Field(ge=1)]


class Breach(RuleData):
    """What follows when nothing happens. `kind`: urge 催办, correct 纠正, supervise 督办, order 责令, or an effect of law."""

    kind: Consequence
    zh: str
    en: str


class Trigger(RuleData):
    """The paper that may go out on the day after the last one, and where the matter goes if that does not help.

    `code`: the paper's code in the catalogue (`hub/rules/codes/papers.yaml`). Who issues it is the other side of the
    referral than who had to act.
    """

    code: CodeText
    paper: Bilingual
    then: Bilingual | None = None


class Clock(RuleData):
    """One rule of time. Without an amount it is no time but an event that must be recorded.

    `amount` below zero counts back from the event. `roll`: a last day off moves to the next working day; `custody`:
    not while the person is in custody. `bound`: who must act. `approval`: whose approval the act itself needs.
    `by_letter`: the term stands in each letter. `strict`: what another text says of it.
    `warn_before`: instead of the policy's. `valid_from`, `valid_to`: when the text is in force.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: ClockId
    title: Bilingual
    from_: Annotated[list[CodeText], Field(alias="from", min_length=1)]
    to: Annotated[list[CodeText], Field(min_length=1)]
    bound: Bound
    starts: Start | None = None
    amount: int | None = None
    unit: Unit | None = None
    basis: BasisName
    roll: bool = False
    custody: bool = False
    extension: Extension | None = None
    cap: Cap | None = None
    counter: Counter | None = None
    approval: Bilingual | None = None
    excludes: tuple[CodeText, ...] = ()
    restarts: tuple[Restart, ...] = ()
    on_breach: tuple[Breach, ...] = ()
    trigger: Trigger | None = None
    by_letter: bool = False
    strict: Span | None = None
    warn_before: Span | None = None
    sources: list[Source]
    verified: bool
    valid_from: date | None = None
    valid_to: date | None = None
    note: Bilingual | None = None

    @property
    def recorded_only(self) -> bool:
        """Whether there is nothing to compute: the law gives no number."""
        return self.amount is None

    @property
    def restart_reasons(self) -> tuple[str, ...]:
        """Codes of the reasons for which it starts again."""
        return tuple(restart.reason for restart in self.restarts)

    def in_force(self, on: date) -> bool:
        """Whether the text that the rule cites is the law of that day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for check in (_amount, _moves, _basis, _extension, _cap, _dates):
            check(self)
        return self


def natural(clock: str) -> tuple[str, int, str]:
    """The order of ids: C2, C2a, C10."""
    letters, digits, rest = re.fullmatch(r"([A-Z]+)(\d*)([a-z]?)", clock).groups()  # type: ignore[union-attr]
    return letters, int(digits or 0), rest


def _amount(clock: Clock) -> None:
    if clock.amount == 0:
        raise ValueError("amount: 0 is no time; leave it out for an event that is only recorded")
    if (clock.amount is None) != (clock.unit is None):
        raise ValueError("unit: amount and unit go together")
    if clock.amount is not None and clock.starts is None:
        raise ValueError("starts: a time needs its event")
    if clock.strict is not None and clock.amount is None:
        raise ValueError("strict: another text's length needs one of its own")
    if clock.warn_before is not None and clock.amount is None and not clock.by_letter:
        raise ValueError("warn_before: nothing is due of an event that is only recorded")
    if clock.warn_before is not None and clock.warn_before.H and clock.unit != "H":
        raise ValueError(f"warn_before: hours before a day of a clock in {clock.unit}")
    if clock.by_letter and clock.amount is not None:
        raise ValueError("by_letter: the term is either the law's or the letter's")


def _moves(clock: Clock) -> None:
    names = ("extension", "cap", "excludes", "restarts", "counter", "trigger", "roll", "custody")
    given = [name for name in names if getattr(clock, name)]
    if clock.recorded_only and given:
        raise ValueError(f"{given[0]}: nothing moves an event that is only recorded")
    backward = [name for name in given if name != "custody"]
    if clock.amount is not None and clock.amount < 0 and backward:
        raise ValueError(f"{backward[0]}: a time counted back from an event is fixed by the event alone")
    if clock.roll and clock.unit in ("H", "WD"):
        raise ValueError(f"roll: a time in {clock.unit} has no last day off to move")
    for name, codes in (("excludes", clock.excludes), ("restarts", clock.restart_reasons)):
        if len(set(codes)) != len(codes):
            raise ValueError(f"{name}: a code is given twice")


def _basis(clock: Clock) -> None:
    if clock.unit == "D" and BASES[clock.basis].is_working_days(clock.amount or 0):
        problem = f"{clock.amount} days of the basis {clock.basis} are working days: give WD"
        raise ValueError(f"unit: {problem} ({BASES[clock.basis].working_days_by})")


def _extension(clock: Clock) -> None:
    if clock.extension is None:
        return
    if (
        clock.extension.unit in ("H", "WD") or clock.unit in ("H", "WD")
    ) and clock.extension.unit != clock.unit:
        raise ValueError(f"extension: {clock.extension.unit} can't be added to a time in {clock.unit}")
    if clock.extension.times is not None and (clock.cap is None or clock.extension.each is None):
        raise ValueError("extension: a number of times needs the amount of each and the cap that they make")


def _cap(clock: Clock) -> None:
    if clock.cap is None or clock.amount is None or clock.unit is None:
        return
    base = Span.model_validate({clock.unit: clock.amount})
    cap, extension = clock.cap.span, clock.extension
    if clock.cap.since is None:
        if extension is None and cap != base:
            raise ValueError(f"cap: {cap} is not the amount, and nothing extends it")
        if extension is not None and extension.each and extension.times:
            whole = base.plus(extension.unit, extension.each * extension.times)
            if cap != whole:
                raise ValueError(f"cap: {cap} is not the amount with all extensions, {whole}")
        if extension is not None and not cap.reaches(base):
            raise ValueError(f"cap: {cap} is below the amount {base}")
    elif extension is not None and extension.times is not None:
        raise ValueError("cap: counted since an earlier event it does not bound a number of extensions")


def _dates(clock: Clock) -> None:
    if clock.valid_from and clock.valid_to and clock.valid_to < clock.valid_from:
        raise ValueError(f"valid_to: {clock.valid_to} is before valid_from {clock.valid_from}")
