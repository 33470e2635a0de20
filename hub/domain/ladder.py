"""Limits of the ladder of receipts: within what each step is expected, by flow and by department.

House rules of the city, not law: the law's time limits are the clocks that a flow names (`hub.domain.flow_clock`).
"""

import re
from typing import Any, Literal, Self, get_args

from pydantic import model_serializer, model_validator

from hub.domain.rule_data import RuleData

Unit = Literal["H", "D", "WD", "M"]
Limited = Literal[
    "delivered",
    "signed",
    "accepted",
    "replied",
    "confirmed",
    "return_decided",
    "superior_decided",
    "conference_decided",
    "supplement_provided",
    "withdrawal_decided",
    "followed_up",
]
LIMITED: tuple[Limited, ...] = get_args(Limited)
_FORM = re.compile(r"([1-9]\d{0,3}) (H|D|WD|M)")


class Within(RuleData):
    """A stretch of time, written as `4 H`, `15 D`, `5 WD` or `1 M`: hours, days, working days 工作日, months."""

    amount: int
    unit: Unit

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, str):
            match = _FORM.fullmatch(given)
            if match is None:
                raise ValueError(
                    f"{given!r}: write a number and one of {', '.join(get_args(Unit))}, as `5 WD`"
                )
            return {"amount": int(match[1]), "unit": match[2]}
        return given

    @model_serializer
    def _write(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"


class Ladder(RuleData):
    """Within what of the rung before it each rung is due; None: no limit.

    `delivered` counts from the assignment, `signed` from `delivered`, `accepted` from `signed`, `replied` from `accepted`,
    `confirmed` from `replied`, `followed_up` from the close; the answers to a return, a supplement and a withdrawal from the
    request. A return that the sender has not decided goes to the superior, and one that the superior has not to the joint
    conference.
    """

    delivered: Within | None = None
    signed: Within | None = None
    accepted: Within | None = None
    replied: Within | None = None
    confirmed: Within | None = None
    return_decided: Within | None = None
    superior_decided: Within | None = None
    conference_decided: Within | None = None
    supplement_provided: Within | None = None
    withdrawal_decided: Within | None = None
    followed_up: Within | None = None

    def limit(self, step: Limited) -> Within | None:
        """The limit of one step."""
        found: Within | None = getattr(self, step)
        return found

    def over(self, other: Self) -> "Ladder":
        """This ladder where it says something, the other where it does not."""
        return Ladder(**{step: self.limit(step) or other.limit(step) for step in LIMITED})
