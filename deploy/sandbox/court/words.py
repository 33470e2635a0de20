"""The court's pinyin elements for the words of its books, written and read by one table."""

from collections.abc import Mapping
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from deploy.sandbox.court import codes
from deploy.sandbox.court.answers import wrong_field
from deploy.sandbox.court.converters import Word, add, coded, day, flag, lines, moment_word, text, text_of

PAPER_PREFIX = "FJ"


def encode(parent: Element, fields: Mapping[str, Any]) -> None:
    """Writes the fields that the table knows, in the table's order; the others are not for outside."""
    for name, word in WORDS.items():
        if name in fields:
            word.write(parent, word.element, fields[name])


def decode(parent: Element) -> dict[str, Any]:
    """The fields that a document from outside gives, under the names of the books. Raises Refused (E2003)."""
    fields = {name: word.read(parent, word.element) for name, word in WORDS.items()}
    return {name: value for name, value in fields.items() if value is not None}


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
        add(child, "clmc", paper["title"])
        add(child, "fjbs", PAPER_PREFIX + paper["sha256"].upper())
        add(child, "fjlx", paper["media_type"])
        add(child, "fjdx", str(paper["size"]))


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


_PAPER = {"code": coded("cllx", codes.PAPERS)}
_PARTY = {
    "role": coded("ssdw", codes.PARTY_ROLES),
    "name": text("xm"),
    "id_type": text("zjlx"),
    "id_number": text("zjhm"),
    "credit_code": text("tyshxydm"),
    "gender": text("xb"),
    "birth": day("csrq"),
    "phone": text("lxdh"),
    "address": text("dz"),
}

WORDS: Mapping[str, Word] = {
    "ext_case": text("wbaj"),
    "ext_referral": text("wbys"),
    "ext_task": text("wbrw"),
    "role": coded("zxlx", codes.ROLES),
    "flow": coded("lcdm", codes.FLOWS),
    "kind": coded("yjfs", codes.WAYS),
    "sender": text("fsdw"),
    "sender_number": text("fsbh"),
    "actor": text("ztdw"),
    "lead": text("zbdw"),
    "co_handlers": lines("xbdw"),
    "copies": lines("csdw"),
    "title": text("ajmc"),
    "summary": text("ajjs"),
    "matter": text("jfdm"),
    "cause": text("ay"),
    "region": text("xzqh"),
    "parties": Word("dsr", _write_parties, _read_parties),
    "due_on": day("sxrq"),
    "in_custody": flag("sfzy"),
    "track": coded("fjfl", codes.TRACKS),
    "priority": coded("jjcd", codes.PRIORITIES),
    "opened_by": text("yyys"),
    "legal_at": moment_word("flsj"),
    "officer": text("cbr"),
    "document": text("wh"),
    "note": text("bz"),
    "reason_code": coded("yydm", codes.REASONS),
    "reason": text("yysm"),
    "suggested_to": text("jydw"),
    "agreed": flag("sfty"),
    "reassign_to": text("gpdw"),
    "papers_wanted": lines("bzcl"),
    "papers": Word("cl", _write_papers, _read_papers),
    "step_code": text("jddm"),
    "reply_code": coded("dfdm", codes.REPLIES),
    "outcome": coded("jafs", codes.OUTCOMES),
    "result": text("jgsm"),
    "clock": text("sxlx"),
    "amount": text("sl"),
    "unit": text("sldw"),
    "approver": text("spr"),
    "exclude_kind": text("kclx"),
    "from_on": day("ksrq"),
    "to_on": day("jsrq"),
    "to_officer": text("xcbr"),
    "fact": text("ssdm"),
    "value": text("ssz"),
    "fields": lines("gzxm"),
    "reached": flag("sfjt"),
    "rating": text("mydpf"),
    "opinion": text("hfyj"),
}
