"""`fengqiao flows …`: look at the flows that a city has, check them, draw them. Thin."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.command_group import group
from hub.command_home import HomeOption
from hub.domain.flow import Flow
from hub.domain.lifecycle import Lifecycle
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME, Home
from hub.operations.flow_book import FlowBook
from hub.reference.flow_diagram import flow_mermaid, flow_svg, map_mermaid
from hub.reference.flow_rows import flow_rows, saying
from hub.rules.checking import rule_problems
from hub.rules.files import load_model
from hub.rules.loader import HERE

app = group("Flows: who may hand what to whom.")
RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="A city's own rules instead of those of the home.")
]
CityOption = Annotated[
    Path | None, typer.Option("--city", help="A directory of departments instead of the home's.")
]


class Lang(StrEnum):
    """The language of what is shown."""

    zh = "zh"
    en = "en"


class Form(StrEnum):
    """The form of a drawing."""

    mermaid = "mermaid"
    svg = "svg"


LangOption = Annotated[Lang, typer.Option("--lang", help="Language.")]


@app.command("check")
def check_command(
    home: HomeOption = DEFAULT_HOME, rules: RulesOption = None, city: CityOption = None
) -> None:
    """Read all flows, codes and the city's departments and name everything that is wrong. Exits 1 when anything is.

    Flows that nobody in the city can raise or take are named too; they are no mistake.
    """
    rules, city = places(home, rules, city)
    problems = rule_problems(city, rules)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(1)
    book = FlowBook.of(rules, city)
    for flow, role in book.unmanned():
        typer.echo(f"{flow.flow} {flow.title.zh}: nobody here is {role}")
    unread = [flow.flow for flow in book.flows if not flow.verified]
    typer.echo(f"not verified: {', '.join(unread) or 'none'}")
    typer.echo(
        f"{len({flow.flow for flow in book.flows})} flows, {len(book.flows)} versions: nothing is wrong"
    )


@app.command("show")
def show_command(
    flow: Annotated[str | None, typer.Argument(help="A flow's code, like F21; all flows without it.")] = None,
    lang: LangOption = Lang.zh,
    as_json: Annotated[bool, typer.Option("--json", help="The data as JSON.")] = False,
    home: HomeOption = DEFAULT_HOME,
    rules: RulesOption = None,
    city: CityOption = None,
) -> None:
    """What a flow wants: papers, replies, outcomes, clocks, limits, and who takes part in it here."""
    book = FlowBook.of(*places(home, rules, city))
    if flow is None:
        _show_all(book, lang)
        return
    for version in _versions(book, flow):
        if as_json:
            typer.echo(version.model_dump_json(by_alias=True, indent=2))
        else:
            _show_one(book, version, lang)


@app.command("diagram")
def diagram_command(
    flow: Annotated[
        str | None, typer.Argument(help="A flow's code; without it, which flow opens which.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="Mermaid text, or a picture.")] = Form.mermaid,
    lang: LangOption = Lang.zh,
    home: HomeOption = DEFAULT_HOME,
    rules: RulesOption = None,
) -> None:
    """Draw the life of a flow's task, or the map of all flows (Mermaid only). A picture is in both languages."""
    book = FlowBook.of(*places(home, rules, None))
    if flow is None:
        if form is Form.svg:
            raise ConfigurationError("format svg: the map of all flows is drawn as mermaid; or name a flow")
        typer.echo(map_mermaid(book.latest(), lang.value), nl=False)
        return
    version, life = _versions(book, flow)[-1], load_model(HERE / "lifecycle.yaml", Lifecycle)
    drawn = flow_svg(version, life) if form is Form.svg else flow_mermaid(version, life, lang.value)
    typer.echo(drawn, nl=False)


def places(home: Path, rules: Path | None, city: Path | None) -> tuple[Path | None, Path | None]:
    """The city's own rules and its directory of departments: as given, else the home's, if it has been made."""
    place = Home(home)
    made = place.settings_file.exists()
    return rules or place.rules_of_city(), city or (place.city() if made else None)


def _versions(book: FlowBook, code: str) -> list[Flow]:
    found = [flow for flow in book.flows if flow.flow == code]
    if not found:
        allowed = dict.fromkeys(flow.flow for flow in book.flows)
        raise ConfigurationError(f"flow {code!r}: allowed are {', '.join(allowed)}")
    return found


def _show_all(book: FlowBook, lang: Lang) -> None:
    say = saying(lang.value)
    table = Table()
    for zh, en in (
        ("流程", "flow"),
        ("名称", "title"),
        ("发起", "senders"),
        ("主办", "lead"),
        ("依据", "law"),
    ):
        table.add_column(say(zh, en), overflow="fold")
    for flow in book.flows:
        parts = (book.names(roles, lang.value) for roles in (flow.senders, flow.lead))
        table.add_row(flow.flow, say(flow.title.zh, flow.title.en), *parts, flow.law)
    Console().print(table)


def _show_one(book: FlowBook, flow: Flow, lang: Lang) -> None:
    say = saying(lang.value)
    typer.echo(f"{flow.flow} {say(flow.title.zh, flow.title.en)} ({say('版本', 'version')} {flow.version})")
    for label, text in flow_rows(flow, lang.value):
        typer.echo(f"{label}: {text.replace('`', '').replace('**', '')}")
    for label, roles in ((say("可发起", "may raise"), flow.senders), (say("可主办", "may lead"), flow.lead)):
        here = book.departments(roles, lang.value)
        if here is not None:
            typer.echo(f"{say('本市', 'here')} {label}: {here or say('无', 'nobody')}")
