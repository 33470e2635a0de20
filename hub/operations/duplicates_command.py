"""`fengqiao lists duplicates`: pairs of open matters that may be one. It concerns persons, so the look is recorded. Thin."""

from dataclasses import asdict
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from hub.audit.looking import AsJson, Database, Operator, Place, Purpose, Reference, run_now
from hub.audit.room import looker
from hub.command_home import HomeOption, check_known
from hub.domain.decision import CHINA
from hub.domain.rules import Rules
from hub.home import DEFAULT_HOME
from hub.operations.flow_commands import Lang, LangOption
from hub.reference.duplicates import AGREES
from hub.reference.flow_rows import saying
from hub.store.read_duplicates import OfferedDuplicate, offered_duplicates

_HEADS = (
    ("案件", "case"),
    ("责任单位", "rests with"),
    ("疑似重复于", "may be the same as"),
    ("在办单位", "rests with"),
    ("相同内容", "what agrees"),
    ("自", "since"),
)


def duplicates_command(
    department: Annotated[
        str | None, typer.Option("--department", help="Only what was offered to this one.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")] = 100,
    lang: LangOption = Lang.zh,
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """重复件: pairs of open matters that may be one and wait for a person's answer, and what agrees. Recorded.

    Answered by the messages case.linked, case.merged or duplicate.dismissed of a department of the case.
    """

    async def run() -> None:
        by, where = looker(operator, purpose, reference), Place(home, database)
        rules = where.rules()
        if rules is not None:
            check_known("department", department, rules.departments)
        async with where.open(by) as reading:
            async with reading.store.snapshot() as view:
                found = await offered_duplicates(view, department, limit)
            cases = sorted({case for one in found for case in (one.case, one.other_case)})
            said = {} if department is None else {"department": department}
            await reading.look("lists duplicates", cases, said)
        if as_json:
            typer.echo(to_json([asdict(one) for one in found], indent=2).decode())
        else:
            nothing = saying(lang.value)("无", "nothing")
            Console().print(duplicates_table(found, lang, rules) if found else nothing)

    run_now(run())


def duplicates_table(found: list[OfferedDuplicate], lang: Lang, rules: Rules | None) -> Table:
    """For a terminal, times in China."""
    say, table = saying(lang.value), Table()
    for head in _HEADS:
        table.add_column(say(*head), overflow="fold")
    titles = {} if rules is None else {one.code: (one.title, one.en) for one in rules.duplicates.combinations}
    for one in found:
        known = titles.get(one.combination)
        why = [say(*AGREES[code]) for code in one.agrees.split()]
        table.add_row(
            one.case,
            one.department,
            one.other_case,
            one.rests_with,
            "\n".join([*([say(*known)] if known else [one.combination]), say("、", ", ").join(why)]),
            one.since.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
        )
    return table
