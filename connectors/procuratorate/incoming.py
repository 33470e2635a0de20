"""Writes deliveries into the procuratorate's exchange tables and waits until its system has taken them in."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from connectors.procuratorate.columns import PAPER, PARTY, from_gbk, written
from connectors.procuratorate.dictionary import UNITS, to_code
from connectors.procuratorate.outgoing import NUMBER_KIND
from connectors.sdk.ports import Delivered, Delivery, DeliveryRejected, Kit, TransportTrouble
from connectors.transports.exchange_table import ExchangeTables
from connectors.transports.exchange_walk import Row

WAITING, REFUSED = "0", "2"
PAUSES = (0.02, 0.05, 0.1, 0.2)
TASK = (
    *("flow", "kind", "sender", "sender_number", "lead", "co_handlers", "role", "title", "summary", "matter"),
    *("cause", "region", "due_on", "in_custody", "track", "priority", "opened_by", "legal_at", "document"),
)
ACT = ("legal_at", "officer", "document", "note")
NOTES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "task.signed.v1": ("01", ACT),
    "task.accepted.v1": ("02", ACT),
    "task.started.v1": ("03", ACT),
    "task.return_proposed.v1": ("11", (*ACT, "reason_code", "reason", "suggested_to")),
    "return.decided.v1": ("12", (*ACT, "agreed", "reassign_to", "reason")),
    "task.supplement_requested.v1": ("21", (*ACT, "papers_wanted", "reason")),
    "supplement.provided.v1": ("22", ACT),
    "task.progressed.v1": ("31", (*ACT, "step")),
    "task.replied.v1": ("32", (*ACT, "reply", "outcome", "result")),
    "reply.confirmed.v1": ("33", ACT),
    "rework.requested.v1": ("34", (*ACT, "reason")),
    "referral.withdrawal_requested.v1": ("61", (*ACT, "reason")),
    "task.cancelled.v1": ("91", ()),
    "referral.closed.v1": ("92", ("outcome",)),
    "message.refused.v1": ("93", ()),
}
WITHDRAWN, OTHER = "62", "99"


class ProcuratorateSink:
    """`Sink` into the exchange tables. `jhbh`, the row's key there, is the delivery's message id."""

    def __init__(self, kit: Kit, tables: ExchangeTables) -> None:
        self._kit, self._tables = kit, tables

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Writes the rows once and waits for the answer; when none comes in time, the rows stay: trouble."""
        name = "T_AJ_IN" if delivery.type == "task.assigned.v1" else "T_CZ_IN"
        row = self._task(delivery) if name == "T_AJ_IN" else self._note(delivery)
        await self._tables.put([*self._parts(delivery), (name, row)])
        answer = await self._answer(name, delivery.message_id)
        if answer["clzt"] == REFUSED:
            raise DeliveryRejected(f"{name} {delivery.message_id}: {from_gbk(answer['clxx'])}")
        return Delivered(answer["bmsah"] or None, NUMBER_KIND)

    def _task(self, delivery: Delivery) -> Row:
        return self._head(delivery) | written(delivery.data, TASK)

    def _note(self, delivery: Delivery) -> Row:
        code, names = NOTES.get(delivery.type, (OTHER, ()))
        if delivery.type == "task.cancelled.v1" and delivery.data["reason"] == "withdrawn":
            code = WITHDRAWN
        actor = {"fsdw": to_code(UNITS, delivery.actor)} if delivery.actor else {}
        apart = {*names, "referral", "task", "papers", "parties"}
        others = {name: value for name, value in delivery.data.items() if name not in apart}
        row: Row = {"czlx": code, "bwlx": delivery.type, "bmsah": self._number(delivery), **actor}
        if others:
            row["qtxx"] = json.dumps(others).encode("ascii")
        return self._head(delivery) | row | written(delivery.data, names)

    def _head(self, delivery: Delivery) -> Row:
        references = {"wlywh": delivery.data.get("referral"), "wlrwh": delivery.data.get("task")}
        known = {name: str(value) for name, value in references.items() if value}
        return {"jhbh": delivery.message_id, "wlajh": delivery.case, "clzt": WAITING, **known}

    def _number(self, delivery: Delivery) -> str:
        """The department's number, by task or else by referral; blank when the connector knows none."""
        links = self._kit.links
        task, referral = delivery.data.get("task"), delivery.data.get("referral")
        link = links.by_task(str(task)) if task else None
        if link is None and referral:
            link = links.by_referral(str(referral))
        if link is None and delivery.type == "message.refused.v1":
            link = links.by_number(str(delivery.data.get("local_number")))
        return link.local_number if link else ""

    def _parts(self, delivery: Delivery) -> list[tuple[str, Row]]:
        parts: list[tuple[str, Row]] = []
        for place, party in enumerate(delivery.data.get("parties") or (), 1):
            parts.append(("T_DSR_IN", _part(delivery, place) | written(party, PARTY, PARTY)))
        for place, paper in enumerate(delivery.data.get("papers") or (), 1):
            content = self._content(paper)
            row = _part(delivery, place) | written(paper, PAPER, PAPER)
            parts.append(("T_WS_IN", row | {"wsdx": str(len(content)), "wsnr": content}))
        return parts

    def _content(self, paper: Mapping[str, Any]) -> bytes:
        try:
            return self._kit.attachments.get(paper["sha256"])
        except LookupError:
            raise TransportTrouble(f"document {paper['sha256']} ({paper['code']}) has not come yet") from None

    async def _answer(self, name: str, key: str) -> Row:
        """Raises TransportTrouble when the row still waits after `answer_seconds`: nobody takes in there."""
        pauses = iter(PAUSES)
        try:
            async with asyncio.timeout(self._tables.settings.answer_seconds):
                while (row := await self._tables.read(name, "jhbh", key))["clzt"] == WAITING:
                    await asyncio.sleep(next(pauses, PAUSES[-1]))
                return row
        except TimeoutError:
            raise TransportTrouble(
                f"{name} {key}: the procuratorate has not taken it in yet; the row waits"
            ) from None


def _part(delivery: Delivery, place: int) -> Row:
    return {"jhbh": delivery.message_id, "sx": str(place)}
