"""Which field of a record stands in which column, and how it is written there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.sandbox.core.matter import COMMON_FIELDS, Fields
from deploy.sandbox.procuratorate import dictionary as words
from deploy.sandbox.procuratorate.text import compact, from_gbk, iso, to_gbk

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """One field's column and the two ways of conversion. A blank column is a missing field (None)."""

    column: str
    write: Callable[[Any], str | bytes]
    read: Callable[[Any], Any]


def _plain(column: str) -> Place:
    return Place(column, str, str)


def _text(column: str) -> Place:
    return Place(column, to_gbk, from_gbk)


def _code(column: str, codes: Mapping[str, str]) -> Place:
    return Place(column, lambda word: words.to_code(codes, word), lambda code: words.from_code(codes, code))


def _flag(column: str) -> Place:
    return Place(column, lambda value: "1" if value else "0", lambda code: {"1": True, "0": False}[code])


def _count(column: str) -> Place:
    return Place(column, str, int)


def _day(column: str) -> Place:
    return Place(column, lambda day: day.replace("-", ""), lambda text: f"{text[:4]}-{text[4:6]}-{text[6:]}")


def _lines(column: str) -> Place:
    """A list of texts, one per line; a line break inside a text is written as an escape."""
    return Place(
        column,
        lambda lines: b"\n".join(to_gbk(line).replace(b"\n", b"{U+A}") for line in lines),
        lambda raw: [from_gbk(line) for line in raw.split(b"\n")],
    )


def _units(column: str) -> Place:
    return Place(
        column,
        lambda units: ",".join(words.to_code(words.UNITS, unit) for unit in units),
        lambda text: [words.from_code(words.UNITS, code) for code in text.split(",")],
    )


PLACES: Mapping[str, Place] = {
    "ext_case": _plain("wlajh"),
    "ext_referral": _plain("wlywh"),
    "ext_task": _plain("wlrwh"),
    "legal_at": Place("flsj", compact, iso),
    "officer": _text("jbr"),
    "document": _text("wsh"),
    "note": _text("bz"),
    "title": _text("ajmc"),
    "summary": _text("ajzy"),
    "cause": _text("ay"),
    "flow": _code("ajlb", words.FLOWS),
    "kind": _code("ysfs", words.WAYS),
    "role": _code("rwjs", words.ROLES),
    "sender": _code("fsdw", words.UNITS),
    "actor": _code("fsdw", words.UNITS),
    "sender_number": _plain("fsbh"),
    "lead": _code("zbdw", words.UNITS),
    "co_handlers": _units("xbdw"),
    "copies": _units("csdw"),
    "matter": _plain("sflb"),
    "region": _plain("xzqh"),
    "due_on": _day("qxrq"),
    "in_custody": _flag("sfzy"),
    "track": _code("fzcd", words.TRACKS),
    "priority": _code("jjcd", words.PRIORITIES),
    "opened_by": _plain("lyywh"),
    "reason_code": _code("lydm", words.REASONS),
    "reason": _text("nr"),
    "suggested_to": _code("jydw", words.UNITS),
    "reassign_to": _code("jydw", words.UNITS),
    "agreed": _flag("sfty"),
    "papers_wanted": _lines("clqd"),
    "reply_code": _code("hfdm", words.REPLIES),
    "reply": _code("hfdm", words.REPLIES),
    "step_code": _plain("jzdm"),
    "step": _plain("jzdm"),
    "outcome": _code("jgdm", words.OUTCOMES),
    "result": _text("nr"),
    "clock": _plain("sxdm"),
    "amount": _count("sl"),
    "unit": _plain("dw"),
    "approver": _text("spr"),
    "exclude_kind": _plain("kcdm"),
    "from_on": _day("qsrq"),
    "to_on": _day("jzrq"),
    "to_officer": _text("xcbr"),
    "fact": _plain("ssdm"),
    "value": _text("ssz"),
    "fields": _lines("gzzd"),
    "reached": _flag("sfhf"),
    "rating": _count("pf"),
    "opinion": _text("nr"),
}
PARTY: Mapping[str, Place] = {
    "role": _plain("dsrlx"),
    "name": _text("xm"),
    "id_type": _plain("zjlx"),
    "id_number": _plain("zjhm"),
    "credit_code": _plain("xydm"),
    "gender": _plain("xb"),
    "birth": _day("csrq"),
    "phone": _plain("lxdh"),
    "address": _text("dz"),
}
PAPER: Mapping[str, Place] = {
    "code": _code("wsdm", words.PAPERS),
    "title": _text("wsmc"),
    "media_type": _plain("wslx"),
    "size": _count("wsdx"),
    "content": Place("wsnr", bytes, bytes),
}

REFERENCES = ("ext_case", "ext_referral", "ext_task")
CARD = (
    *("flow", "kind", "lead", "co_handlers", "copies", "title", "summary", "matter", "region", "due_on"),
    *("in_custody", "track", "priority", "opened_by", *COMMON_FIELDS),
)
TASK = (*CARD, *REFERENCES, "cause", "role", "sender", "sender_number")

_NOTE: Mapping[str, tuple[str, ...]] = {
    "return_proposed": ("reason_code", "reason", "suggested_to"),
    "return_decided": ("agreed", "reassign_to", "reason"),
    "supplement_requested": ("papers_wanted", "reason"),
    "progressed": ("step",),
    "replied": ("reply", "outcome", "result"),
    "rework": ("reason",),
    "withdrawal_requested": ("reason",),
    "closed": ("outcome",),
}


def note_fields(kind: str) -> tuple[str, ...]:
    """The fields of a received note that have columns of their own; the others stand in `qtxx` as JSON."""
    return (*_NOTE.get(kind, ()), *COMMON_FIELDS, *REFERENCES, "actor")


def written(fields: Mapping[str, Any], names: Iterable[str], places: Mapping[str, Place] = PLACES) -> Row:
    """The columns of those of `names` that have a value; the others stay blank."""
    given = ((places[name], fields.get(name)) for name in names)
    return {place.column: place.write(value) for place, value in given if value not in (None, [], ())}


def read(row: Mapping[str, Any], names: Iterable[str], places: Mapping[str, Place] = PLACES) -> Fields:
    """The fields that have a value. Raises ValueError that names the column and its value."""
    fields: Fields = {}
    for name in names:
        place = places[name]
        if (value := trimmed(row[place.column])) in ("", b""):
            continue
        try:
            fields[name] = place.read(value)
        except (KeyError, ValueError, UnicodeDecodeError) as problem:
            raise ValueError(f"{place.column} {value!r} ({name}): {problem}") from None
    return fields


def trimmed(value: Any) -> Any:
    """CHAR columns come padded with blanks."""
    return value.rstrip(" ") if isinstance(value, str) else value
