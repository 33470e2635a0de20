"""The page of the command `fengqiao`, from its own declarations."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from hub.reference.markdown import NONE, page, table

ROOT = Path(__file__).resolve().parents[2]
_HEAD = [
    "# The command `fengqiao` 命令",
    "",
    "From `hub/cli.py`. Exit codes: 0 done, 1 something is not well (the command says what), 2 wrong use or settings, or "
    "something that the hub needs is away. How a connector is looked after: [connect-a-system](../how-to/connect-a-system.md).",
    "",
    "本页由 `hub/cli.py` 生成。退出码：0 完成；1 有异常（命令会说明）；2 用法或设置有误，或所依赖的服务不可用。",
    "",
]


def commands_reference(app: typer.Typer) -> str:
    """`docs/reference/commands.md`: every verb with arguments, options, defaults and help."""
    root = typer.main.get_command(app)
    return page(_HEAD, *(_command(path, command) for path, command in _verbs("fengqiao", root)))


def _verbs(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _verbs(f"{path} {name}", inner)
    else:
        yield path, command


def _command(path: str, command: Any) -> list[str]:
    context = typer.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    rows = [_parameter(one, context) for one in command.params if not one.hidden]
    shown = table(("Argument or option", "Default", "Meaning"), rows) if rows else []
    return [f"## {path}", "", _line(command.help), "", f"```\n{usage}\n```", "", *shown]


def _parameter(one: TyperOption | TyperArgument, context: typer.Context) -> tuple[str, str, str]:
    if isinstance(one, TyperOption):
        names = " / ".join([*one.opts, *one.secondary_opts])
        name = names if one.is_flag else f"{names} {one.display_type(context)}"
    else:
        name = " ".join(one.get_usage_pieces(context))
    return f"`{name}`", "required" if one.required else _default(one.default), _line(one.help)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _default(value: object) -> str:
    """Of a path inside the code only the part that is the same everywhere."""
    if value is None or value is False or callable(value) or value in ((), []):
        return NONE
    if isinstance(value, Path) and value.is_relative_to(ROOT):
        value = value.relative_to(ROOT)
    if isinstance(value, Enum):
        value = value.value
    return f"`{value}`"
