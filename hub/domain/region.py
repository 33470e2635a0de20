"""Region codes as places: on which level one stands and what lies inside what (GB/T 2260; 12 digits with town and village)."""

from functools import lru_cache
from typing import Literal, get_args

Level = Literal["village", "town", "county", "city", "province"]
LEVELS: tuple[Level, ...] = get_args(Level)


@lru_cache(4096)
def stem(region: str) -> str:
    """The digits that name the place, without the zeros that stand for "the whole of it"."""
    while len(region) > 6 and region.endswith("000"):
        region = region[:-3]
    while len(region) in (4, 6) and region.endswith("00"):
        region = region[:-2]
    return region


def level_of(region: str) -> Level:
    """The level of a place: village 村（社区）, town 乡镇（街道）, county, city, province."""
    return {2: "province", 4: "city", 6: "county", 9: "town"}.get(len(stem(region)), "village")  # type: ignore[return-value]


def rank(level: Level) -> int:
    """Levels as numbers, the lowest first."""
    return LEVELS.index(level)


def above(level: Level) -> Level:
    """The next level up; above the province there is none."""
    return LEVELS[min(rank(level) + 1, len(LEVELS) - 1)]


def inside(place: str, region: str) -> bool:
    """Whether a place lies in a region, or is it."""
    return stem(place).startswith(stem(region))
