"""What can happen to a clock. Facts are what the journal keeps: a deadline is computed from them, never stored alone."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, TypeAdapter

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
Point = datetime | date


def read_point(value: object) -> Point:
    """A day or a moment as text. A moment at midnight stays a moment. ValueError: neither, or a moment without a zone."""
    if isinstance(value, datetime):
        return shanghai(value)
    if isinstance(value, date):
        return value
    text = str(value)
    return (
        date.fromisoformat(text) if len(text) == len("2026-01-01") else shanghai(datetime.fromisoformat(text))
    )


def shanghai(moment: datetime) -> datetime:
    """The same moment by Shanghai time. ValueError without a zone: then it is no moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment.astimezone(SHANGHAI)


_At = Annotated[Point, PlainValidator(read_point)]


@dataclass(frozen=True, slots=True)
class Started:
    """The event happened. A later one corrects an earlier. A clock in hours needs the moment, any other takes its day.

    `since`: the earlier event from which a cap counts. `circumstance`: one that the cap names. `nth`: which start in
    the case it is, where the clock has a counter. `until`: the last day, where the letter sets it.
    """

    at: _At
    since: date | None = None
    circumstance: str | None = None
    nth: int = 1
    until: date | None = None
    f: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Extended:
    """延长, approved on a day, in the unit of the clock's extension."""

    amount: int
    on: date
    f: Literal["extended"] = "extended"


@dataclass(frozen=True, slots=True)
class Excluded:
    """扣除: days that do not count, both ends included."""

    first: date
    last: date
    ground: str
    f: Literal["excluded"] = "excluded"


@dataclass(frozen=True, slots=True)
class Restarted:
    """重新计算: the clock starts again."""

    at: _At
    reason: str
    f: Literal["restarted"] = "restarted"


@dataclass(frozen=True, slots=True)
class CustodyChanged:
    """The person is in custody from this day on, or no longer."""

    on: date
    held: bool
    f: Literal["custody_changed"] = "custody_changed"


Fact = Started | Extended | Excluded | Restarted | CustodyChanged
_FACTS: TypeAdapter[list[Fact]] = TypeAdapter(list[Annotated[Fact, Field(discriminator="f")]])


def facts_to_data(facts: tuple[Fact, ...]) -> list[dict[str, Any]]:
    """Facts as the journal holds them: plain values, nothing that says nothing."""
    return [
        {name: _plain(value) for name, value in asdict(fact).items() if value is not None} for fact in facts
    ]


def facts_from_data(data: list[dict[str, Any]]) -> tuple[Fact, ...]:
    """The facts that `facts_to_data` wrote. Raises pydantic's ValidationError."""
    return tuple(_FACTS.validate_python(data))


def day_of(point: Point) -> date:
    """The Shanghai day of a moment, or the day itself."""
    return shanghai(point).date() if isinstance(point, datetime) else point


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return shanghai(value).isoformat()
    return value.isoformat() if isinstance(value, date) else value
