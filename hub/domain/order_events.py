"""What operators ordered for a case: erasure and legal hold."""

from typing import ClassVar, Literal

from hub.domain.fact import Fact


class Erased(Fact, tag="erased"):
    """Keys were destroyed: of these persons (by number in the case), of free text, or all there were (`everything`)."""

    persons: list[int]
    text: bool
    everything: bool
    article: str
    at: str
    e: ClassVar[Literal["erased"]] = "erased"


class HoldSet(Fact, tag="hold_set"):
    """Nothing of the case is erased from here on."""

    hold: str
    article: str
    at: str
    e: ClassVar[Literal["hold_set"]] = "hold_set"


class HoldReleased(Fact, tag="hold_released"):
    """A hold ends."""

    hold: str
    at: str
    e: ClassVar[Literal["hold_released"]] = "hold_released"
