"""Events of duplicates 重复件: offered for linking by the hub, answered by people. Moments as in `hub.domain.events`."""

from typing import ClassVar, Literal

from hub.domain.fact import Fact


class DuplicateOffered(Fact, tag="duplicate_offered"):
    """Another open case may be the same matter. `agrees`: what the two have in common, by code, never what it says.

    `combination`: the row of the data by which they were compared. `to`: on whom this case rests.
    """

    other: str
    combination: str
    agrees: list[str]
    to: list[str]
    at: str
    e: ClassVar[Literal["duplicate_offered"]] = "duplicate_offered"


class DuplicateAnswered(Fact, tag="duplicate_answered"):
    """`verdict`: the two were `linked`, `merged` or `dismissed` as not the same. `by`: a department; `hub`: in the other case."""

    other: str
    verdict: str
    by: str
    at: str
    e: ClassVar[Literal["duplicate_answered"]] = "duplicate_answered"
