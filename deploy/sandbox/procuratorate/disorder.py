"""What such tables do besides telling of steps: rows written again, doubled and deleted, and full re-syncs.

None of it means anything. Deterministic by seed and step.
"""

import hashlib
from datetime import datetime

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.sandbox.procuratorate.tables import (
    acceptances_out,
    acts_out,
    cases_out,
    deletions_out,
    papers_out,
)
from deploy.sandbox.procuratorate.text import stamp, to_gbk

TABLES = (cases_out, acceptances_out, acts_out)
REWRITE_ONE_IN, DOUBLE_ONE_IN, RESYNC_ONE_IN = 3, 7, 29


class Disorder:
    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def after(self, connection: AsyncConnection, seq: int, moment: datetime) -> None:
        """Does to the tables what the step with this number brings along, in the step's transaction."""
        touched = {"update_time": stamp(moment), "upload_status": "0", "upload_time": ""}
        if self._chance("rewrite", seq) % REWRITE_ONE_IN == 0:
            await self._rewrite_one(connection, seq, touched)
        await self._delete_doubled(connection, seq, touched)
        if self._chance("double", seq) % DOUBLE_ONE_IN == 0:
            await self._double_one(connection, seq, touched)
        if self._chance("resync", seq) % RESYNC_ONE_IN == 0:
            for table in TABLES:
                await connection.execute(update(table).values(touched))

    async def _rewrite_one(self, connection: AsyncConnection, seq: int, touched: dict[str, str]) -> None:
        """A clerk opens a form and saves it: another operator's name, the same matter."""
        table = TABLES[self._chance("table", seq) % len(TABLES)]
        key = await self._some_key(connection, table, seq)
        if key is not None:
            clerk = f"czy{self._chance('clerk', seq) % 90 + 10}"
            await connection.execute(update(table).where(table.c.xh == key).values(touched | {"czr": clerk}))

    async def _double_one(self, connection: AsyncConnection, seq: int, touched: dict[str, str]) -> None:
        """An act is saved twice under two row keys; the second goes with a later step."""
        key = await self._some_key(connection, acts_out, seq)
        if key is None or key.startswith("CF"):
            return
        for table, own in ((acts_out, "xh"), (papers_out, "ssxh")):
            rows = (await connection.execute(select(table).where(table.c[own] == key))).mappings().all()
            extra = touched if table is acts_out else {}
            for row in rows:
                await connection.execute(insert(table).values({**row, own: f"CF{seq:012d}", **extra}))

    async def _delete_doubled(self, connection: AsyncConnection, seq: int, touched: dict[str, str]) -> None:
        """The row goes, and a row in the table of deletions says so."""
        doubled = select(acts_out.c.xh, acts_out.c.bmsah, acts_out.c.czxh).where(
            acts_out.c.xh.startswith("CF")
        )
        for place, row in enumerate((await connection.execute(doubled)).all()):
            said = {"bm": acts_out.name, "scxh": row.xh, "bmsah": row.bmsah, "czxh": row.czxh}
            said |= {"xh": f"SC{seq:012d}{place:02d}", "scyy": to_gbk("重复录入")}
            said |= touched | {"add_time": touched["update_time"]}
            await connection.execute(insert(deletions_out).values(said))
            await connection.execute(delete(papers_out).where(papers_out.c.ssxh == row.xh))
            await connection.execute(delete(acts_out).where(acts_out.c.xh == row.xh))

    async def _some_key(self, connection: AsyncConnection, table: Table, seq: int) -> str | None:
        latest = select(table.c.xh).order_by(table.c.xh.desc()).limit(8)
        keys = [str(key).rstrip() for key in (await connection.scalars(latest)).all()]
        return keys[self._chance("row", seq) % len(keys)] if keys else None

    def _chance(self, what: str, seq: int) -> int:
        return int.from_bytes(hashlib.sha256(f"{self._seed}/{what}/{seq}".encode()).digest()[:4])
