"""Writes the officers' steps into the `_OUT` tables, in order, each in one transaction with its position."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deploy.sandbox.core.matter import BEIJING, COMMON_FIELDS, STEP_FIELDS, Step
from deploy.sandbox.core.records import Records
from deploy.sandbox.procuratorate import dictionary
from deploy.sandbox.procuratorate.disorder import Disorder
from deploy.sandbox.procuratorate.fields import CARD, PAPER, PARTY, PLACES, REFERENCES, Row, trimmed, written
from deploy.sandbox.procuratorate.tables import (
    acceptances_out,
    acts_out,
    cases_out,
    numbers,
    papers_out,
    parties_out,
    progress,
)
from deploy.sandbox.procuratorate.text import stamp

PAGE = 50
NUMBERING = 990100


class Outgoing:
    """`skew`: two application servers write the rows; one clock is fast by so much, the other as slow."""

    def __init__(self, engine: AsyncEngine, records: Records, seed: int, skew: timedelta) -> None:
        self._engine, self._records, self._seed, self._skew = engine, records, seed, skew
        self._disorder = Disorder(seed)

    async def write_new(self) -> int:
        """Writes the steps not yet written; how many. A step is written once, also when killed in between.

        Raises ValueError when the tables hold more steps than the records (of another home).
        """
        async with self._engine.connect() as connection:
            reached = await connection.scalar(select(progress.c.wz).where(progress.c.mc == "steps")) or 0
        if reached and not self._records.steps_after(reached - 1, 1):
            raise ValueError(f"the exchange tables hold step {reached}, which the records under --home lack")
        steps = self._records.steps_after(reached, PAGE)
        for step in steps:
            async with self._engine.begin() as connection:
                await self._write(connection, step)
                await self._disorder.after(connection, step.seq, self._clock(step.seq))
                position = upsert(progress).values(mc="steps", wz=step.seq)
                await connection.execute(
                    position.on_conflict_do_update(index_elements=["mc"], set_={"wz": step.seq})
                )
        return len(steps)

    async def _write(self, connection: AsyncConnection, step: Step) -> None:
        ordinal = step.key.rpartition("/")[2]
        row: Row = {
            "bmsah": step.number,
            "czxh": ordinal,
            "lsh": f"{step.seq:012d}",
            "czr": self._clerk(step.seq),
        }
        row |= {"tysah": await self.case_number(connection, step.number, step.fields.get("ext_case"))}
        row |= self._stamps(step.seq)
        if step.kind == "raise":
            row |= {"xh": f"AJ{step.seq:012d}"} | written(step.fields, (*CARD, "ext_case"))
            await connection.execute(insert(cases_out).values(row))
        elif not await self._write_milestone(connection, step, row):
            row |= {"xh": f"CZ{step.seq:012d}", "czlx": dictionary.OPERATIONS[step.kind]}
            names = [name for name in STEP_FIELDS[step.kind] if name in PLACES]
            row |= written(step.fields, (*names, *COMMON_FIELDS, *REFERENCES))
            await connection.execute(insert(acts_out).values(row))
        await self._write_parts(connection, step, str(row.get("xh", "")))

    async def _write_parts(self, connection: AsyncConnection, step: Step, owner: str) -> None:
        for table, places, name in ((parties_out, PARTY, "parties"), (papers_out, PAPER, "papers")):
            for place, part in enumerate(step.fields.get(name) or (), 1):
                columns = written(part, places, places)
                await connection.execute(insert(table).values(ssxh=owner, sx=str(place), **columns))

    async def _write_milestone(self, connection: AsyncConnection, step: Step, row: Row) -> bool:
        """Fills columns of the acceptance row in place, unless they are filled already (after a rework)."""
        prefix = dictionary.MILESTONES.get(step.kind)
        if prefix is None or self._records.record(step.number).direction != "received":
            return False
        table = acceptances_out
        known = (
            (await connection.execute(select(table).where(table.c.bmsah == step.number))).mappings().first()
        )
        if known is not None and trimmed(known[f"{prefix}xh"]):
            return False
        fields = written(step.fields, COMMON_FIELDS)
        columns = {
            f"{prefix}xh": row["czxh"],
            f"{prefix}ls": row["lsh"],
            f"{prefix}sj": fields["flsj"],
            f"{prefix}r": fields.get("jbr", b""),
            f"{prefix}wh": fields.get("wsh", b""),
            f"{prefix}bz": fields.get("bz", b""),
        }
        if known is None:
            head = {name: row[name] for name in ("bmsah", "tysah", "czr")} | written(step.fields, REFERENCES)
            values = head | {"xh": f"SA{step.seq:012d}"} | columns | self._stamps(step.seq)
            await connection.execute(insert(table).values(values))
        else:
            moved = {**self._stamps(step.seq), "upload_time": ""}
            del moved["add_time"]
            await connection.execute(
                update(table).where(table.c.bmsah == step.number).values(columns | moved)
            )
        return True

    async def case_number(self, connection: AsyncConnection, number: str, outside: str | None) -> str:
        """The 统一受案号 that all records of one case share; the first record of a case gets a new one."""
        known = await connection.scalar(select(numbers.c.tysah).where(numbers.c.bmsah == number))
        if known is not None:
            return str(trimmed(known))
        # Writing out and taking in go on at once; without the lock both could count to the same number.
        await connection.execute(select(func.pg_advisory_xact_lock(NUMBERING)))
        shared = None
        if outside:
            shared = await connection.scalar(
                select(numbers.c.tysah).where(numbers.c.wlajh == outside).limit(1)
            )
        if shared is None:
            count = await connection.scalar(select(func.count(numbers.c.tysah.distinct())))
            shared = f"990100{datetime.now(BEIJING).year}{(count or 0) + 1:08d}"
        values = {"bmsah": number, "tysah": trimmed(shared), "wlajh": outside or ""}
        await connection.execute(insert(numbers).values(values))
        return str(values["tysah"])

    def _stamps(self, seq: int) -> Row:
        moment = stamp(self._clock(seq))
        return {"add_time": moment, "update_time": moment, "upload_status": "0"}

    def _clock(self, seq: int) -> datetime:
        """The clock of the application server that writes this step."""
        return datetime.now(BEIJING) + (self._skew if self._server(seq) else -self._skew)

    def _clerk(self, seq: int) -> str:
        return f"czy{self._server(seq) + 1:02d}"

    def _server(self, seq: int) -> int:
        return hashlib.sha256(f"{self._seed}/server/{seq}".encode()).digest()[0] % 2
