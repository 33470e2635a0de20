"""Who is told when a time limit speaks, as data: `hub/rules/telling.yaml`."""

from typing import Literal

from pydantic import Field

from hub.domain.ladder import Limited
from hub.domain.rule_data import RuleData

Told = Literal["owner", "sender", "superior", "keeper"]


class Telling(RuleData):
    """`owner`: who must act; `superior`: the owner's, where the directory names one; `keeper`: who received the matter first,
    while it keeps it (首接首办).

    `missed`: by the rung whose receipt is missing; a rung that is not there is told to nobody.
    """

    warned: list[Told]
    breached: list[Told]
    annulled: list[Told]
    missed: dict[Limited, list[Told]] = Field(default={})
