"""What all groups of commands have in common: plain forms, and errors of ours as one line."""

import sys
from typing import Any

import typer

from hub.errors import HubError, Trouble


class OneLine(typer.core.TyperGroup):
    """Errors of ours become one line on stderr and exit code 2; anything else is a defect and shows its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except HubError as error:
            remedy = "; `fengqiao status` shows what runs, `fengqiao up` starts what does not"
            print(f"fengqiao: {error}{remedy if isinstance(error, Trouble) else ''}", file=sys.stderr)
            raise typer.Exit(2) from None


def group(help: str, cls: type[typer.core.TyperGroup] = typer.core.TyperGroup) -> typer.Typer:
    # Plain forms: boxes tear a message apart that one wants to read, copy and search for.
    return typer.Typer(
        cls=cls,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help=help,
    )
