"""Messages of the contract from and to the documents of the public security system."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree
from pydantic import ValidationError

from connectors.errors import ConfigurationError
from connectors.profiles.checked import checked
from connectors.public_security.codes import SECRECY, UNIT
from connectors.public_security.documents import ACT, BODIES, FROM_SYSTEM, NOTICE, REFERENCES, TO_SYSTEM
from connectors.public_security.forms import Coded, Item, Time, read_items, write_items
from connectors.sdk.ids import referral_id
from connectors.sdk.ports import Delivery, Kit, Link, Outgoing, Sink, Source
from connectors.sdk.writing import one_line
from connectors.transports.directory import LocalDirectory
from connectors.transports.file_package import ChannelSettings, PackageSink, PackageSource
from connectors.transports.package import Package
from connectors.transports.package_receipts import PackageReceipt, Result
from schemas.envelope import Secrecy
from schemas.identifiers import mint_case_id

_HEAD = (Item("bwlx", "form"), Item("scsj", "written_at", Time()), Item("mj", "secrecy", Coded(SECRECY)))
_ACTOR = Item("czdw", "actor", Coded(UNIT))
_RECEIPT = (Item("bwbh", "package"), Item("jg", "result"), Item("ajbh", "number"), Item("sm", "problem"))
_RESULTS = {"1": Result.TAKEN, "2": Result.REFUSED, "3": Result.DAMAGED}
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)


class Documents:
    """The dialect of the public security system: see `Dialect`."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._raised: dict[str, Link] = {}

    def outgoing(self, package: Package, local_id: str) -> Outgoing:
        """One step of the system's officers. Its attachments are stored before this returns."""
        head, body = _parts(package.document)
        form = head.get("form", "")
        if form not in FROM_SYSTEM:
            raise ValueError(f"bwlx {form!r} must be one of {sorted(FROM_SYSTEM)}")
        type_ = FROM_SYSTEM[form]
        number = _text(body, "ajbh")
        given = read_items(body, REFERENCES)
        case, references = self._references(number, given, raising=type_ == "referral.raised.v1")
        content = read_items(body, (*ACT, *BODIES[type_])) | references
        if type_ == "referral.raised.v1":
            content["local_number"] = number
        data = checked(type_, content)
        self._store(package.attachments, content.get("papers", []))
        if type_ == "referral.raised.v1":
            self._remember(Link(number, case, referral_id(self._kit.department, local_id)))
        secrecy = Secrecy(head.get("secrecy", Secrecy.INTERNAL))
        written_at: datetime = head["written_at"]
        return Outgoing(local_id, type_, case, data, written_at, secrecy)

    def document(self, delivery: Delivery) -> tuple[bytes, Mapping[str, bytes]]:
        """A delivery as the system reads it, with the papers' contents."""
        root = etree.Element("ajxt")
        head = etree.SubElement(root, "tou")
        etree.SubElement(head, "bwlx").text = TO_SYSTEM.get(delivery.type, NOTICE)
        etree.SubElement(head, "tdbh").text = delivery.message_id
        body = etree.SubElement(root, "ti")
        data = {**delivery.data, "case": delivery.case}
        if (number := self._number(delivery)) is not None:
            etree.SubElement(body, "ajbh").text = number
        write_items(body, (*REFERENCES, _ACTOR), data | {"actor": delivery.actor})
        items = BODIES.get(delivery.type)
        if items is None:
            notice = {
                "type": delivery.type,
                "data": json.dumps(delivery.data, ensure_ascii=False, sort_keys=True),
            }
            write_items(body, (Item("ylx", "type"), Item("nr", "data")), notice)
        else:
            write_items(body, (*ACT, *items), data)
        papers: Sequence[Mapping[str, Any]] = data.get("papers") or ()
        contents = {paper["sha256"]: self._kit.attachments.get(paper["sha256"]) for paper in papers}
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True), contents

    def receipts(self, receipts: Sequence[PackageReceipt]) -> bytes:
        root = etree.Element("hz")
        codes = {result: code for code, result in _RESULTS.items()}
        for receipt in receipts:
            values = {field.name: getattr(receipt, field.name) for field in fields(receipt)}
            if receipt.problem is not None:
                values["problem"] = "".join(c if c.isprintable() else " " for c in receipt.problem)
            write_items(etree.SubElement(root, "mx"), _RECEIPT, values | {"result": codes[receipt.result]})
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def read_receipts(self, document: bytes) -> Sequence[PackageReceipt]:
        receipts = []
        for entry in _parsed(document, "hz").iterfind("mx"):
            found = read_items(entry, _RECEIPT)
            if found.get("result") not in _RESULTS or "package" not in found:
                raise ValueError(f"bwbh and jg {found!r}: jg must be one of {sorted(_RESULTS)}")
            receipts.append(PackageReceipt(**{**found, "result": _RESULTS[found["result"]]}))
        return receipts

    def _references(self, number: str, given: Mapping[str, Any], raising: bool) -> tuple[str, dict[str, str]]:
        """The case, and the referral and task as far as the system echoes or the kit remembers them."""
        if raising:
            return given.get("case") or mint_case_id(self._kit.department, number), {}
        link = self._kit.links.by_number(number) or self._raised.get(number)
        remembered = {} if link is None else {"referral": link.referral, "task": link.task}
        known = {name: given.get(name) or remembered.get(name) for name in ("referral", "task")}
        case = given.get("case") or (link.case if link else mint_case_id(self._kit.department, number))
        return case, {name: value for name, value in known.items() if value is not None}

    def _remember(self, raised: Link) -> None:
        """Later packages of the same page find the referral here:

        the kit knows it only when the page is stored.
        """
        by_number = self._kit.links.by_number
        self._raised = {n: link for n, link in self._raised.items() if by_number(n) is None}
        self._raised[raised.local_number] = raised

    def _number(self, delivery: Delivery) -> str | None:
        """The system's own number of the record that a delivery is about, None for a new task."""
        if delivery.type == "task.assigned.v1":
            return None
        links, data = self._kit.links, delivery.data
        link = links.by_task(data.get("task") or "") or links.by_referral(data.get("referral") or "")
        if link is not None:
            return link.local_number
        return data.get("local_number") if delivery.type == "message.refused.v1" else None

    def _store(self, attachments: Mapping[str, bytes], papers: Sequence[Mapping[str, Any]]) -> None:
        for paper in papers:
            if paper["sha256"] not in attachments:
                raise ValueError(f"ws {paper['title']!r}: wjzy {paper['sha256']} must be in the package")
            self._kit.attachments.put(attachments[paper["sha256"]])


class Settings(ChannelSettings):
    """`incoming`: the directory where files come out of the gate;

    `outgoing`: where they go into the other one.
    """

    incoming: Path
    outgoing: Path


def build(kit: Kit) -> tuple[Source, Sink]:
    """The two ports over the directories of the kit's settings.

    Raises ConfigurationError that names a wrong one.
    """
    try:
        settings = Settings.model_validate({n: value for n, value in kit.settings.items() if n != "kind"})
    except ValidationError as error:
        raise ConfigurationError(f"transport: {one_line(error)}") from None
    incoming, outgoing = LocalDirectory(settings.incoming), LocalDirectory(settings.outgoing)
    dialect = Documents(kit)
    source = PackageSource(incoming, outgoing, dialect, settings)
    return source, PackageSink(incoming, outgoing, dialect, settings)


def _parts(document: bytes) -> tuple[dict[str, Any], etree._Element]:
    root = _parsed(document, "ajxt")
    head, body = root.find("tou"), root.find("ti")
    if head is None or body is None:
        raise ValueError("ajxt must hold tou (报文头) and ti (报文体)")
    fields_ = read_items(head, _HEAD)
    if "written_at" not in fields_:
        raise ValueError("scsj must be given as yyyyMMddHHmmss")
    return fields_, body


def _parsed(document: bytes, name: str) -> etree._Element:
    try:
        root = etree.fromstring(document, _PARSER)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not XML: {error}") from error
    if root.tag != name:
        raise ValueError(f"root element {root.tag!r} must be {name!r}")
    return root


def _text(body: etree._Element, element: str) -> str:
    text = (body.findtext(element) or "").strip()
    if not text:
        raise ValueError(f"{element} must be given")
    return text
