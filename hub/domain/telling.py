"""Who is told when a time limit speaks, as data: `hub/rules/telling.yaml`."""

from typing import Literal

from pydantic import Field

from hub.domain.ladder import Limited
from hub.domain.rule_data import RuleData

Told = Literal["owner", "sender", "superior", "keeper"]
Missed = Limited | Literal["supervision_answered"]


class Telling(RuleData):
    """`owner`: who must act; `superior`: the owner's, where the directory names one; `keeper`: who received the matter first,
    while it keeps it (首接首办).

    `set_by_person`: when an authorised person sets a date, or takes that back. `missed`: by the rung whose receipt is missing; a
    rung that is not there is told to nobody. A missing answer to a step of supervision is told to its raiser too.
    """

    warned: list[Told]
    breached: list[Told]
    annulled: list[Told]
    set_by_person: list[Told] = Field(default=["owner", "sender", "superior"])
    missed: dict[Missed, list[Told]] = Field(default={})
