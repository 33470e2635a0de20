"""The commands page: from any typer application, with what a user must know of each verb."""

from pathlib import Path
from typing import Annotated

import pytest
import typer

from hub.cli import app as fengqiao
from hub.reference.commands import ROOT, commands_reference


@pytest.fixture
def application() -> typer.Typer:
    app, things = typer.Typer(), typer.Typer()

    @app.command()
    def plain(home: Annotated[Path, typer.Option(help="Where it is.")] = Path(".fengqiao")) -> None:
        """Says
        nothing."""

    @things.command("make")
    def make(
        name: str,
        count: Annotated[int, typer.Option(help="How many | at least one.")],
        file: Path = ROOT / "deploy" / "x.yaml",
        fast: Annotated[bool, typer.Option(help="Hurry.")] = False,
    ) -> None:
        """Make a thing."""

    app.add_typer(things, name="things")
    return app


def test_a_verb_has_its_usage_help_and_parameters(application: typer.Typer) -> None:
    text = commands_reference(application)
    assert "## fengqiao plain\n\nSays nothing.\n" in text
    assert "| `--home <path>` | `.fengqiao` | Where it is. |" in text
    assert (
        "## fengqiao things make\n\nMake a thing.\n\n```\nfengqiao things make [OPTIONS] {name}\n```" in text
    )
    assert "| `--count <int>` | required | How many \\| at least one. |" in text
    assert "| `--fast / --no-fast` | – | Hurry. |" in text


def test_a_path_of_the_code_is_shown_without_where_the_code_lies(application: typer.Typer) -> None:
    text = commands_reference(application)
    assert "| `--file <path>` | `deploy/x.yaml` |  |" in text
    assert str(ROOT) not in text


def test_every_verb_of_fengqiao_says_what_it_does() -> None:
    text = commands_reference(fengqiao)
    parts = text.split("\n## ")[1:]
    assert [part.splitlines()[0] for part in parts if not part.splitlines()[2]] == []
    assert str(ROOT) not in text
    for verb in ("up", "down", "run", "demo", "case show", "audit verify", "positions set"):
        assert f"\n## fengqiao {verb}\n" in text
