"""`python -m hub.generate [--check]`: the files that are made from code.

Without `--check` it writes what differs and removes what is stale; with it, it changes nothing, names
each file that is missing, differs or is stale, and exits 1. Add a file by adding a line to `GENERATED`.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar

from hub.cli import app
from hub.errors import LOOK_REFUSALS, PARKINGS, REFUSALS
from hub.operations.metrics import metric_reference
from hub.reference.clocks import clocks_reference
from hub.reference.codes import codes_reference
from hub.reference.commands import commands_reference
from hub.reference.duplicates import duplicates_reference
from hub.reference.flows import flows_reference
from hub.reference.lifecycle import lifecycle_picture, lifecycle_reference
from hub.reference.routing import routing_reference
from hub.reference.supervision import supervision_reference
from hub.reference.topics import topics_reference
from schemas.asyncapi import asyncapi_yaml
from schemas.publish import json_schemas
from schemas.reference import CHINESE, ENGLISH, messages_reference

ROOT = Path(__file__).resolve().parents[1]
Producer = Callable[[], str | Mapping[str, str]]
Name = TypeVar("Name", bound=Enum)


def refusals_reference() -> str:
    """The names under which the hub refuses or parks a message, in both languages."""
    return "\n".join(
        [
            "# Refusals and parkings 拒收与搁置",
            "",
            "A refused message is readable but not allowed now; its sender gets `message.refused.v1` with "
            "the name and what would be allowed. A parked message can't be handled; it is kept whole.",
            "",
            "拒收：报文可读，但当前不允许；发送方收到 `message.refused.v1`，写明原因和允许的操作。"
            "搁置：报文无法处理，原样保存。",
            "",
            *_names("Refused 拒收", REFUSALS),
            *_names("Parked 搁置", PARKINGS),
            "A person who asks for a case is not shown it without a note of who looks and what for.",
            "",
            "查阅案件须先记录查阅人和目的，否则不予显示。",
            "",
            *_names("Looks refused 拒绝查阅", LOOK_REFUSALS),
        ]
    )


def _names(title: str, names: Mapping[Name, tuple[str, str]]) -> list[str]:
    rows = [f"| `{name.value}` | {zh} | {en} |" for name, (zh, en) in names.items()]
    return [f"## {title}", "", "| Name | 中文 | Meaning |", "| --- | --- | --- |", *rows, ""]


GENERATED: tuple[tuple[str, Producer], ...] = (
    # A path that ends in a slash is a directory that its producer owns whole: {file name: text}.
    ("schemas/published/json-schema/", json_schemas),
    ("schemas/published/asyncapi.yaml", asyncapi_yaml),
    ("docs/reference/messages.md", lambda: messages_reference(ENGLISH)),
    ("docs/reference/messages.zh-CN.md", lambda: messages_reference(CHINESE)),
    ("docs/reference/refusals.md", refusals_reference),
    ("docs/reference/lifecycle.md", lifecycle_reference),
    ("docs/reference/lifecycle.svg", lifecycle_picture),
    ("docs/reference/flows.md", flows_reference),
    ("docs/reference/codes.md", codes_reference),
    ("docs/reference/routing.md", routing_reference),
    ("docs/reference/clocks.md", lambda: clocks_reference("en")),
    ("docs/reference/clocks.zh-CN.md", lambda: clocks_reference("zh")),
    ("docs/reference/supervision.md", supervision_reference),
    ("docs/reference/duplicates.md", duplicates_reference),
    ("docs/reference/topics.md", topics_reference),
    ("docs/reference/metrics.md", metric_reference),
    ("docs/reference/commands.md", lambda: commands_reference(app)),
)


def expected(generated: Sequence[tuple[str, Producer]] = GENERATED) -> dict[str, str]:
    """Every file's text by its path from the root."""
    files: dict[str, str] = {}
    for path, producer in generated:
        made = producer()
        if isinstance(made, str):
            files[path] = made
        else:
            files |= {path + name: text for name, text in made.items()}
    return files


def differences(root: Path, generated: Sequence[tuple[str, Producer]] = GENERATED) -> dict[str, str]:
    """What is wrong, by path: `missing`, `differs` or `stale` (in an owned directory, but made by nobody)."""
    found: dict[str, str] = {}
    files = expected(generated)
    for path, text in files.items():
        place = root / path
        if not place.is_file():
            found[path] = "missing"
        elif place.read_bytes() != text.encode():
            found[path] = "differs"
    for path, _ in generated:
        if path.endswith("/") and (root / path).is_dir():
            present = {path + place.name for place in (root / path).iterdir()}
            found |= dict.fromkeys(sorted(present - set(files)), "stale")
    return found


def write(root: Path, generated: Sequence[tuple[str, Producer]] = GENERATED) -> dict[str, str]:
    """Make the files right and return what was wrong. Safe to run again."""
    found, files = differences(root, generated), expected(generated)
    for path, state in found.items():
        if state == "stale":
            (root / path).unlink()
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(files[path].encode())
    return found


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m hub.generate", description="Make the files made from code."
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if a file is not as generated"
    )
    check = parser.parse_args(arguments).check
    found = differences(root) if check else write(root)
    for path, state in sorted(found.items()):
        print(f"{path}: {state if check else 'removed' if state == 'stale' else 'written'}")
    if check and found:
        print("run `python -m hub.generate`")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
