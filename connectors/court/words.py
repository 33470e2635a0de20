"""The contract's fields in the court's pinyin elements, read and written by one table.

An empty element is a missing value. Moments are Beijing time without a zone, in whole seconds.
Readers raise ValueError that names the element, its value and what is allowed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from lxml.etree import _Element as Element

from connectors.court.codes import CODES, OTHER
from connectors.transports.soap import text_of

BEIJING = timezone(timedelta(hours=8))
MOMENT = "%Y%m%d %H:%M:%S"
DAY = "%Y%m%d"


@dataclass(frozen=True, slots=True)
class Word:
    """`read` takes the value from a parent, None when it is missing; `write` gives elements with texts."""

    read: Callable[[Element], Any]
    write: Callable[[Any], Mapping[str, Any]]


def word(type_: str, field: str) -> Word | None:
    """The word for a field of a message type; None for a field that the court has no element for."""
    return WORDS.get(f"{type_}/{field}") or WORDS.get(field)


def read_moment(name: str, text: str | None) -> datetime:
    try:
        return datetime.strptime(text or "", MOMENT).replace(tzinfo=BEIJING)
    except ValueError:
        raise ValueError(f"{name} {text!r} must be yyyyMMdd HH:mm:ss") from None


def write_moment(value: str | datetime) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(BEIJING).strftime(MOMENT)


def _converted(element: str, read: Callable[[str], Any], write: Callable[[Any], str]) -> Word:
    def reading(parent: Element) -> Any:
        text = text_of(parent, element)
        return None if text is None else read(text)

    return Word(reading, lambda value: {element: None if value is None else write(value)})


def _text(element: str) -> Word:
    return _converted(element, str, str)


def _moment(element: str) -> Word:
    return _converted(element, lambda text: read_moment(element, text), write_moment)


def _day(element: str) -> Word:
    def read(text: str) -> date:
        try:
            return datetime.strptime(text, DAY).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            raise ValueError(f"{element} {text!r} must be yyyyMMdd") from None

    return _converted(element, read, lambda value: date.fromisoformat(value).strftime(DAY))


def _flag(element: str) -> Word:
    def read(text: str) -> bool:
        if text not in {"0", "1"}:
            raise ValueError(f"{element} {text!r} must be 0 or 1")
        return text == "1"

    return _converted(element, read, lambda value: str(int(value)))


def _count(element: str) -> Word:
    def read(text: str) -> int:
        if not text.isdecimal():
            raise ValueError(f"{element} {text!r} must be a whole number")
        return int(text)

    return _converted(element, read, str)


def _lines(element: str) -> Word:
    def read(parent: Element) -> list[str] | None:
        return [text for child in parent.findall(element) if (text := (child.text or "").strip())] or None

    return Word(read, lambda value: {element: [str(line) for line in value or ()]})


def _coded(element: str, list_name: str) -> Word:
    codes, plain = CODES.lists[list_name], f"{element}wb"

    def read(parent: Element) -> str | None:
        own = text_of(parent, element)
        if own is None:
            return None
        code = text_of(parent, plain) if codes.open and own == OTHER else codes.contract_code(own)
        if code is None:
            raise ValueError(f"{element} {own!r} must be one of {sorted(codes.codes.values())}")
        return code

    def write(value: Any) -> Mapping[str, Any]:
        if value is None or value in codes.codes:
            return {element: codes.codes.get(value)}
        if codes.open:
            return {element: OTHER, plain: str(value)}
        return {element: str(value)}

    return Word(read, write)


def _listed(element: str, words: Mapping[str, Word]) -> Word:
    def read(parent: Element) -> list[dict[str, Any]] | None:
        return [
            {field: value for field, one in words.items() if (value := one.read(child)) is not None}
            for child in parent.findall(element)
        ] or None

    def write(value: Any) -> Mapping[str, Any]:
        return {element: [_together(words, item) for item in value or ()]}

    return Word(read, write)


def _together(words: Mapping[str, Word], item: Mapping[str, Any]) -> dict[str, Any]:
    elements: dict[str, Any] = {}
    for field, one in words.items():
        elements |= one.write(item.get(field))
    return elements


_PARTY = {
    "role": _coded("ssdw", "party_roles"),
    "name": _text("xm"),
    "id_type": _text("zjlx"),
    "id_number": _text("zjhm"),
    "credit_code": _text("tyshxydm"),
    "gender": _text("xb"),
    "birth": _day("csrq"),
    "phone": _text("lxdh"),
    "address": _text("dz"),
}
_PAPER = {
    "code": _coded("cllx", "papers"),
    "title": _text("clmc"),
    "sha256": _text("fjbs"),
    "size": _count("fjdx"),
    "media_type": _text("fjlx"),
}

WORDS: Mapping[str, Word] = {
    "referral": _text("wbys"),
    "task": _text("wbrw"),
    "role": _coded("zxlx", "roles"),
    "flow": _coded("lcdm", "flows"),
    "kind": _coded("yjfs", "ways"),
    "sender": _text("fsdw"),
    "sender_number": _text("fsbh"),
    "lead": _text("zbdw"),
    "co_handlers": _lines("xbdw"),
    "copies": _lines("csdw"),
    "title": _text("ajmc"),
    "summary": _text("ajjs"),
    "matter": _text("jfdm"),
    "cause": _text("ay"),
    "region": _text("xzqh"),
    "parties": _listed("dsr", _PARTY),
    "due_on": _day("sxrq"),
    "in_custody": _flag("sfzy"),
    "track": _coded("fjfl", "tracks"),
    "priority": _coded("jjcd", "priorities"),
    "opened_by": _text("yyys"),
    "legal_at": _moment("flsj"),
    "officer": _text("cbr"),
    "document": _text("wh"),
    "note": _text("bz"),
    "reason_code": _coded("yydm", "reasons"),
    "reason": _text("yysm"),
    "suggested_to": _text("jydw"),
    "agreed": _flag("sfty"),
    "reassign_to": _text("gpdw"),
    "papers_wanted": _lines("bzcl"),
    "papers": _listed("cl", _PAPER),
    "step": _text("jddm"),
    "reply": _coded("dfdm", "replies"),
    "outcome": _coded("jafs", "outcomes"),
    "result": _text("jgsm"),
    "clock": _text("sxlx"),
    "amount": _count("sl"),
    "unit": _text("sldw"),
    "approver": _text("spr"),
    "task.excluded.v1/kind": _text("kclx"),
    "from_on": _day("ksrq"),
    "to_on": _day("jsrq"),
    "to_officer": _text("xcbr"),
    "fact": _text("ssdm"),
    "value": _text("ssz"),
    "fields": _lines("gzxm"),
    "reached": _flag("sfjt"),
    "rating": _count("mydpf"),
    "opinion": _text("hfyj"),
}
