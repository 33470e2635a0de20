"""The petition system's elements: each with its name, how it is written and how it is read.

Times are local and carry no zone; "" stands for what is not there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.sandbox.core.matter import BEIJING, Fields
from deploy.sandbox.petition import codes


class FormError(Exception):
    """A field of a form is wrong: which one (zd), its value (z), what may stand there (yx)."""

    def __init__(self, field: str, value: object, allowed: object) -> None:
        super().__init__(f"{field} {value!r}: {allowed}")
        self.field, self.value, self.allowed = field, value, allowed


@dataclass(frozen=True, slots=True)
class Word:
    """One element: its name in the JSON, how a value is written there and read from there."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[[str, Any], Any]


def local_time(value: str | None) -> str:
    """Times are local and carry no zone."""
    return datetime.fromisoformat(value).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S") if value else ""


def _read_time(name: str, value: Any) -> str:
    try:
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).isoformat()
    except (TypeError, ValueError):
        raise FormError(name, value, "yyyy-MM-dd HH:mm:ss") from None


def _read_line(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise FormError(name, value, "文本")
    return value


def _read_flag(name: str, value: Any) -> bool:
    if value not in ("1", "0"):
        raise FormError(name, value, ["1", "0"])
    return bool(value == "1")


def _read_whole(name: str, value: Any) -> int:
    if not str(value).isdigit():
        raise FormError(name, value, "整数")
    return int(value)


def _read_lines(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise FormError(name, value, "文本列表")
    return value


def line(name: str) -> Word:
    return Word(name, str, _read_line)


def coded(name: str, meanings: Mapping[str, str], closed: bool = True) -> Word:
    """A code of a list. In an open list an unknown one stands for itself."""
    own = codes.back(meanings)

    def read(place: str, value: Any) -> str:
        if value not in meanings and (closed or not isinstance(value, str)):
            raise FormError(place, value, sorted(meanings))
        return meanings.get(value, value)

    return Word(name, lambda value: own.get(value, value), read)


def _listed(word: Word) -> Word:
    return Word(
        word.name,
        lambda values: [word.write(value) for value in values],
        lambda name, values: [word.read(name, value) for value in _read_lines(name, values)],
    )


def _forms(name: str, words: Mapping[str, Word]) -> Word:
    def read(place: str, values: Any) -> list[Fields]:
        if not isinstance(values, list):
            raise FormError(place, values, "列表")
        return [read_form(words, value, f"{place}[{n}].") for n, value in enumerate(values)]

    return Word(name, lambda values: [write_form(words, value) for value in values], read)


def write_form(words: Mapping[str, Word], fields: Mapping[str, Any]) -> Fields:
    """The fields under the office's names; what is not there is "", a list that is not there is empty."""
    form: Fields = {}
    for name, word in words.items():
        if name in fields:
            value = fields[name]
            form[word.name] = "" if value is None else word.write(value)
    return form


def read_form(words: Mapping[str, Word], form: Any, place: str = "") -> Fields:
    """The form's fields under neutral names; "" is None. Raises FormError, also for an unknown element."""
    if not isinstance(form, dict):
        raise FormError(place.rstrip("."), form, "对象")
    known = {word.name: name for name, word in words.items()}
    for element in form:
        if element not in known:
            raise FormError(f"{place}{element}", form[element], sorted(known))
    return {
        known[element]: None
        if value in ("", None)
        else words[known[element]].read(f"{place}{element}", value)
        for element, value in form.items()
    }


def document_number(sha256: str) -> str:
    """fjbh: the number of a document in this system."""
    return f"FJ{sha256}"


def document_hash(place: str, number: Any) -> str:
    """The SHA-256 that a document number stands for. Raises FormError."""
    if not isinstance(number, str) or not number.startswith("FJ"):
        raise FormError(place, number, "FJ……")
    return number[2:]


_UNITS = codes.back(codes.UNITS)
_PARTY = {
    "role": line("lb"),
    "name": line("xm"),
    "id_type": line("zjlx"),
    "id_number": line("zjhm"),
    "credit_code": line("tyshxydm"),
    "gender": coded("xb", codes.GENDERS),
    "birth": line("csrq"),
    "phone": line("lxdh"),
    "address": line("zz"),
}
_PAPER = {
    "code": line("wslb"),
    "title": line("wsmc"),
    "media_type": line("wjlx"),
    "sha256": Word("fjbh", document_number, document_hash),
}
UNIT_ACTING = coded("czdw", _UNITS, closed=False)
PARTIES, PAPERS = _forms("xfr", _PARTY), _forms("fj", _PAPER)
MATTER: Mapping[str, Word] = {
    "title": line("bt"),
    "summary": line("nrzy"),
    "matter": line("mdlx"),
    "cause": line("ay"),
    "region": line("xzqh"),
    "parties": PARTIES,
    "papers": PAPERS,
    "lead": coded("zbdw", _UNITS, closed=False),
    "co_handlers": _listed(coded("xbdw", _UNITS, closed=False)),
    "copies": _listed(coded("csdw", _UNITS, closed=False)),
    "due_on": line("xbrq"),
    "in_custody": Word("sfjy", lambda value: "1" if value else "0", _read_flag),
    "track": coded("lx", codes.TRACKS),
    "priority": coded("jjcd", codes.URGENCY),
    "opened_by": line("lyyw"),
}
STEP: Mapping[str, Word] = {
    "reason_code": line("yydm"),
    "reason": line("ly"),
    "suggested_to": coded("jydw", _UNITS, closed=False),
    "agreed": Word("sfty", lambda value: "1" if value else "0", _read_flag),
    "reassign_to": coded("gpdw", _UNITS, closed=False),
    "papers_wanted": Word("bzcl", list, _read_lines),
    "papers": PAPERS,
    "step_code": line("jzdm"),
    "step": line("jzdm"),
    "reply_code": line("dfdm"),
    "reply": line("dfdm"),
    "outcome": line("jgdm"),
    "result": line("jgsm"),
    "clock": line("sxdm"),
    "amount": Word("sl", str, _read_whole),
    "unit": line("dw"),
    "approver": line("spr"),
    "exclude_kind": line("kclb"),
    "from_on": line("qsrq"),
    "to_on": line("jzrq"),
    "to_officer": line("jsr"),
    "fact": line("ssdm"),
    "value": line("ssz"),
    "fields": Word("gzx", list, _read_lines),
    "reached": Word("sflx", lambda value: "1" if value else "0", _read_flag),
    "rating": Word("myd", str, _read_whole),
    "opinion": line("yj"),
    **{name: MATTER[name] for name in ("title", "summary", "parties", "matter", "region", "in_custody")},
}
NOTE: Mapping[str, Word] = {
    **{name: word for name, word in STEP.items() if name not in ("step_code", "reply_code")},
    "state": line("jsdm"),
    "local_number": line("dfbh"),
    "message": line("bwbh"),
    "type": line("bwlx"),
    "detail_zh": line("sm"),
    "allowed": Word("yx", list, _read_lines),
    "text": line("nr"),
}
TASK: Mapping[str, Word] = {
    **{name: word for name, word in MATTER.items() if name != "copies"},
    "flow": line("lcdm"),
    "kind": coded("fsdm", codes.WAYS),
    "role": coded("js", codes.ROLES),
    "sender": coded("fsdw", _UNITS, closed=False),
    "sender_number": line("fsdwbh"),
}
COMMON: Mapping[str, Word] = {
    "legal_at": Word("czsj", local_time, _read_time),
    "officer": line("jbr"),
    "document": line("wh"),
    "note": line("bz"),
}
REFERENCES: Mapping[str, Word] = {
    "ext_case": line("wlajbh"),
    "ext_referral": line("wlywbh"),
    "ext_task": line("wlrwbh"),
}
