"""The petition office's mapping: its list of changes to messages, deliveries to what it takes in.

Settings: those of `RestSettings`, and `page`, how many changes to ask for at once (the office gives 20 at
most).
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import Field, ValidationError

from connectors.petition import words as w
from connectors.sdk.ids import referral_id
from connectors.sdk.ports import (
    Delivered,
    Delivery,
    Kit,
    Link,
    Outgoing,
    Page,
    Sink,
    Source,
    TransportTrouble,
    Unmapped,
)
from connectors.sdk.writing import one_line
from connectors.transports.rest import Listing, NotThere, RestSettings, RestSystem, Writing, at
from schemas.identifiers import mint_case_id
from schemas.messages import BY_TYPE

RAISED, ASSIGNED, NOTICE = "referral.raised.v1", "task.assigned.v1", "TZ"

CHANGES: Mapping[str, tuple[str, w.Words]] = {
    "DJ": (RAISED, w.RAISED),
    "QS": ("task.signed.v1", {}),
    "SL": ("task.accepted.v1", {}),
    "YY": ("task.return_proposed.v1", w.RETURN),
    "YYJD": ("return.decided.v1", w.RETURN_DECIDED),
    "BZ": ("task.supplement_requested.v1", w.WANTED),
    "BC": ("supplement.provided.v1", w.PAPERS),
    "KB": ("task.started.v1", {}),
    "JZ": ("task.progressed.v1", w.PROGRESS),
    "DF": ("task.replied.v1", w.REPLY),
    "QR": ("reply.confirmed.v1", w.PAPERS),
    "CB": ("rework.requested.v1", w.REASON),
    "YQ": ("task.extended.v1", w.EXTENSION),
    "KC": ("task.excluded.v1", w.EXCLUSION),
    "CXJS": ("task.restarted.v1", w.RESTART),
    "YJ": ("task.handed_over.v1", w.HAND_OVER),
    "SS": ("case.fact_recorded.v1", w.FACT),
    "CH": ("referral.withdrawal_requested.v1", w.REASON),
    "CHJD": ("referral.withdrawal_decided.v1", w.AGREED),
    "GZ": ("referral.corrected.v1", w.CORRECTION),
    "HF": ("followup.recorded.v1", w.FOLLOWUP),
}
"""czlx of a change: the message it is, and its words."""

DELIVERIES: Mapping[str, tuple[str, w.Words]] = {
    ASSIGNED: ("RW", w.ASSIGNED),
    "task.signed.v1": ("QS", {}),
    "task.accepted.v1": ("SL", w.ACCEPTED),
    "task.return_proposed.v1": ("YY", w.RETURN),
    "return.decided.v1": ("YYJD", w.RETURN_DECIDED),
    "task.supplement_requested.v1": ("BZ", w.WANTED),
    "supplement.provided.v1": ("BC", w.PAPERS),
    "task.started.v1": ("KB", {}),
    "task.progressed.v1": ("JZ", w.PROGRESS),
    "task.replied.v1": ("DF", w.REPLY),
    "reply.confirmed.v1": ("QR", w.PAPERS),
    "rework.requested.v1": ("CB", w.REASON),
    "referral.withdrawal_requested.v1": ("CH", w.REASON),
    "referral.withdrawal_decided.v1": ("CHJD", w.AGREED),
    "task.cancelled.v1": ("ZZ", w.REASON),
    "referral.closed.v1": ("BJ", w.CLOSED),
    "message.refused.v1": ("JJ", w.REFUSED),
}
"""jslx of a delivery and its words. Any other type is a notice 通知 that carries the message as it is."""

_WRITING = Writing(
    key_header="Qingqiu-Bh",
    repeated_place="dm",
    repeated_value="CFTJ",
    refusal_places={"field": "zd", "value": "z", "allowed": "yx", "text": "ms"},
)


class PetitionSettings(RestSettings):
    page: int = Field(default=20, ge=1, le=20)


def build(kit: Kit) -> tuple[Source, Sink]:
    """Source and sink over one system. Raises pydantic's ValidationError for wrong settings."""
    settings = PetitionSettings.model_validate(dict(kit.settings))
    system = RestSystem(settings, _WRITING)
    return PetitionSource(kit, system, settings.page), PetitionSink(kit, system)


class PetitionSource:
    """Reads the list of changes; an earlier change that is listed again has the same `local_id`."""

    def __init__(self, kit: Kit, system: RestSystem, page: int) -> None:
        self._kit, self._system = kit, system
        self._fetched: dict[str, tuple[str, int]] = {}
        self._listing = Listing(
            path="/xf/v1/bgjl", items="sj.lb", next="sj.yb", more="sj.hy", cursor_parameter="yb",
            limit_parameter="ts", limit=page,
        )  # fmt: skip

    async def poll(self, cursor: str | None) -> Page:
        listed = await self._system.page(self._listing, cursor)
        items = [await self._item(change) for change in listed.items]
        self._fetched.clear()
        return Page(items, listed.cursor or "0", listed.more)

    async def _item(self, change: Any) -> Outgoing | Unmapped:
        local_id = at(change, "bgbh")
        if not isinstance(local_id, str) or not local_id:
            raise TransportTrouble(f"/xf/v1/bgjl: bgbh: {local_id!r}: every change must have its number")
        try:
            return await self._message(local_id, change)
        except ValidationError as error:
            problem = one_line(error)
        except (ValueError, NotThere) as error:
            problem = str(error)
        return Unmapped(local_id, problem, json.dumps(change, ensure_ascii=False).encode())

    async def _message(self, local_id: str, change: Mapping[str, Any]) -> Outgoing:
        number, form = _text(change, "xfbh"), change.get("nr") or {}
        kind = _known("czlx", change.get("czlx"), CHANGES)
        type_, words = CHANGES[kind]
        model = BY_TYPE[type_].model
        link = self._kit.links.by_number(number)
        references = w.read_form(_REFERENCES, change.get("wlbh") or {})
        case = references.pop("case", None) or (link.case if link else None)
        if case is None:
            if type_ != RAISED:
                raise ValueError(f"xfbh: {number!r}: must be a matter whose registration was read before")
            case = mint_case_id(self._kit.department, number)
        known = {"referral": link.referral, "task": link.task} if link and type_ != RAISED else {}
        data = {
            name: value
            for name, value in (known | references).items()
            if value and name in model.model_fields
        }
        data |= w.read_form(w.COMMON, change) | w.read_form(words, form)
        if type_ == RAISED:
            data["flow"], data["kind"] = w.BUSINESS[_known("ywlx", form.get("ywlx"), w.BUSINESS)]
            data["local_number"] = number
            self._kit.links.put(Link(number, case, referral_id(self._kit.department, local_id)))
        if type_ == "task.accepted.v1":
            data["local_number"] = number
        for paper in data.get("papers", ()):
            paper["sha256"], paper["size"] = await self._document(paper.pop("fjbh", ""))
        return Outgoing(
            local_id=local_id,
            type=type_,
            case=case,
            data=model.model_validate(data),
            occurred_at=w.read_time("djsj", change.get("djsj")),
        )

    async def _document(self, number: str) -> tuple[str, int]:
        """Hash and size. Kept until the page is through, so that after trouble it gets further each time."""
        if number not in self._fetched:
            content = await self._system.document(f"/xf/v1/fj/{quote(number, safe='')}")
            self._fetched[number] = self._kit.attachments.put(content), len(content)
        return self._fetched[number]


class PetitionSink:
    """Posts what comes in; the message id is the request's number, so the office knows a repeated one."""

    def __init__(self, kit: Kit, system: RestSystem) -> None:
        self._kit, self._system = kit, system

    async def deliver(self, delivery: Delivery) -> Delivered:
        body = await self._form(delivery)
        answer = await self._system.write("/xf/v1/jsjl", body, delivery.message_id)
        return Delivered(local_number=at(answer.body, "sj.xfbh") or None)

    async def _form(self, delivery: Delivery) -> dict[str, Any]:
        kind, words = DELIVERIES.get(delivery.type, (NOTICE, None))
        data = dict(delivery.data)
        if words is None:
            content = {"bwlx": delivery.type, "nr": json.dumps(data, ensure_ascii=False)}
        else:
            data["papers"] = [await self._paper(paper) for paper in data.get("papers") or ()] or None
            content = w.write_form(words, data)
        references = {"case": delivery.case, "referral": data.get("referral"), "task": data.get("task")}
        return {
            "jslx": kind,
            "xfbh": "" if delivery.type == ASSIGNED else self._number(delivery),
            "czdw": "" if delivery.actor is None else _ACTING.write(delivery.actor),
            **w.write_form(w.COMMON, data),
            "wlbh": w.write_form(_REFERENCES, references),
            "nr": content,
        }

    async def _paper(self, paper: Mapping[str, Any]) -> dict[str, Any]:
        try:
            content = self._kit.attachments.get(paper["sha256"])
        except LookupError as missing:
            raise TransportTrouble(f"papers: {paper['code']}: {missing}") from None
        stored = await self._system.put_document("/xf/v1/fj", content, "application/octet-stream")
        return {**paper, "fjbh": at(stored, "sj.fjbh")}

    def _number(self, delivery: Delivery) -> str:
        """The office's number of the matter; "" lets the office find it by the references."""
        links, data = self._kit.links, delivery.data
        if delivery.type == "message.refused.v1" and data.get("local_number"):
            return str(data["local_number"])
        link = links.by_task(data["task"]) if data.get("task") else None
        if link is None and data.get("referral"):
            link = links.by_referral(data["referral"])
        return link.local_number if link else ""


_ACTING = w.coded("czdw", w.UNITS, closed=False)
_REFERENCES: w.Words = {"case": w.plain("wlajbh"), "referral": w.plain("wlywbh"), "task": w.plain("wlrwbh")}


def _text(change: Mapping[str, Any], element: str) -> str:
    value = change.get(element)
    if not isinstance(value, str) or not value:
        raise w.WrongElement(element, value, "a text")
    return value


def _known(element: str, value: Any, codes: Mapping[str, Any]) -> str:
    if value not in codes:
        raise w.WrongElement(element, value, sorted(codes))
    return str(value)
