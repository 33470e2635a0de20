"""`fengqiao routing …`: whose matter is it, by which row, and are the lists right. Thin."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.command_group import group
from hub.command_home import HomeOption
from hub.domain.decision import CHINA
from hub.domain.directory import Directory
from hub.domain.region import LEVELS, Level
from hub.domain.roster import MANNER_WORDS
from hub.domain.routing import Routed
from hub.domain.routing_rows import Asked
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME, Home
from hub.operations.flow_commands import CityOption, Lang, LangOption, RulesOption
from hub.operations.routing_book import RoutingBook
from hub.reference.flow_rows import saying
from hub.rules.checking import rule_problems
from hub.rules.files import load_model
from schemas.messages.base import Priority, Track, Weight

app = group("Routing: duty lists, levels, admission.")


@app.command("check")
def check_command(
    home: HomeOption = DEFAULT_HOME, rules: RulesOption = None, city: CityOption = None
) -> None:
    """Read all lists, let each example come out, and name everything that is wrong. Exits 1 when anything is.

    Rows whose owner nobody in the city is, or more than one for the same place, are named too; they are no mistake.
    """
    rules, city = _places(home, rules, city)
    problems = rule_problems(city, rules)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(1)
    book = RoutingBook.of(rules, city)
    for line in book.unmanned():
        typer.echo(line)
    lists = book.lists()
    unread = [one.name for one in lists if not one.verified]
    typer.echo(f"not verified: {', '.join(unread) or 'none'}")
    rows, examples = sum(len(one.rows) for one in lists), sum(len(one.examples) for one in lists)
    typer.echo(f"{len(lists)} lists, {rows} rows, {examples} examples: nothing is wrong")


@app.command("find")
def find_command(
    matter: Annotated[str | None, typer.Option(help="Code of the kind of matter, like 0502.")] = None,
    cause: Annotated[str | None, typer.Option(help="案由, in place of the code.")] = None,
    region: Annotated[str | None, typer.Option(help="Where: 6, 9 or 12 digits.")] = None,
    weight: Annotated[Weight | None, typer.Option(help="How much it weighs.")] = None,
    track: Annotated[Track, typer.Option(help="Ordinary, or complex.")] = Track.ORDINARY,
    priority: Annotated[Priority, typer.Option(help="平急战.")] = Priority.NORMAL,
    level: Annotated[
        str | None, typer.Option(help="The lowest level, instead of the one by the list.")
    ] = None,
    flow: Annotated[str, typer.Option(help="The flow.")] = "F24",
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The legal day; today.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The data as JSON.")] = False,
    lang: LangOption = Lang.zh,
    home: HomeOption = DEFAULT_HOME,
    rules: RulesOption = None,
    city: CityOption = None,
) -> None:
    """Whose matter it is, by which row, and what would help when no row fits. Exits 1 when nobody is found."""
    book = RoutingBook.of(*_places(home, rules, city))
    day = datetime.now(CHINA).date() if on is None else on.date()
    asked = Asked(_matter(book, matter, cause), region, weight, track, priority, _level(level))
    found, asked = book.find(flow, day, asked)
    if isinstance(found, Routed):
        if as_json:
            typer.echo(json.dumps(_data(book, found, asked, day), ensure_ascii=False, indent=2))
            return
        _tell(book, found, asked, lang)
        return
    say = saying(lang.value)
    if as_json:
        typer.echo(
            json.dumps({"lead": None, "why": found.why, "would": found.would}, ensure_ascii=False, indent=2)
        )
    else:
        typer.echo(f"{say('无归口单位', 'no owner')}: {found.why}")
        for would in found.would:
            typer.echo(f"  {say('可改为', 'would fit')}: {would}")
    raise typer.Exit(1)


@app.command("roster")
def roster_command(
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today.")] = None,
    hall: Annotated[str | None, typer.Option(help="Only this hall.")] = None,
    lang: LangOption = Lang.zh,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    home: HomeOption = DEFAULT_HOME,
    city: CityOption = None,
) -> None:
    """驻岗: who stands at the windows of halls on a day, for which department: 常驻, 轮驻, 随驻."""
    _, where = _places(home, None, city)
    assert where is not None
    directory, day = load_model(where, Directory), datetime.now(CHINA).date() if on is None else on.date()
    halls = sorted({post.hall for post in directory.roster})
    if hall is not None and hall not in halls:
        raise ConfigurationError(
            f"hall {hall!r}: allowed are {', '.join(halls) or 'none: the roster is empty'}"
        )
    posts = [post for post in directory.roster if post.stands(day) and hall in (None, post.hall)]
    if as_json:
        typer.echo(json.dumps([post.model_dump(mode="json") for post in posts], ensure_ascii=False, indent=2))
        return
    say = saying(lang.value)
    names = {one.id: say(one.name.zh, one.name.en) for one in directory.departments}
    table = Table(title=f"{day}")
    for column in (
        say("大厅", "hall"),
        say("单位", "department"),
        say("人员编号", "officer"),
        say("方式", "how"),
    ):
        table.add_column(column, overflow="fold")
    for post in posts:
        hall_name, of = names.get(post.hall, post.hall), names.get(post.department, post.department)
        table.add_row(hall_name, of, post.officer, say(*MANNER_WORDS[post.manner]))
    Console().print(table if posts else say("当日无驻岗人员", "nobody is posted that day"))


@app.command("show")
def show_command(
    name: Annotated[str | None, typer.Argument(help="A list's name; all lists without it.")] = None,
    lang: LangOption = Lang.zh,
    home: HomeOption = DEFAULT_HOME,
    rules: RulesOption = None,
    city: CityOption = None,
) -> None:
    """The lists and their rows, with the city's departments that they mean."""
    book = RoutingBook.of(*_places(home, rules, city, must=False))
    shown = [one for one in book.lists() if name in (None, one.name)]
    if not shown:
        allowed = ", ".join(one.name for one in book.lists())
        raise ConfigurationError(f"list {name!r}: allowed are {allowed}")
    for held in shown:
        say = saying(lang.value)
        period = f"{held.effective_from} – {held.effective_to or ''}"
        typer.echo(f"{held.name} {say(held.title.zh, held.title.en)} ({period})  {held.law}")
        table = Table()
        for column in (say("事项", "when"), say("归属", "then"), say("依据", "by"), say("本市", "here")):
            table.add_column(column, overflow="fold")
        for row in book.rows(held, lang.value):
            table.add_row(*row)
        Console().print(table)


def _places(
    home: Path, rules: Path | None, city: Path | None, must: bool = True
) -> tuple[Path | None, Path | None]:
    """The city's own rules and its directory of departments: as given, else the home's, if it has been made."""
    place = Home(home)
    city = city or (place.city() if place.settings_file.exists() else None)
    if city is None and must:
        raise ConfigurationError("city: none is known; give --city FILE, or make a home with `fengqiao up`")
    return rules or place.rules_of_city(), city


def _matter(book: RoutingBook, matter: str | None, cause: str | None) -> str | None:
    if matter is not None and matter not in book.codes.matters:
        raise ConfigurationError(f"matter {matter!r}: is not in the catalogue of matters")
    if cause is not None and cause not in book.routing.causes:
        raise ConfigurationError(f"cause {cause!r}: allowed are {', '.join(book.routing.causes)}")
    return book.routing.kind_of(matter, cause)


def _level(level: str | None) -> Level | None:
    if level is not None and level not in LEVELS:
        raise ConfigurationError(f"level {level!r}: allowed are {', '.join(LEVELS)}")
    return next((one for one in LEVELS if one == level), None)


def _data(book: RoutingBook, found: Routed, asked: Asked, day: date) -> dict[str, object]:
    return {
        "lead": found.lead,
        "helpers": list(found.helpers),
        "list": found.by.name,
        "row": found.by.rows.index(found.row) + 1,
        "duty": found.row.duty.model_dump(),
        "article": found.row.article,
        "level": asked.level,
        "on": day.isoformat(),
    }


def _tell(book: RoutingBook, found: Routed, asked: Asked, lang: Lang) -> None:
    say = saying(lang.value)
    typer.echo(f"{say('主办', 'lead')}: {book.named(found.lead, lang.value)}")
    if found.helpers:
        typer.echo(f"{say('协办', 'helpers')}: {', '.join(book.named(h, lang.value) for h in found.helpers)}")
    duty = say(found.row.duty.zh, found.row.duty.en)
    place = found.by.rows.index(found.row) + 1
    row = say(f"第 {place} 行", f"row {place}")
    typer.echo(f"{say('依据', 'by')}: {found.by.name} {row}: {duty} ({found.row.article})")
    if asked.level is not None:
        typer.echo(f"{say('化解层级', 'settled at')}: {asked.level}")
