"""Exchange tables 前置库: polls the rows that changed, marks them as taken, writes rows once.

The tables' clocks are not ours and not one clock: a row may be committed with an `update_time` that lies
before one that was read already. Three things together catch every row: the walk by (update_time, key), the
last `overlap_seconds` of it read again until nothing newer came for as long, and the flag of rows not taken.
"""

import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Select,
    String,
    TableClause,
    and_,
    column,
    literal_column,
    make_url,
    or_,
    select,
    table,
    text,
    tuple_,
)
from sqlalchemy import update as update_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from connectors.sdk.ports import DeliveryRejected, TransportTrouble
from connectors.transports.exchange_walk import Polled, Position, Row, Walk

_AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
# Connecting raises the driver's own errors, not SQLAlchemy's (sqlalchemy issue 11956).


class ExchangeSettings(BaseModel):
    """The `transport` settings. `overlap_seconds`: the clocks' skew plus the longest commit over there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["exchange_table"] = "exchange_table"
    dsn: str
    page_size: Annotated[int, Field(ge=1, le=10_000)] = 200
    overlap_seconds: Annotated[float, Field(ge=0)] = 10.0
    answer_seconds: Annotated[float, Field(gt=0)] = 15.0
    may_mark: bool = True


@dataclass(frozen=True, slots=True)
class Changes:
    """Changed rows by table, the cursor from which to go on, and whether more wait right now."""

    rows: Sequence[tuple[str, Row]]
    cursor: str
    more: bool


Seen = dict[tuple[str, str], str]


class ExchangeTables:
    """One department's exchange database. All calls raise TransportTrouble while it is away.

    A cursor given back proves that the page it came with is stored: only then are the page's rows marked as
    taken, each only if it was not written again meanwhile.
    """

    def __init__(self, settings: ExchangeSettings, polled: Sequence[Polled]) -> None:
        self.settings, self._polled = settings, polled
        self._engine = create_async_engine(
            make_url(settings.dsn).set(drivername="postgresql+asyncpg"),
            pool_size=2,
            pool_pre_ping=True,
            connect_args={"timeout": 5, "command_timeout": 30},
        )
        self._walks = {each.name: Walk(each, settings.overlap_seconds) for each in polled}
        self._current: str | None = None
        self._pending: tuple[str, Seen] = ("", {})
        self._stored: Seen = {}
        self._lengths: dict[str, dict[str, int]] = {}

    async def aclose(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Everything read within is of one moment: no later step without the one before it."""
        with self._named_trouble():
            async with self._engine.connect() as connection:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                yield connection

    async def take_over(self, cursor: str | None) -> None:
        """Notes that everything up to `cursor` is stored, and marks it. Idempotent; call before `changes`."""
        given, rows = self._pending
        if cursor is not None and cursor == given:
            if self.settings.may_mark:
                await self._mark(rows)
            self._stored |= rows
        elif cursor != self._current:
            self._stored = {}
        self._current = cursor

    async def changes(self, connection: AsyncConnection, cursor: str | None) -> Changes:
        """The next page of each polled table. Rows stored under this very cursor are left out."""
        noted: dict[str, Any] = json.loads(cursor) if cursor else {"page": 0}
        rows: list[tuple[str, Row]] = []
        following: dict[str, Any] = {"page": noted["page"]}
        seen: Seen = {}
        more = False
        for polled in self._polled:
            position = Position(**noted.get(polled.name, {}))
            self._forget_before(polled.name, position.at)
            found = await self._page(connection, polled, position)
            full = len(found) == self.settings.page_size
            more = more or full
            for row in found:
                key, changed = (polled.name, row[polled.key]), row[polled.changed]
                if self._stored.get(key) != changed or self._waits(polled, row):
                    seen[key] = changed
                    rows.append((polled.name, row))
            moved = self._walks[polled.name].moved(position, found, full)
            following[polled.name] = asdict(moved)
        if rows or any(following[polled.name] != noted.get(polled.name) for polled in self._polled):
            # Counted, so that no two pages ever share a cursor: it is the proof of what was stored.
            following["page"] += 1
        result = Changes(rows, json.dumps(following, sort_keys=True), more)
        self._pending = (result.cursor, seen)
        return result

    async def rows(
        self, connection: AsyncConnection, name: str, by: str, values: Collection[str]
    ) -> list[Row]:
        """All rows whose column `by` has one of these values."""
        if not values:
            return []
        found = _all_of(table(name, _text(by))).where(_text(by).in_(list(values)))
        return [_trimmed(dict(row)) for row in (await connection.execute(found)).mappings()]

    async def put(self, rows: Sequence[tuple[str, Row]]) -> None:
        """Writes rows in one transaction; a row that is there already, by the table's own keys, stays.

        Raises DeliveryRejected that names the column for a value that doesn't fit.
        """
        with self._named_trouble():
            async with self._engine.begin() as connection:
                for name, row in rows:
                    await self._check_lengths(connection, name, row)
                    target = table(name, *(column(each) for each in row))
                    try:
                        await connection.execute(insert(target).values(row).on_conflict_do_nothing())
                    except (DataError, IntegrityError) as problem:
                        raise DeliveryRejected(f"{name}: {problem.orig}") from problem

    async def read(self, name: str, by: str, value: str) -> Row:
        """The one row that `by` names. Raises TransportTrouble when it is not there."""
        async with self.snapshot() as connection:
            found = await self.rows(connection, name, by, [value])
        if len(found) != 1:
            raise TransportTrouble(f"{name} has {len(found)} rows with {by} {value!r}; there must be one")
        return found[0]

    async def _page(self, connection: AsyncConnection, polled: Polled, position: Position) -> list[Row]:
        moment, key, status = _text(polled.changed), _text(polled.key), _text(polled.status)
        later: ColumnElement[bool] = tuple_(moment, key) > tuple_(position.at, position.key)
        wanted = or_(later, status == "0") if self.settings.may_mark else later
        page = _all_of(table(polled.name, moment, key, status)).where(wanted).order_by(moment, key)
        found = await connection.execute(page.limit(self.settings.page_size))
        return [_trimmed(dict(row)) for row in found.mappings()]

    def _waits(self, polled: Polled, row: Row) -> bool:
        return self.settings.may_mark and row[polled.status] == "0"

    def _forget_before(self, name: str, moment: str) -> None:
        """Rows before the walk's position are not read again, so what is known of them is not needed."""
        old = [key for key, changed in self._stored.items() if key[0] == name and changed < moment]
        for key in old:
            del self._stored[key]

    async def _mark(self, rows: Seen) -> None:
        kinds = {polled.name: polled for polled in self._polled}
        with self._named_trouble():
            async with self._engine.begin() as connection:
                for (name, key), changed in rows.items():
                    polled = kinds[name]
                    names = (polled.key, polled.changed, polled.status, polled.taken_at)
                    target = table(name, *(column(each) for each in names))
                    same = and_(target.c[polled.key] == key, target.c[polled.changed] == changed)
                    taken = {
                        polled.status: "1",
                        polled.taken_at: polled.write_time(datetime.now(polled.zone)),
                    }
                    await connection.execute(update_(target).where(same).values(taken))

    async def _check_lengths(self, connection: AsyncConnection, name: str, row: Mapping[str, Any]) -> None:
        if name not in self._lengths:
            asked = text(
                "select column_name, character_maximum_length from information_schema.columns"
                " where table_name = :name and table_schema = current_schema()"
                " and character_maximum_length is not null"
            )
            found = (await connection.execute(asked, {"name": name})).all()
            self._lengths[name] = {str(each): int(length) for each, length in found}
        for each, value in row.items():
            allowed = self._lengths[name].get(each)
            if allowed is not None and len(value) > allowed:
                raise DeliveryRejected(
                    f"{name}.{each} {value!r} has {len(value)} characters, allowed are {allowed}"
                )

    @contextmanager
    def _named_trouble(self) -> Iterator[None]:
        try:
            yield
        except _AWAY as problem:
            where = self._engine.url.render_as_string(hide_password=True)
            raise TransportTrouble(
                f"exchange tables at {where}: {type(problem).__name__}: {problem}"
            ) from problem


def _text(name: str) -> ColumnClause[str]:
    return column(name, String)


def _all_of(source: TableClause) -> Select[Any]:
    """Every column: what a table has more than the mapping knows of is no problem."""
    return select(literal_column("*")).select_from(source)


def _trimmed(row: Mapping[str, Any]) -> Row:
    """CHAR columns come padded with blanks, which mean nothing."""
    return {str(name): value.rstrip(" ") if isinstance(value, str) else value for name, value in row.items()}
