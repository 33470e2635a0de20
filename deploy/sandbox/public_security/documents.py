"""The system's XML documents, as `documents.yaml` and `lists.yaml` say.

Times are local Beijing time without a zone; a code that a list lacks is "other" with the original in
attribute `ydm`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

from deploy.sandbox.core.matter import BEIJING, Fields, Step

_HERE = Path(__file__).parent
_TABLES: Mapping[str, Any] = yaml.safe_load((_HERE / "documents.yaml").read_text("utf-8"))
_LISTS: Mapping[str, Mapping[str, str]] = yaml.safe_load((_HERE / "lists.yaml").read_text("utf-8"))
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
_RESULTS = {"taken": "1", "refused": "2", "damaged": "3"}
Element = etree._Element


def step_document(step: Step) -> bytes:
    """One step of our officers."""
    table = _TABLES["steps"][step.kind]
    root, body = _skeleton(table["bwlx"], datetime.fromisoformat(step.at))
    etree.SubElement(body, "ajbh").text = step.number
    _write(body, {**_TABLES["references"], **_TABLES["act"], **table["body"]}, step.fields)
    return _bytes(root)


def read_delivery(document: bytes) -> tuple[str, str, Fields]:
    """Kind, delivery id and fields of a document from outside. Raises ValueError that names the element."""
    root = _root(document, "ajxt")
    form, delivery = root.findtext("tou/bwlx") or "", root.findtext("tou/tdbh") or ""
    if form not in _TABLES["deliveries"]:
        raise ValueError(f"bwlx {form!r} must be one of {sorted(_TABLES['deliveries'])}")
    table = _TABLES["deliveries"][form]
    places = {
        "ajbh": "number",
        "czdw": "actor unit",
        **_TABLES["references"],
        **_TABLES["act"],
        **table["body"],
    }
    body = root.find("ti")
    if body is None:
        raise ValueError("ti (报文体) must be there")
    return table["kind"], delivery, _read(body, places)


def receipts_document(receipts: Sequence[tuple[str, str, str | None, str | None]]) -> bytes:
    """Receipts as (package, result, our number, problem)."""
    root = etree.Element("hz")
    for package, result, number, problem in receipts:
        values = {"bwbh": package, "jg": _RESULTS[result], "ajbh": number, "sm": problem}
        _write(etree.SubElement(root, "mx"), {name: name for name in values}, values)
    return _bytes(root)


def read_receipts(document: bytes) -> list[tuple[str, str]]:
    """Package and result of each receipt."""
    results = {code: result for result, code in _RESULTS.items()}
    entries = _root(document, "hz").iterfind("mx")
    return [(entry.findtext("bwbh") or "", results[entry.findtext("jg") or ""]) for entry in entries]


def _skeleton(form: str, at: datetime) -> tuple[Element, Element]:
    root = etree.Element("ajxt")
    head = etree.SubElement(root, "tou")
    etree.SubElement(head, "bwlx").text = form
    etree.SubElement(head, "scsj").text = at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
    etree.SubElement(head, "mj").text = "1"
    return root, etree.SubElement(root, "ti")


def _write(parent: Element, places: Mapping[str, str], fields: Mapping[str, Any]) -> None:
    for element, place in places.items():
        name, form, many = _parsed_place(place)
        value = fields.get(name)
        for one in (value or ()) if many else () if value is None else (value,):
            child = etree.SubElement(parent, element)
            if form in _GROUPS:
                _write(child, _TABLES[form], one)
            elif form in _LISTS:
                _write_code(child, _LISTS[form], one)
            else:
                child.text = _WRITERS[form](one)


def _read(parent: Element, places: Mapping[str, str]) -> Fields:
    fields: Fields = {}
    for element, place in places.items():
        name, form, many = _parsed_place(place)
        values = [_read_one(child, form) for child in parent.iterfind(element) if len(child) or child.text]
        if many:
            fields[name] = values
        elif values:
            fields[name] = values[0]
    return fields


def _read_one(element: Element, form: str) -> Any:
    text = element.text or ""
    if form in _GROUPS:
        return _read(element, _TABLES[form])
    try:
        if form in _LISTS:
            known = {code: name for code, name in _LISTS[form].items() if code != "other"}
            return element.get("ydm") if element.get("ydm") else known[text]
        return _READERS[form](text)
    except (KeyError, ValueError) as problem:
        raise ValueError(f"{element.tag} {text!r} must be a {form}") from problem


def _write_code(element: Element, codes: Mapping[str, str], value: str) -> None:
    for code, name in codes.items():
        if name == value and code != "other":
            element.text = code
            return
    element.text = codes["other"]
    element.set("ydm", value)


def _parsed_place(place: str) -> tuple[str, str, bool]:
    name, _, form = place.partition(" ")
    return name, form.rstrip("*") or "text", form.endswith("*")


def _root(document: bytes, name: str) -> Element:
    try:
        root = etree.fromstring(document, _PARSER)
    except etree.XMLSyntaxError as problem:
        raise ValueError(f"not XML: {problem}") from None
    if root.tag != name:
        raise ValueError(f"root {root.tag!r} must be {name!r}")
    return root


def _bytes(root: Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _flag(text: str) -> bool:
    return {"0": False, "1": True}[text]


_GROUPS = ("person", "paper")
_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "text": str,
    "whole": lambda value: str(int(value)),
    "flag": lambda value: "1" if value else "0",
    "time": lambda value: datetime.fromisoformat(value).astimezone(BEIJING).strftime("%Y%m%d%H%M%S"),
    "day": lambda value: date.fromisoformat(value).strftime("%Y%m%d"),
}
_READERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "whole": int,
    "flag": _flag,
    "time": lambda text: datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING).isoformat(),
    "day": lambda text: datetime.strptime(text, "%Y%m%d").replace(tzinfo=BEIJING).date().isoformat(),
}
