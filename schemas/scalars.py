"""Texts, moments, days and flags of message data, as narrow as the published JSON Schema says.

Pydantic alone would take more than the contract allows: a number as a moment, "yes" as a flag, "3" as an
integer. Who tests against the schema and who tests against the hub must get the same answer.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, StrictBool, StringConstraints, WithJsonSchema

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# No moment of a matter lies outside, and at the ends of time a moment has no day in China.
_YEARS = r"(19|20|21)[0-9]{2}"
_MOMENT = re.compile(
    _YEARS + r"-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
ONE_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"


def _moment(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _MOMENT.fullmatch(value)):
        return value
    raise ValueError(
        f"{value!r} must be a date and time with offset (RFC 3339) of 1900 to 2199: 2026-03-02T09:30:00+08:00"
    )


def _day(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("must be a date, e.g. 2026-03-02")  # not repeated: it may be a date of birth


Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]*$")]
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True, pattern=ONE_LINE)
]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_YEARS}-"}),
]
Day = Annotated[date, BeforeValidator(_day)]
Flag = StrictBool
Count = Annotated[int, Field(strict=True, ge=0)]
Ordinal = Annotated[int, Field(strict=True, ge=1)]
