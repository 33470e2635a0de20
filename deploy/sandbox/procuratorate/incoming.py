"""Takes in what was written into the `_IN` tables, and writes back our numbers or why not."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deploy.sandbox.core.matter import BEIJING, Fields
from deploy.sandbox.core.records import Records
from deploy.sandbox.procuratorate import dictionary
from deploy.sandbox.procuratorate.fields import PAPER, PARTY, TASK, Place, note_fields, read, trimmed
from deploy.sandbox.procuratorate.outgoing import Outgoing
from deploy.sandbox.procuratorate.tables import acts_in, cases_in, papers_in, parties_in
from deploy.sandbox.procuratorate.text import stamp, to_gbk

PAGE = 50
WAITING, TAKEN, REFUSED = "0", "1", "2"


class Incoming:
    def __init__(self, engine: AsyncEngine, records: Records, outgoing: Outgoing) -> None:
        self._engine, self._records, self._outgoing = engine, records, outgoing

    async def take_new(self) -> int:
        """Takes in the waiting rows in order of arrival; how many. Killed in between: none twice."""
        taken = 0
        for table in (cases_in, acts_in):
            waiting = select(table.c.lsh).where(table.c.clzt == WAITING).order_by(table.c.lsh).limit(PAGE)
            async with self._engine.connect() as connection:
                keys = (await connection.scalars(waiting)).all()
            for key in keys:
                async with self._engine.begin() as connection:
                    await self._take(connection, table, key)
            taken += len(keys)
        return taken

    async def _take(self, connection: AsyncConnection, table: Table, key: int) -> None:
        found = (await connection.execute(select(table).where(table.c.lsh == key))).mappings().one()
        row = dict(found)
        answer: dict[str, Any] = {"clsj": stamp(datetime.now(BEIJING)), "clzt": TAKEN, "clxx": b""}
        try:
            kind, fields = _task(row) if table is cases_in else _note(row)
            fields |= await _parts(connection, str(row["jhbh"]))
            number = self._records.receive(kind, str(row["jhbh"]), fields)
            if number is not None:
                case = await self._outgoing.case_number(connection, number, fields.get("ext_case"))
                answer |= {"bmsah": number, "tysah": case}
        except (KeyError, ValueError) as problem:
            answer |= {"clzt": REFUSED, "clxx": to_gbk(str(problem.args[0]))}
        await connection.execute(update(table).where(table.c.lsh == key).values(answer))


def _task(row: Mapping[str, Any]) -> tuple[str, Fields]:
    return "task", read(row, TASK)


def _note(row: Mapping[str, Any]) -> tuple[str, Fields]:
    kind = dictionary.from_code(dictionary.NOTES, trimmed(row["czlx"]))
    others = json.loads(read(row, ("others",), _OTHERS).get("others", "{}"))
    named = {"number": row["bmsah"]} if trimmed(row["bmsah"]) else {}
    return kind, {**others, **read(row, note_fields(kind)), **named, "message_type": row["bwlx"]}


async def _parts(connection: AsyncConnection, delivery: str) -> Fields:
    """The parties and papers that came along, by the delivery's number."""
    parts: Fields = {}
    for name, table, places in (("parties", parties_in, PARTY), ("papers", papers_in, PAPER)):
        rows = await connection.execute(select(table).where(table.c.jhbh == delivery))
        in_order = sorted((dict(row) for row in rows.mappings()), key=lambda row: int(row["sx"]))
        if in_order:
            parts[name] = [read(row, places, places) for row in in_order]
    return parts


_OTHERS: Mapping[str, Place] = {"others": Place("qtxx", to_gbk, lambda raw: raw.decode("ascii"))}
