"""The court's changes as messages of the contract, and the hub's deliveries as documents of the court."""

import json
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from connectors.court.codes import CODES
from connectors.court.service import ANSWERS, CourtPapers, CourtSettings
from connectors.court.words import BEIJING, read_moment, word, write_moment
from connectors.sdk.ids import referral_id
from connectors.sdk.ports import (
    Delivered,
    Delivery,
    DeliveryRejected,
    Kit,
    Link,
    Outgoing,
    Page,
    Sink,
    Source,
    TransportTrouble,
    Unmapped,
)
from connectors.transports.soap import SoapService, document, text_of
from connectors.transports.window import Listed, Window
from schemas.identifiers import court_case_number, mint_case_id
from schemas.messages import BY_TYPE

_RAISED = "referral.raised.v1"
_OWN, _FROM_OUTSIDE = "1", "2"


def build(kit: Kit) -> tuple[Source, Sink]:
    """Source and sink over one service. Raises pydantic's ValidationError for wrong settings."""
    settings = CourtSettings.model_validate(dict(kit.settings))
    service = SoapService(settings, ANSWERS)
    papers = CourtPapers(service, settings, kit.attachments)
    return CourtSource(kit, service, settings, papers), CourtSink(kit, service, settings, papers)


class CourtSource:
    """Polls 查询变更 by window and page."""

    def __init__(self, kit: Kit, service: SoapService, settings: CourtSettings, papers: CourtPapers) -> None:
        self._kit, self._service, self._settings, self._papers = kit, service, settings, papers

    async def poll(self, cursor: str | None) -> Page:
        window = Window.read(cursor, self._settings.start.astimezone(BEIJING))
        overlap = timedelta(seconds=self._settings.overlap)
        asked = {
            "xtbs": self._settings.system_id,
            "kssj": write_moment(window.opens(overlap)),
            "jssj": None,
            "ym": str(window.page),
            "mys": str(self._settings.page_size),
        }
        try:
            answer = await self._service.call("cxBg", document("cx", asked))
            system_time = read_moment("xtsj", text_of(answer, "xtsj"))
            total = int(text_of(answer, "zts") or "")
        except (DeliveryRejected, ValueError) as problem:
            raise TransportTrouble(f"the court does not answer the query for changes: {problem}") from problem
        changes = [(change, _listed(change)) for change in answer.findall("bglb/bg")]
        items = [await self._item(change, listed.raw) for change, listed in changes if window.is_new(listed)]
        more = bool(changes) and window.page * self._settings.page_size < total
        after = window.after([listed for _, listed in changes], more, system_time, overlap)
        return Page(items, after.cursor(), more)

    async def _item(self, change: Element, raw: bytes) -> Outgoing | Unmapped:
        local_id = text_of(change, "bgbs") or f"sha256:{sha256(raw).hexdigest()}"
        try:
            return await self._message(local_id, change)
        except ValueError as problem:
            return Unmapped(local_id, str(problem), raw)

    async def _message(self, local_id: str, change: Element) -> Outgoing:
        own = text_of(change, "ztdm") or ""
        if own not in CODES.changes:
            raise ValueError(f"ztdm {own!r} must be one of {sorted(CODES.changes)}")
        type_ = CODES.changes[own]
        model = BY_TYPE[type_].model
        number = court_case_number(text_of(change, "ajbh") or "")
        data = {
            field: value
            for field in model.model_fields
            if (found := word(type_, field)) and (value := found.read(change)) is not None
        }
        for paper in data.get("papers", ()):
            given = paper.get("size")
            paper["sha256"], paper["size"] = await self._papers.fetch(paper.get("sha256", ""))
            if given is not None and given != paper["size"]:
                raise ValueError(f"fjdx {given} must be the size of the attachment, {paper['size']}")
        link = self._kit.links.by_number(number)
        if type_ == _RAISED:
            data["local_number"] = number
        elif link is not None:
            known = {"referral": link.referral, "task": link.task}
            data = {
                name: value for name, value in known.items() if name in model.model_fields and value
            } | data
        case = text_of(change, "wbaj") or (link.case if link else None)
        if case is None and text_of(change, "ly") == _FROM_OUTSIDE:
            raise ValueError(
                f"wbaj '' of {number}: a filing from outside must name the case that it came with"
            )
        case = case or mint_case_id(self._kit.department, number)
        outgoing = Outgoing(
            local_id=local_id,
            type=type_,
            case=case,
            data=model.model_validate(data),
            occurred_at=read_moment("gxsj", text_of(change, "gxsj")),
        )
        if type_ == _RAISED:
            # A step on the filing may stand on the same page, and names the referral only by this link.
            self._kit.links.put(Link(number, case, referral_id(self._kit.department, local_id)))
        return outgoing


class CourtSink:
    """Writes by 接收业务; the court knows a delivery again by its 报文标识."""

    def __init__(self, kit: Kit, service: SoapService, settings: CourtSettings, papers: CourtPapers) -> None:
        self._kit, self._service, self._settings, self._papers = kit, service, settings, papers

    async def deliver(self, delivery: Delivery) -> Delivered:
        for paper in delivery.data.get("papers") or ():
            await self._papers.bring(paper["sha256"])
        answer = await self._service.call("jsYw", document("yw", self._elements(delivery)))
        number = text_of(answer, "ajbh")
        return Delivered(None if number is None else court_case_number(number))

    def _elements(self, delivery: Delivery) -> dict[str, Any]:
        data = delivery.data
        own = CODES.deliveries.get(delivery.type, CODES.other)
        if delivery.type == "task.cancelled.v1" and data.get("reason") == "withdrawn":
            own = CODES.withdrawn
        elements: dict[str, Any] = {
            "xtbs": self._settings.system_id,
            "bwid": delivery.message_id,
            "ywlx": own,
            "ajbh": None if delivery.type == "task.assigned.v1" else self._number(data),
            "wbaj": delivery.case,
            "ztdw": delivery.actor,
        }
        others = {"type": delivery.type} if own == CODES.other else {}
        for field, value in data.items():
            found = word(delivery.type, field)
            if found is None:
                others[field] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            else:
                elements |= found.write(value)
        return elements | {"qtxx": [{"mc": name, "nr": text} for name, text in others.items()]}

    def _number(self, data: Mapping[str, Any]) -> str | None:
        """The filing that a later message belongs to: by its task if it is the court's, or its referral."""
        links, task, referral = self._kit.links, data.get("task"), data.get("referral")
        link = (links.by_task(task) if task else None) or (links.by_referral(referral) if referral else None)
        return link.local_number if link else None


def _listed(change: Element) -> Listed:
    try:
        at = read_moment("gxsj", text_of(change, "gxsj"))
    except ValueError:
        at = None
    return Listed(at, etree.tostring(change, encoding="UTF-8"))
