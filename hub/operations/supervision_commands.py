"""`fengqiao supervision …`: the ladder of supervision that a city has. Needs no server. Thin."""

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from hub.command_group import group
from hub.command_home import HomeOption
from hub.domain.supervision import Supervision
from hub.home import DEFAULT_HOME
from hub.operations.flow_commands import Lang, LangOption, RulesOption, places
from hub.reference.flow_rows import saying
from hub.reference.supervision_rows import step_head, step_rows, trigger_rows
from hub.rules.catalogues import load_catalogues
from hub.rules.clock_ids import clock_ids
from hub.rules.loader import HERE, load_flows, rule_roots
from hub.rules.supervision_files import load_supervision, supervision_file

app = group("Supervision: the ladder of steps, who takes them, what triggers them.")
JsonOption = typer.Option(False, "--json", help="The data as JSON.")


@app.command("show")
def show_command(
    lang: LangOption = Lang.zh,
    as_json: bool = JsonOption,
    home: HomeOption = DEFAULT_HOME,
    rules: RulesOption = None,
) -> None:
    """The steps and their triggers, as this city has them."""
    ladder, _ = _load(home, rules)
    if as_json:
        typer.echo(ladder.model_dump_json(indent=2))
        return
    say = saying(lang.value)
    steps, triggers = Table(), Table()
    for heading in step_head(lang.value):
        steps.add_column(heading, overflow="fold")
    for zh, en in (("依", "by"), ("情形", "when"), ("步骤", "step")):
        triggers.add_column(say(zh, en), overflow="fold")
    for row in step_rows(ladder, lang.value):
        steps.add_row(*(cell.replace("`", "") for cell in row))
    for row in trigger_rows(ladder, lang.value):
        triggers.add_row(*(cell.replace("`", "") for cell in row))
    console = Console()
    console.print(steps)
    console.print(triggers)


@app.command("check")
def check_command(home: HomeOption = DEFAULT_HOME, rules: RulesOption = None) -> None:
    """Read the ladder and name what is wrong by file and line. Exits 1 when anything is."""
    ladder, file = _load(home, rules)
    typer.echo(f"{file}: {len(ladder.steps)} steps, {len(ladder.triggers)} triggers: nothing is wrong")


def _load(home: Path, rules: Path | None) -> tuple[Supervision, Path]:
    roots = (HERE, *rule_roots(overlay=places(home, rules, None)[0]))
    codes = load_catalogues(roots)
    flows = {flow.flow for flow in load_flows(roots, codes)}
    return load_supervision(roots, codes.roles.keys(), flows, clock_ids(roots)), supervision_file(roots)
