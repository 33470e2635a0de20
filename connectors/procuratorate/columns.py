"""Which field of the contract stands in which column, and how the procuratorate writes it.

Text is GBK; a character that GBK lacks is written `{U+20BB7}` (hexadecimal code point), and so is a `{` that
stands before `U+`.
Moments are Beijing local time in whole seconds. A blank column is a missing field.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from connectors.procuratorate import dictionary as codes
from connectors.transports.exchange_walk import BEIJING, Row

_ESCAPE = re.compile(r"\{U\+([0-9A-F]{1,6})\}")


def to_gbk(text: str) -> bytes:
    """Loses nothing: `from_gbk` gives the same text back."""
    return b"".join(_character(char) for char in text.replace("{U+", "{U+7B}U+"))


def from_gbk(raw: bytes) -> str:
    """Raises UnicodeDecodeError (a ValueError) for bytes that are not GBK."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), raw.decode("gbk"))


def _character(char: str) -> bytes:
    try:
        return char.encode("gbk")
    except UnicodeEncodeError:
        return b"{U+%X}" % ord(char)


@dataclass(frozen=True, slots=True)
class Place:
    """A field's column and the two ways of conversion."""

    column: str
    write: Callable[[Any], str | bytes] = str
    read: Callable[[Any], Any] = str


def _text(column: str) -> Place:
    return Place(column, to_gbk, from_gbk)


def _code(column: str, known: Mapping[str, str]) -> Place:
    return Place(column, lambda word: codes.to_code(known, word), lambda code: codes.from_code(known, code))


def _flag(column: str) -> Place:
    return Place(column, lambda value: "1" if value else "0", lambda code: _YES_NO[code])


def _day(column: str) -> Place:
    return Place(column, lambda day: day.replace("-", ""), _date)


def _date(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=BEIJING).date()


def _lines(column: str) -> Place:
    return Place(
        column,
        lambda lines: b"\n".join(to_gbk(line).replace(b"\n", b"{U+A}") for line in lines),
        lambda raw: [from_gbk(line) for line in raw.split(b"\n")],
    )


def _units(column: str) -> Place:
    return Place(
        column,
        lambda units: ",".join(codes.to_code(codes.UNITS, unit) for unit in units),
        lambda text: [codes.from_code(codes.UNITS, code) for code in text.split(",")],
    )


def moment(text: str) -> datetime:
    """`20261122173005`, Beijing time."""
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)


def _compact(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


_YES_NO = {"1": True, "0": False}
PLACES: Mapping[str, Place] = {
    "legal_at": Place("flsj", _compact, moment),
    "officer": _text("jbr"),
    "document": _text("wsh"),
    "note": _text("bz"),
    "title": _text("ajmc"),
    "summary": _text("ajzy"),
    "cause": _text("ay"),
    "flow": _code("ajlb", codes.FLOWS),
    "kind": _code("ysfs", codes.WAYS),
    "role": _code("rwjs", codes.ROLES),
    "sender": _code("fsdw", codes.UNITS),
    "sender_number": Place("fsbh"),
    "lead": _code("zbdw", codes.UNITS),
    "co_handlers": _units("xbdw"),
    "copies": _units("csdw"),
    "matter": Place("sflb"),
    "region": Place("xzqh"),
    "due_on": _day("qxrq"),
    "in_custody": _flag("sfzy"),
    "track": _code("fzcd", codes.TRACKS),
    "priority": _code("jjcd", codes.PRIORITIES),
    "opened_by": Place("lyywh"),
    "reason_code": _code("lydm", codes.REASONS),
    "reason": _text("nr"),
    "suggested_to": _code("jydw", codes.UNITS),
    "reassign_to": _code("jydw", codes.UNITS),
    "agreed": _flag("sfty"),
    "papers_wanted": _lines("clqd"),
    "reply": _code("hfdm", codes.REPLIES),
    "step": Place("jzdm"),
    "outcome": _code("jgdm", codes.OUTCOMES),
    "result": _text("nr"),
    "clock": Place("sxdm"),
    "amount": Place("sl", str, int),
    "unit": Place("dw"),
    "approver": _text("spr"),
    "from_on": _day("qsrq"),
    "to_on": _day("jzrq"),
    "to_officer": _text("xcbr"),
    "fact": Place("ssdm"),
    "value": _text("ssz"),
    "fields": _lines("gzzd"),
    "reached": _flag("sfhf"),
    "rating": Place("pf", str, int),
    "opinion": _text("nr"),
}
EXCLUSION = {**PLACES, "kind": Place("kcdm")}
PARTY: Mapping[str, Place] = {
    "role": Place("dsrlx"),
    "name": _text("xm"),
    "id_type": Place("zjlx"),
    "id_number": Place("zjhm"),
    "credit_code": Place("xydm"),
    "gender": Place("xb"),
    "birth": _day("csrq"),
    "phone": Place("lxdh"),
    "address": _text("dz"),
}
PAPER: Mapping[str, Place] = {
    "code": _code("wsdm", codes.PAPERS),
    "title": _text("wsmc"),
    "media_type": Place("wslx"),
}


def read(row: Row, names: Iterable[str], places: Mapping[str, Place]) -> dict[str, Any]:
    """The fields that have a value. Raises ValueError that names column, value and what is allowed."""
    fields: dict[str, Any] = {}
    for name in names:
        place = places.get(name)
        value = row.get(place.column) if place else None
        if place is None or value in (None, "", b""):
            continue
        try:
            fields[name] = place.read(value)
        except KeyError:
            raise ValueError(f"{place.column} {value!r} ({name}): must be 0 or 1") from None
        except ValueError as problem:
            raise ValueError(f"{place.column} {value!r} ({name}): {problem}") from None
    return fields


def written(fields: Mapping[str, Any], names: Iterable[str], places: Mapping[str, Place] = PLACES) -> Row:
    """The columns of those of `names` that have a value."""
    given = ((places[name], fields.get(name)) for name in names)
    return {place.column: place.write(value) for place, value in given if value not in (None, [])}
