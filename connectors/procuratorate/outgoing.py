"""Reads the procuratorate's cases and steps out of its exchange tables.

A changed row only says *which* record to look at: all rows of that record are then read, in one snapshot,
and every step in them is given in the order of its number. So rows written again, doubled, overtaken or
re-synced make no new message, since the number of a step is its `local_id`; and a step that fills columns of
an old row is a new one.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from connectors.procuratorate.columns import EXCLUSION, PAPER, PARTY, PLACES, moment, read
from connectors.procuratorate.records import Record, by_owner, records_of
from connectors.sdk.ids import referral_id
from connectors.sdk.ports import Kit, Outgoing, Page, Unmapped
from connectors.transports.exchange_table import ExchangeTables
from connectors.transports.exchange_walk import BEIJING, Polled, Row
from schemas.identifiers import mint_case_id
from schemas.messages import BY_TYPE

NUMBER_KIND, CASE_NUMBER_KIND = "bmsah", "tysah"
POLLED = tuple(Polled(name) for name in ("T_AJ_OUT", "T_SA_OUT", "T_CZ_OUT", "T_SC_OUT"))
OPERATIONS = {
    "01": "task.signed.v1",
    "02": "task.accepted.v1",
    "03": "task.started.v1",
    "11": "task.return_proposed.v1",
    "12": "return.decided.v1",
    "21": "task.supplement_requested.v1",
    "22": "supplement.provided.v1",
    "31": "task.progressed.v1",
    "32": "task.replied.v1",
    "33": "reply.confirmed.v1",
    "34": "rework.requested.v1",
    "41": "task.extended.v1",
    "42": "task.excluded.v1",
    "43": "task.restarted.v1",
    "44": "task.handed_over.v1",
    "51": "case.fact_recorded.v1",
    "61": "referral.withdrawal_requested.v1",
    "62": "referral.withdrawal_decided.v1",
    "71": "referral.corrected.v1",
    "81": "followup.recorded.v1",
}

_BLANK = ("", b"")
_MARKS = ("upload_status", "upload_time")  # our own, so not a part of what the row says


class ProcuratorateSource:
    """`Source` over the exchange tables."""

    def __init__(self, kit: Kit, tables: ExchangeTables) -> None:
        self._kit, self._tables = kit, tables

    async def aclose(self) -> None:
        """Ends the connections, also those of the sink built along with it."""
        await self._tables.aclose()

    async def poll(self, cursor: str | None) -> Page:
        await self._tables.take_over(cursor)
        async with self._tables.snapshot() as snapshot:
            changes = await self._tables.changes(snapshot, cursor)
            touched = {row["bmsah"] for _, row in changes.rows}
            found = {
                polled.name: await self._tables.rows(snapshot, polled.name, "bmsah", touched)
                for polled in POLLED
            }
            owners = [row["xh"] for name in ("T_AJ_OUT", "T_CZ_OUT") for row in found[name]]
            parties = by_owner(await self._tables.rows(snapshot, "T_DSR_OUT", "ssxh", owners))
            papers = by_owner(await self._tables.rows(snapshot, "T_WS_OUT", "ssxh", owners))
        given = [
            (step["lsh"], item)
            for record in records_of(found)
            for step, item in self._items(record, parties, papers)
        ]
        items = [item for _, item in sorted(given, key=lambda pair: pair[0])]
        return Page(items, changes.cursor, changes.more)

    def _items(
        self, record: Record, parties: dict[str, list[Row]], papers: dict[str, list[Row]]
    ) -> Iterator[tuple[Row, Outgoing | Unmapped]]:
        """The record's steps in order, up to the first that can't be given: the later ones build on it."""
        for row in record.unreadable:
            given = f"bmsah {row['bmsah']!r} and czxh {row['czxh']!r} of row {row['xh']}"
            problem = f"{given}: the first must be given, the second a number"
            yield {"lsh": ""}, _unmapped(f"row/{row['xh']}", problem, [row])
        expected = 1
        gone = {row["czxh"]: row for row in record.deleted}
        for step in record.steps:
            missing = [str(number) for number in range(expected, int(step["czxh"]))]
            lost = [number for number in missing if number not in gone]
            withdrawn = [number for number in missing if number in gone]
            if withdrawn:
                yield step, self._deleted(record, gone[withdrawn[0]])
            if lost:
                problem = (
                    f"czxh {lost[0]} of {record.number} is missing: a row before {step['xh']} never came"
                )
                yield step, _unmapped(f"{record.number}/{lost[0]}", problem, [step])
                return
            expected = int(step["czxh"]) + 1
            owned = [parties.get(step["xh"], []), papers.get(step["xh"], [])]
            local_id = f"{record.number}/{step['czxh']}"
            try:
                yield step, self._message(record, step, local_id, *owned)
            except ValidationError as problem:
                yield step, _unmapped(local_id, _explained(problem), [step, *owned[0]])
                return
            except ValueError as problem:
                yield step, _unmapped(local_id, str(problem), [step, *owned[0]])
                return
        for number, row in gone.items():
            if int(number) >= expected:
                yield {"lsh": "9" * 12}, self._deleted(record, row)

    def _message(
        self, record: Record, step: Row, local_id: str, parties: Sequence[Row], papers: Sequence[Row]
    ) -> Outgoing:
        type_ = "referral.raised.v1" if step is record.card else _type_of(step)
        model = BY_TYPE[type_].model
        names = model.model_fields
        places = EXCLUSION if type_ == "task.excluded.v1" else PLACES
        data = read(step, names, places) | self._references(record, names, step)
        if "parties" in names and (parties or type_ == "referral.raised.v1"):
            data["parties"] = [read(row, PARTY, PARTY) for row in parties]
        if "papers" in names:
            data["papers"] = [self._paper(row) for row in papers]
        if type_ == "referral.raised.v1":
            data |= {"local_number": record.number, "number_kind": NUMBER_KIND}
        elif type_ == "task.accepted.v1":
            data |= {"local_number": step["tysah"], "number_kind": CASE_NUMBER_KIND}
        return Outgoing(
            local_id, type_, self._case(record, step), model.model_validate(data), _occurred_at(step)
        )

    def _references(self, record: Record, names: Iterable[str], step: Row) -> dict[str, str]:
        """Ids of referral and task: of its own referral computed, of a task as once written in with it."""
        found = {"referral": step.get("wlywh", ""), "task": step.get("wlrwh", "")}
        if record.card is not None:
            found["referral"] = referral_id(self._kit.department, f"{record.number}/{record.card['czxh']}")
        else:
            link = self._kit.links.by_number(record.number)
            if link is not None:
                found |= {"referral": link.referral or found["referral"], "task": link.task or found["task"]}
        return {name: value for name, value in found.items() if name in names and value}

    def _case(self, record: Record, step: Row) -> str:
        outside = str((record.card or step)["wlajh"])
        if outside:
            return outside
        if record.card is None:
            raise ValueError(f"wlajh '' of {record.number}: a step on a received matter must name its case")
        return mint_case_id(self._kit.department, record.number)

    def _paper(self, row: Row) -> dict[str, Any]:
        content = row["wsnr"]
        stored = {"sha256": self._kit.attachments.put(content), "size": len(content)}
        return read(row, PAPER, PAPER) | stored

    def _deleted(self, record: Record, row: Row) -> Unmapped:
        """The step may have been sent before its row was deleted: only people can take that back."""
        problem = (
            f"czxh {row['czxh']} of {record.number} was deleted ({_shown(row['scyy'])}): if it was sent,"
            " correct it (更正) or ask for the referral back (撤回)"
        )
        return _unmapped(f"{record.number}/{row['czxh']}/deleted", problem, [row])


def _type_of(step: Row) -> str:
    if "type" in step:
        return str(step["type"])
    if step["czlx"] not in OPERATIONS:
        raise ValueError(f"czlx {step['czlx']!r}: must be one of {sorted(OPERATIONS)}")
    return OPERATIONS[step["czlx"]]


def _occurred_at(step: Row) -> datetime:
    """When the row was first written; a milestone has only its legal moment."""
    if step.get("add_time"):
        return datetime.strptime(step["add_time"], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=BEIJING)
    return moment(step["flsj"])


def _explained(problem: ValidationError) -> str:
    """Names column, field and what is allowed; the values of parties are left to `raw`."""
    told = []
    for error in problem.errors():
        name = str(error["loc"][0]) if error["loc"] else ""
        column = PLACES[name].column if name in PLACES else "-"
        value = "" if name in ("parties", "") else f" {error['input']!r}"
        told.append(f"{column}{value} ({'.'.join(str(part) for part in error['loc'])}): {error['msg']}")
    return "; ".join(told)


def _unmapped(local_id: str, problem: str, rows: Sequence[Row]) -> Unmapped:
    shown = [
        {name: row[name] for name in row if row[name] not in ("", b"") and name not in _MARKS} for row in rows
    ]
    return Unmapped(local_id, problem, json.dumps(shown, ensure_ascii=False, default=_shown).encode())


def _shown(value: Any) -> str:
    return value.decode("gbk", "backslashreplace") if isinstance(value, bytes) else str(value)
