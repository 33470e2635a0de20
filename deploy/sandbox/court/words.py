"""The court's pinyin elements for the words of its books, written and read by one table.

Missing values are empty elements. Moments are Beijing time without a zone, in whole seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from deploy.sandbox.core.matter import BEIJING
from deploy.sandbox.court import codes
from deploy.sandbox.court.answers import wrong_field
from deploy.sandbox.court.codes import OTHER, CodeList

MOMENT = "%Y%m%d %H:%M:%S"
DAY = "%Y%m%d"
PAPER_PREFIX = "FJ"


@dataclass(frozen=True, slots=True)
class Word:
    """`write` adds the element (or several) to a parent, `read` takes the value, None when it is empty."""

    element: str
    write: Callable[[Element, str, Any], None]
    read: Callable[[Element, str], Any]


def encode(parent: Element, fields: Mapping[str, Any]) -> None:
    """Writes the fields that the table knows, in the table's order; the others are not for outside."""
    for name, word in WORDS.items():
        if name in fields:
            word.write(parent, word.element, fields[name])


def decode(parent: Element) -> dict[str, Any]:
    """The fields that a document from outside gives, under the names of the books. Raises Refused (E2003)."""
    fields = {name: word.read(parent, word.element) for name, word in WORDS.items()}
    return {name: value for name, value in fields.items() if value is not None}


def moment(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(BEIJING).strftime(MOMENT)


def read_moment(name: str, text: str) -> datetime:
    """A moment of the interface as Beijing time. Raises Refused."""
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=BEIJING)
    except ValueError:
        raise wrong_field(name, text, "yyyyMMdd HH:mm:ss") from None


def text_of(parent: Element, name: str) -> str:
    return (parent.findtext(name) or "").strip()


def _add(parent: Element, name: str, text: str) -> Element:
    child = etree.SubElement(parent, name)
    child.text = text
    return child


def _write_text(parent: Element, name: str, value: Any) -> None:
    _add(parent, name, "" if value is None else str(value))


def _read_text(parent: Element, name: str) -> str | None:
    return text_of(parent, name) or None


def _write_lines(parent: Element, name: str, value: Any) -> None:
    for line in value or ():
        _add(parent, name, str(line))


def _read_lines(parent: Element, name: str) -> list[str] | None:
    return [line for line in ((child.text or "").strip() for child in parent.findall(name)) if line] or None


def _write_moment(parent: Element, name: str, value: Any) -> None:
    _add(parent, name, moment(value) if value else "")


def _read_moment(parent: Element, name: str) -> str | None:
    text = text_of(parent, name)
    return read_moment(name, text).isoformat() if text else None


def _write_day(parent: Element, name: str, value: Any) -> None:
    _add(parent, name, date.fromisoformat(value).strftime(DAY) if value else "")


def _read_day(parent: Element, name: str) -> str | None:
    text = text_of(parent, name)
    try:
        return f"{date(int(text[:4]), int(text[4:6]), int(text[6:])):%Y-%m-%d}" if text else None
    except ValueError:
        raise wrong_field(name, text, "yyyyMMdd") from None


def _write_flag(parent: Element, name: str, value: Any) -> None:
    _add(parent, name, "" if value is None else str(int(value)))


def _read_flag(parent: Element, name: str) -> bool | None:
    text = text_of(parent, name)
    if text not in {"", "0", "1"}:
        raise wrong_field(name, text, "0, 1")
    return bool(int(text)) if text else None


def _coded(element: str, codes_: CodeList) -> Word:
    def write(parent: Element, name: str, value: Any) -> None:
        code = codes_.codes.get(value) if value else ""
        if code is not None:
            _add(parent, name, code)
        elif codes_.open:
            _add(parent, name, OTHER)
            _add(parent, f"{name}wb", str(value))
        else:
            _add(parent, name, str(value))

    def read(parent: Element, name: str) -> str | None:
        code = text_of(parent, name)
        if not code:
            return None
        word = text_of(parent, f"{name}wb") if codes_.open and code == OTHER else codes_.word_of(code)
        if not word:
            raise wrong_field(name, code, f"{codes_.title}: {', '.join(sorted(codes_.codes.values()))}")
        return word

    return Word(element, write, read)


def _write_parties(parent: Element, name: str, value: Any) -> None:
    for party in value or ():
        child = etree.SubElement(parent, name)
        for field, word in _PARTY.items():
            word.write(child, word.element, party.get(field))


def _read_parties(parent: Element, name: str) -> list[dict[str, Any]] | None:
    return [
        {
            field: value
            for field, word in _PARTY.items()
            if (value := word.read(child, word.element)) is not None
        }
        for child in parent.findall(name)
    ] or None


def _write_papers(parent: Element, name: str, value: Any) -> None:
    for paper in value or ():
        child = etree.SubElement(parent, name)
        _PAPER["code"].write(child, "cllx", paper.get("code"))
        _add(child, "clmc", paper["title"])
        _add(child, "fjbs", PAPER_PREFIX + paper["sha256"].upper())
        _add(child, "fjlx", paper["media_type"])
        _add(child, "fjdx", str(paper["size"]))


def _read_papers(parent: Element, name: str) -> list[dict[str, Any]] | None:
    return [
        {
            "code": _required(_PAPER["code"].read(child, "cllx"), "cllx"),
            "title": _required(text_of(child, "clmc"), "clmc"),
            "sha256": text_of(child, "fjbs").removeprefix(PAPER_PREFIX).lower(),
            "media_type": text_of(child, "fjlx"),
        }
        for child in parent.findall(name)
    ] or None


def _required(value: str | None, name: str) -> str:
    if not value:
        raise wrong_field(name, "", "不能为空")
    return value


def _text(element: str) -> Word:
    return Word(element, _write_text, _read_text)


def _lines(element: str) -> Word:
    return Word(element, _write_lines, _read_lines)


def _day(element: str) -> Word:
    return Word(element, _write_day, _read_day)


def _flag(element: str) -> Word:
    return Word(element, _write_flag, _read_flag)


_PAPER = {"code": _coded("cllx", codes.PAPERS)}
_PARTY = {
    "role": _coded("ssdw", codes.PARTY_ROLES),
    "name": _text("xm"),
    "id_type": _text("zjlx"),
    "id_number": _text("zjhm"),
    "credit_code": _text("tyshxydm"),
    "gender": _text("xb"),
    "birth": _day("csrq"),
    "phone": _text("lxdh"),
    "address": _text("dz"),
}

WORDS: Mapping[str, Word] = {
    "ext_case": _text("wbaj"),
    "ext_referral": _text("wbys"),
    "ext_task": _text("wbrw"),
    "role": _coded("zxlx", codes.ROLES),
    "flow": _coded("lcdm", codes.FLOWS),
    "kind": _coded("yjfs", codes.WAYS),
    "sender": _text("fsdw"),
    "sender_number": _text("fsbh"),
    "actor": _text("ztdw"),
    "lead": _text("zbdw"),
    "co_handlers": _lines("xbdw"),
    "copies": _lines("csdw"),
    "title": _text("ajmc"),
    "summary": _text("ajjs"),
    "matter": _text("jfdm"),
    "cause": _text("ay"),
    "region": _text("xzqh"),
    "parties": Word("dsr", _write_parties, _read_parties),
    "due_on": _day("sxrq"),
    "in_custody": _flag("sfzy"),
    "track": _coded("fjfl", codes.TRACKS),
    "priority": _coded("jjcd", codes.PRIORITIES),
    "opened_by": _text("yyys"),
    "legal_at": Word("flsj", _write_moment, _read_moment),
    "officer": _text("cbr"),
    "document": _text("wh"),
    "note": _text("bz"),
    "reason_code": _coded("yydm", codes.REASONS),
    "reason": _text("yysm"),
    "suggested_to": _text("jydw"),
    "agreed": _flag("sfty"),
    "reassign_to": _text("gpdw"),
    "papers_wanted": _lines("bzcl"),
    "papers": Word("cl", _write_papers, _read_papers),
    "step_code": _text("jddm"),
    "reply_code": _coded("dfdm", codes.REPLIES),
    "outcome": _coded("jafs", codes.OUTCOMES),
    "result": _text("jgsm"),
    "clock": _text("sxlx"),
    "amount": _text("sl"),
    "unit": _text("sldw"),
    "approver": _text("spr"),
    "exclude_kind": _text("kclx"),
    "from_on": _day("ksrq"),
    "to_on": _day("jsrq"),
    "to_officer": _text("xcbr"),
    "fact": _text("ssdm"),
    "value": _text("ssz"),
    "fields": _lines("gzxm"),
    "reached": _flag("sfjt"),
    "rating": _text("mydpf"),
    "opinion": _text("hfyj"),
}
