"""`fengqiao case notices`: printable notices of a case, one for each receiver. The look is recorded. Thin."""

from pathlib import Path
from typing import Annotated

import typer

from hub.audit.looking import CaseArgument, Database, Ground, Operator, Place, Purpose, Reference, run_now
from hub.audit.notice_page import notice_page
from hub.audit.notices import notices
from hub.audit.room import Room, looker
from hub.command_home import HomeOption
from hub.domain.rules import Rules
from hub.home import DEFAULT_HOME
from hub.operations.case_view import named_case
from hub.store.read_cases import case_entries
from hub.store.sealing import Sealer


def notices_command(
    case: CaseArgument,
    out: Annotated[
        Path, typer.Option("--out", help="Directory for the pages; files of the same name are replaced.")
    ],
    ground: Ground = None,
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
) -> None:
    """处理通知单: each referral as each receiver was given it, with its own fields and attachments, and the sender's record.

    Pages to print, Chinese with an English switch. They name persons, so the home's key is needed. The look is recorded.
    """

    async def run() -> None:
        where = Place(home, database)
        by, sealer, rules = looker(operator, purpose, reference), where.sealer(), where.rules()
        async with where.open(by) as reading:
            pages = await notice_pages(reading, case, ground, sealer, rules)
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in pages.items():
            (out / name).write_text(text, encoding="utf-8")
        typer.echo(f"{out}: {len(pages)} 联 parts")

    run_now(run())


async def notice_pages(
    reading: Room, case: str, ground: str | None, sealer: Sealer, rules: Rules | None
) -> dict[str, str]:
    """The pages by file name; the look is noted before anything is opened. Raises as `Room.look_at` and UnknownCase."""
    named = await named_case(reading.store, case)
    look = await reading.look_at("case notices", named, ground, {"named": case}, opened=True)
    async with reading.store.snapshot() as view:
        entries = await case_entries(view, named)
    made = notices(entries, await reading.opened(entries, sealer))
    return {
        one.file_name: notice_page(one, [each for each in made if each.referral == one.referral], rules, look)
        for one in made
    }
