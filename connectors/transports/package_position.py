"""The cursor of a file channel:

which packages the connector's store holds, and which files must still be set aside.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

TORN, UNMAPPED = "torn", "unmapped"


@dataclass(slots=True)
class Serials:
    """A set of whole numbers kept as inclusive ranges, so that a long gap-free run is one pair."""

    ranges: list[tuple[int, int]] = field(default_factory=list)

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in reversed(self.ranges))

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def add(self, number: int) -> None:
        """No-op for one that is held."""
        joined = (number, number)
        rest = []
        for first, last in self.ranges:
            if last + 1 < joined[0] or first > joined[1] + 1:
                rest.append((first, last))
            else:
                joined = (min(first, joined[0]), max(last, joined[1]))
        self.ranges = sorted([*rest, joined])

    def discard(self, number: int) -> None:
        """No-op for one that is not held."""
        kept: list[tuple[int, int]] = []
        for first, last in self.ranges:
            if first <= number <= last:
                kept += [part for part in ((first, number - 1), (number + 1, last)) if part[0] <= part[1]]
            else:
                kept.append((first, last))
        self.ranges = kept


class Aside(BaseModel):
    """A file that was reported and is to be moved away, if it still has these bytes:

    a whole one may have replaced it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    sha256: str
    folder: str
    reason: str


class _Text(BaseModel):
    model_config = ConfigDict(extra="forbid")

    taken: list[tuple[int, int]] = []
    unmapped: list[tuple[int, int]] = []
    aside: list[Aside] = []


@dataclass(slots=True)
class Position:
    """What the kit's store holds durably once it holds the cursor that this was read from.

    `unmapped` are taken ones that could not be mapped: put back into the directory they are tried again.
    """

    taken: Serials = field(default_factory=Serials)
    unmapped: Serials = field(default_factory=Serials)
    aside: list[Aside] = field(default_factory=list)

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "Position":
        """None is the start. Raises ValueError for a foreign cursor."""
        if cursor is None:
            return cls()
        text = _Text.model_validate_json(cursor)
        return cls(Serials(text.taken), Serials(text.unmapped), text.aside)

    def to_cursor(self) -> str:
        return _Text(
            taken=self.taken.ranges, unmapped=self.unmapped.ranges, aside=self.aside
        ).model_dump_json()
