"""The petition system's words beside the contract's: elements, codes, local times. Data, read both ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

BEIJING = timezone(timedelta(hours=8))
TIME = "%Y-%m-%d %H:%M:%S"


class WrongElement(ValueError):
    """An element of the petition system can't be mapped: its name, its value, what is allowed."""

    def __init__(self, element: str, value: object, allowed: object) -> None:
        super().__init__(f"{element}: {value!r}: must be {allowed}")


@dataclass(frozen=True, slots=True)
class Word:
    """One element: its name, how its value is read into the contract and written from there."""

    element: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


Words = Mapping[str, Word]


def plain(element: str) -> Word:
    return Word(element, lambda value: value, lambda value: value)


def whole(element: str) -> Word:
    """A number that travels as text."""
    return Word(element, lambda value: int(_one_of(element, value, str(value).isdigit(), "digits")), str)


def flag(element: str) -> Word:
    return coded(element, {"1": True, "0": False})


def time(element: str) -> Word:
    """Local time without zone, in whole seconds."""
    return Word(element, lambda value: read_time(element, value), write_time)


def coded(element: str, meanings: Mapping[str, Any], closed: bool = True) -> Word:
    """A code of a list; in an open list a value without a code stands for itself."""
    own = {meaning: code for code, meaning in meanings.items()}

    def read(value: Any) -> Any:
        return meanings.get(_one_of(element, value, not closed or value in meanings, sorted(meanings)), value)

    return Word(element, read, lambda value: own.get(value, value))


def many(word: Word) -> Word:
    return Word(
        word.element,
        lambda values: [word.read(value) for value in values],
        lambda values: [word.write(value) for value in values],
    )


def forms(element: str, words: Words) -> Word:
    return Word(
        element,
        lambda values: [read_form(words, value) for value in values],
        lambda values: [write_form(words, value) for value in values],
    )


def read_time(element: str, value: Any) -> datetime:
    try:
        return datetime.strptime(value, TIME).replace(tzinfo=BEIJING)
    except (TypeError, ValueError):
        raise WrongElement(element, value, "yyyy-MM-dd HH:mm:ss") from None


def write_time(value: str) -> str:
    return datetime.fromisoformat(value).astimezone(BEIJING).strftime(TIME)


def read_form(words: Words, form: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the contract that a form holds; an empty element is no field."""
    return {
        name: word.read(form[word.element])
        for name, word in words.items()
        if form.get(word.element) not in (None, "")
    }


def write_form(words: Words, data: Mapping[str, Any]) -> dict[str, Any]:
    """The elements for the contract's fields that the petition system has a word for."""
    return {
        word.element: word.write(data[name]) for name, word in words.items() if data.get(name) is not None
    }


def _one_of(element: str, value: Any, fits: bool, allowed: object) -> Any:
    if not fits:
        raise WrongElement(element, value, allowed)
    return value


UNITS = {"XFJ": "petition", "FY": "court", "JCY": "procuratorate", "GAJ": "public_security", "SFJ": "justice"}
BUSINESS = {
    "ZS": ("F21", "forward"),
    "JB": ("F21", "assign"),
    "SFSS": ("F22", "forward"),
    "FTDJ": ("F20", "entrust"),
}
WAYS = {"ZS": "forward", "JB": "assign", "YS": "transfer", "QQ": "request", "WT": "entrust", "GZ": "notify"}
ROLES = {"ZB": "lead", "XB": "co_handler", "CS": "copy"}

COMMON: Words = {
    "legal_at": time("czsj"),
    "officer": plain("jbr"),
    "document": plain("wh"),
    "note": plain("bz"),
}
PAPER: Words = {
    "code": plain("wslb"),
    "title": plain("wsmc"),
    "media_type": plain("wjlx"),
    "fjbh": plain("fjbh"),
}
PARTY: Words = {
    "role": plain("lb"),
    "name": plain("xm"),
    "id_type": plain("zjlx"),
    "id_number": plain("zjhm"),
    "credit_code": plain("tyshxydm"),
    "gender": coded("xb", {"男": "1", "女": "2", "未知": "0", "未说明": "9"}),
    "birth": plain("csrq"),
    "phone": plain("lxdh"),
    "address": plain("zz"),
}
PAPERS: Words = {"papers": forms("fj", PAPER)}
FACTS: Words = {
    "title": plain("bt"),
    "summary": plain("nrzy"),
    "matter": plain("mdlx"),
    "region": plain("xzqh"),
    "parties": forms("xfr", PARTY),
    "in_custody": flag("sfjy"),
}
MATTER: Words = {
    **FACTS,
    **PAPERS,
    "cause": plain("ay"),
    "lead": coded("zbdw", UNITS, closed=False),
    "co_handlers": many(coded("xbdw", UNITS, closed=False)),
    "due_on": plain("xbrq"),
    "track": coded("lx", {"PT": "ordinary", "YN": "complex"}),
    "priority": coded("jjcd", {"P": "normal", "J": "urgent", "Z": "emergency"}),
    "opened_by": plain("lyyw"),
}
RAISED: Words = {**MATTER, "copies": many(coded("csdw", UNITS, closed=False))}
ASSIGNED: Words = {
    **MATTER,
    "flow": plain("lcdm"),
    "kind": coded("fsdm", WAYS),
    "role": coded("js", ROLES),
    "sender": coded("fsdw", UNITS, closed=False),
    "sender_number": plain("fsdwbh"),
}
REASON: Words = {"reason": plain("ly")}
AGREED: Words = {"agreed": flag("sfty"), **REASON}
RETURN: Words = {
    "reason_code": plain("yydm"),
    "suggested_to": coded("jydw", UNITS, closed=False),
    **REASON,
}
RETURN_DECIDED: Words = {**AGREED, "reassign_to": coded("gpdw", UNITS, closed=False)}
WANTED: Words = {"papers_wanted": plain("bzcl"), **REASON}
PROGRESS: Words = {"step": plain("jzdm"), **PAPERS}
REPLY: Words = {"reply": plain("dfdm"), "outcome": plain("jgdm"), "result": plain("jgsm"), **PAPERS}
EXTENSION: Words = {
    "clock": plain("sxdm"),
    "amount": whole("sl"),
    "unit": plain("dw"),
    "approver": plain("spr"),
    **REASON,
}
EXCLUSION: Words = {
    "kind": plain("kclb"),
    "from_on": plain("qsrq"),
    "to_on": plain("jzrq"),
    "clock": plain("sxdm"),
}
RESTART: Words = {"reason_code": plain("yydm"), "clock": plain("sxdm")}
HAND_OVER: Words = {"to_officer": plain("jsr"), **REASON}
FACT: Words = {"fact": plain("ssdm"), "value": plain("ssz")}
CORRECTION: Words = {**FACTS, "fields": plain("gzx"), **REASON}
FOLLOWUP: Words = {"reached": flag("sflx"), "rating": whole("myd"), "opinion": plain("yj")}
CLOSED: Words = {"state": plain("jsdm"), "outcome": plain("jgdm")}
REFUSED: Words = {
    "message": plain("bwbh"),
    "type": plain("bwlx"),
    "reason": plain("ly"),
    "detail_zh": plain("sm"),
    "allowed": plain("yx"),
}
ACCEPTED: Words = {"local_number": plain("dfbh")}
