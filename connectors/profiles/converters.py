"""The converters that a profile may name. Each reads a JSON value of the system and writes one for it.

Reading and writing raise ValueError that gives the value and what is allowed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Converter:
    """`to_contract` gives what the contract's models read; `to_system` takes a value of message data."""

    to_contract: Callable[[Any], Any]
    to_system: Callable[[Any], Any]


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"{value!r} must be a moment with its zone")
    return moment


def _from_epoch(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} must be milliseconds since 1970")
    try:
        return datetime.fromtimestamp(value / 1000, BEIJING)
    except (OverflowError, OSError):
        raise ValueError(f"{value!r} must be milliseconds since 1970") from None


def _local(pattern: str, shown: str) -> Converter:
    """Beijing time without a zone."""

    def read(value: Any) -> datetime:
        try:
            return datetime.strptime(str(value), pattern).replace(tzinfo=BEIJING)
        except ValueError:
            raise ValueError(f"{value!r} must be {shown} (Beijing time)") from None

    return Converter(read, lambda value: _moment(value).astimezone(BEIJING).strftime(pattern))


def _day(pattern: str, shown: str) -> Converter:
    def read(value: Any) -> date:
        try:
            return datetime.strptime(str(value), pattern).replace(tzinfo=BEIJING).date()
        except ValueError:
            raise ValueError(f"{value!r} must be {shown}") from None

    return Converter(read, lambda value: date.fromisoformat(str(value)).strftime(pattern))


def _text(value: Any) -> str:
    if isinstance(value, dict | list | bool):
        raise ValueError(f"{value!r} must be a text or a number")
    return str(value)


def _yes(value: Any) -> bool:
    if value not in ("Y", "N"):
        raise ValueError(f"{value!r} must be Y or N")
    return bool(value == "Y")


CONVERTERS: Mapping[str, Converter] = {
    "as_is": Converter(lambda value: value, lambda value: value),
    "text": Converter(_text, str),
    "iso_time": Converter(_moment, lambda value: _moment(value).astimezone(BEIJING).isoformat()),
    "epoch_ms": Converter(_from_epoch, lambda value: round(_moment(value).timestamp() * 1000)),
    "local_time": _local("%Y-%m-%d %H:%M:%S", "yyyy-MM-dd HH:mm:ss"),
    "compact_time": _local("%Y%m%d%H%M%S", "yyyyMMddHHmmss"),
    "iso_day": _day("%Y-%m-%d", "yyyy-MM-dd"),
    "slash_day": _day("%Y/%m/%d", "yyyy/MM/dd"),
    "compact_day": _day("%Y%m%d", "yyyyMMdd"),
    "y_n": Converter(_yes, lambda value: "Y" if value else "N"),
}
