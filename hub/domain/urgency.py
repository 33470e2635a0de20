"""How pressing a matter is, and what that changes: 平急战, 两条线, 风险升级, 预警.

The data is `hub/rules/routing/urgency.yaml`.
"""

from collections.abc import Iterator

from pydantic import Field

from hub.domain.ladder import Ladder
from hub.domain.rule_data import Bilingual, CodeText, RuleData, WholeFile
from schemas.messages.base import OwnerRank, Priority, Track
from schemas.messages.case import WarningColour

OWNER, SUPERIOR = "owner", "superior"
PRIORITIES, RANKS = list(Priority), list(OwnerRank)


class Pace(RuleData):
    """What a class of matters changes: limits of the ladder, and how else a receiver is to be reached."""

    title: Bilingual
    within: Ladder = Ladder()
    channels: list[CodeText] = Field(default=[])


class Risk(RuleData):
    """A level of risk: the priority that a matter has at least, and the rank that its owner has at least."""

    title: Bilingual
    priority: Priority = Priority.NORMAL
    owner: OwnerRank = OwnerRank.OFFICER


class Colour(RuleData):
    """What a warning of this colour triggers: a level of risk of the case, and who is told."""

    title: Bilingual
    risk: CodeText | None = None
    tells: list[CodeText] = Field(default=[])

    def roles(self) -> list[CodeText]:
        """The roles among those that are told."""
        return [one for one in self.tells if one not in (OWNER, SUPERIOR)]


class Urgency(WholeFile):
    """The whole file."""

    priorities: dict[Priority, Pace]
    tracks: dict[Track, Pace]
    risks: dict[CodeText, Risk]
    colours: dict[WarningColour, Colour]

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        for name, wanted in (("priorities", Priority), ("tracks", Track), ("colours", WarningColour)):
            if missing := [one.value for one in wanted if one not in getattr(self, name)]:
                yield name, f"{missing} is missing"
        for colour, held_colour in self.colours.items():
            if held_colour.risk is not None and held_colour.risk not in self.risks:
                yield (
                    f"colours.{colour}.risk",
                    f"{held_colour.risk!r} is no risk; allowed: {sorted(self.risks)}",
                )

    def over(self, base: Ladder, track: str, priority: str) -> Ladder:
        """The limits of a matter: those of its priority, then of its track, then the others."""
        pace, line = self.priorities[Priority(priority)], self.tracks[Track(track)]
        return pace.within.over(line.within).over(base)


def more_pressing(one: str, other: str) -> bool:
    """Whether a priority is above another."""
    return PRIORITIES.index(Priority(one)) > PRIORITIES.index(Priority(other))


def outranks(one: str, other: str) -> bool:
    """Whether a rank is above another."""
    return RANKS.index(OwnerRank(one)) > RANKS.index(OwnerRank(other))
