"""How a due date came about, step by step. A derivation is data, and can be followed to the same date by anybody."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from hub.domain.calendar import Calendar
from hub.domain.clock_basis import BASES, BasisName, Span, Unit
from hub.domain.deadline_counting import Period, begin, cap_end, count, exclude
from hub.domain.deadline_facts import Point, day_of

StepKind = Literal[
    "start", "restart", "letter", "count", "extend", "exclude", "cap", "roll", "custody", "provisional"
]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: from where to where, and by what. Which fields are set depends on `kind`:

    start, restart: `code` of the event or reason, `frm` the event, `to` where counting begins. letter: `to` as set.
    count, extend: `amount`, `unit`. exclude: `first`, `last`, `code` of the ground. cap: `span`, `frm` where it starts.
    roll: `holiday` in both languages. custody: `to` stays where it is. provisional: `frm` is where the calendar ends.
    """

    kind: StepKind
    frm: Point
    to: Point
    amount: int | None = None
    unit: Unit | None = None
    code: str | None = None
    first: date | None = None
    last: date | None = None
    span: Span | None = None
    holiday: tuple[tuple[str, str], ...] | None = None

    def data(self) -> dict[str, Any]:
        """Plain values, without what is not set."""
        plain = {name: _plain(value) for name, value in asdict(self).items() if value is not None}
        if self.span is not None:
            plain["span"] = {unit: amount for amount, unit in self.span.parts()}
        return plain


def follow(steps: Iterable[Step], basis_name: BasisName, unit: Unit, calendar: Calendar) -> Point:
    """Take every step anew and return where it leads. ValueError when one does not lead where it says."""
    basis, start, at = BASES[basis_name], None, None
    excluded: list[Period] = []
    for step in steps:
        if step.kind in ("start", "restart"):
            start = at = begin(step.frm, unit, basis)
        elif step.kind == "letter":
            at = step.to
        elif at is None or start is None:
            raise ValueError(f"{step.kind} before any start")
        elif step.kind in ("count", "extend") and step.amount is not None and step.unit is not None:
            at = count(at, step.amount, step.unit, basis, calendar)
        elif step.kind == "exclude" and step.first is not None and step.last is not None:
            excluded.append((step.first, step.last, step.code or ""))
            at = exclude(start, at, step.first, step.last, unit, calendar)
        elif step.kind == "cap" and step.span is not None:
            at = cap_end(step.frm, step.span, basis, unit, excluded, calendar)
        elif step.kind == "roll":
            at = calendar.working_on_or_after(day_of(at))
        if at != step.to:
            raise ValueError(f"{step.kind} leads to {at}, not to {step.to}")
    if at is None:
        raise ValueError("a derivation without a step")
    return at


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return [list(one) for one in value] if isinstance(value, tuple) else value
