"""`fengqiao audit timeline, search, reads …`: commands that show a person what is in cases. Each look is recorded. Thin."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.audit import looks
from hub.audit.as_of import states_json, states_table
from hub.audit.looking import (
    AsJson,
    CaseArgument,
    Database,
    Ground,
    Moment,
    Operator,
    Place,
    Purpose,
    Reference,
    moment_of,
    run_now,
)
from hub.audit.page import page
from hub.audit.provisions import provisions_json, provisions_table
from hub.audit.room import looker
from hub.audit.search import Query, answer_json, answer_table
from hub.audit.story import story_json
from hub.audit.story_table import story_table
from hub.command_home import HomeOption
from hub.domain.decision import CHINA
from hub.embedded.servers import Addresses
from hub.home import DEFAULT_HOME
from hub.store import read_access
from hub.store.indexes import forget_indexes


def register(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command("timeline")(timeline_command)
    app.command("as-of")(as_of_command)
    app.command("search")(search_command)
    app.command("provisions")(provisions_command)
    app.command("reads")(reads_command)
    app.command("reindex")(reindex_command)


def timeline_command(
    case: CaseArgument,
    people: Annotated[
        bool, typer.Option("--people", help="Also the persons whom each message names; needs the home's key.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page to print to this file, instead of a table.")
    ] = None,
    ground: Ground = None,
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Messages, receipts, decisions and clocks with their derivation, in order, with legal and received times. Recorded."""

    async def run() -> None:
        where = Place(home, database)
        by = looker(operator, purpose, reference)
        told, look = await looks.timeline(where, by, case, ground, people)
        if html is not None:
            html.write_text(page(told, where.rules(), look), encoding="utf-8")
            typer.echo(f"{html}: {len(told.rows)} 条流水 entries")
        elif as_json:
            typer.echo(story_json(told))
        else:
            Console().print(story_table(told))

    run_now(run())


def as_of_command(
    time: Annotated[str, typer.Argument(metavar="TIME", help="2026-03-02T09:30, or a day: its end. China.")],
    case: Annotated[str | None, typer.Option(help="Only this case: its id or any of its numbers.")] = None,
    department: Annotated[str | None, typer.Option(help="Only cases that it had to do with by then.")] = None,
    flow: Annotated[str | None, typer.Option(help="Only cases with a referral under this flow.")] = None,
    legal: Annotated[
        bool,
        typer.Option("--legal", help="As it was in law, by all that is known now, not as it was known then."),
    ] = False,
    known: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="With --legal: by what was known at this moment instead of now."),
    ] = None,
    ground: Ground = None,
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """The state of cases at a moment, from the journal alone: as the hub knew it then, or as it was in law. Recorded."""

    async def run() -> None:
        by = looker(operator, purpose, reference)
        asked, found = await looks.as_of(
            Place(home, database), by, time, case, department, flow, legal, known, ground
        )
        if as_json:
            typer.echo(states_json(asked, found))
        else:
            Console().print(states_table(asked, found) if found else "当时尚无案件 no case had begun")

    run_now(run())


def search_command(
    number: Annotated[str | None, typer.Option(help="A number of any department, or of a document.")] = None,
    person: Annotated[str | None, typer.Option(help="Name of a party, or of who was asked.")] = None,
    id_number: Annotated[str | None, typer.Option(help="证件号码 of a party.")] = None,
    phone: Annotated[str | None, typer.Option(help="Telephone number of a party.")] = None,
    credit_code: Annotated[str | None, typer.Option(help="统一社会信用代码 of a party.")] = None,
    officer: Annotated[str | None, typer.Option(help="Name of an officer who took a step.")] = None,
    place: Annotated[str | None, typer.Option(help="Region code, or what it begins with: 3301.")] = None,
    matter: Annotated[str | None, typer.Option(help="Code of the kind of matter.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="forward, assign, transfer, request, entrust or notify.")
    ] = None,
    flow: Annotated[str | None, typer.Option(help="Id of the flow, like F20.")] = None,
    state: Annotated[str | None, typer.Option(help="State of the referral, like open.")] = None,
    department: Annotated[str | None, typer.Option(help="Sender, or a department that has a task.")] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Find cases; all that is given must hold. The look is recorded, persons by a keyed hash only.

    --since and --until are about the legal date of the referral; a day given with --until is included.
    """

    async def run() -> None:
        by = looker(operator, purpose, reference)
        query = Query(
            number,
            person,
            id_number,
            phone,
            credit_code,
            officer,
            place,
            matter,
            kind,
            flow,
            state,
            department,
            None if since is None else moment_of("since", since),
            None if until is None else moment_of("until", until, end=True),
        )
        answer = await looks.find(Place(home, database), by, query, limit)
        if as_json:
            typer.echo(answer_json(answer))
            return
        Console().print(answer_table(answer) if answer.hits else "没有符合条件的案件 no case fits")
        if answer.more:
            typer.echo(f"… 仅显示前 {limit} 项 only the first {limit} are shown")
        if answer.behind:
            typer.echo(f"索引尚缺 {answer.behind} 条流水 the index lacks {answer.behind} entries")

    run_now(run())


def provisions_command(
    case: Annotated[str | None, typer.Option(help="Only this case: its id or any of its numbers.")] = None,
    department: Annotated[str | None, typer.Option(help="Only what this department was given.")] = None,
    since: Moment = None,
    until: Moment = None,
    ground: Ground = None,
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """What departments were given: which fields, on what legal basis, to whom, when. From the journal. Recorded."""

    async def run() -> None:
        by = looker(operator, purpose, reference)
        found = await looks.provided(Place(home, database), by, case, department, since, until, ground)
        if as_json:
            typer.echo(provisions_json(found))
        else:
            Console().print(provisions_table(found) if found else "没有提供记录 nothing was given")

    run_now(run())


def reads_command(
    case: Annotated[str | None, typer.Option(help="Only looks at this case (its id).")] = None,
    operator: Annotated[str | None, typer.Option(help="Only looks of this person.")] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Who looked at what, when and what for; the latest first. Shows no case, so it is not recorded itself."""

    async def run() -> None:
        first = None if since is None else moment_of("since", since)
        last = None if until is None else moment_of("until", until, end=True)
        async with Place(home, database).store() as store, store.snapshot() as view:
            found = await read_access.looks(view, case, operator, first, last, limit)
        if as_json:
            typer.echo(b"[" + b",\n".join(look.to_bytes() for look in found) + b"]")
            return
        table = Table("时间", "查阅人", "目的 依据", "方式", "案件")
        for look in found:
            at = datetime.fromisoformat(look.at).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
            what_for = look.purpose + (f"\n{look.reference}" if look.reference else "")
            how = look.what + ("\n已解封个人信息" if look.opened else "")
            cases = "\n".join(look.cases[:10]) + (f"\n… {len(look.cases)}" if len(look.cases) > 10 else "")
            table.add_row(at, look.operator, what_for, how, cases)
        Console().print(table if found else "没有查阅记录 nobody looked")

    run_now(run())


def reindex_command(home: HomeOption = DEFAULT_HOME, database: Database = None) -> None:
    """Forget the indexes of search; the role `indexer` builds them anew from the journal."""

    async def run() -> None:
        await forget_indexes(database or Addresses.find(home).database)
        typer.echo("索引已清空，由 indexer 重建 the indexes are empty; the indexer fills them")

    run_now(run())
