"""The written documents: no link leads nowhere, no command that is not there, both languages say the same commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli import app
from hub.reference.commands import ROOT, commands_reference

HOW_TO = sorted(path for path in (ROOT / "docs/how-to").glob("*.md") if not path.name.endswith(".zh-CN.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]


def blocks(text: str) -> list[str]:
    """What stands in code blocks, without comments."""
    found = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s*#.*", "", block) for block in found]


def commands(text: str) -> Iterator[str]:
    for block in blocks(text):
        yield from (
            line.split(" --")[0].strip() for line in block.splitlines() if line.startswith("fengqiao ")
        )


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_commands_are_commands_of_fengqiao(page: Path) -> None:
    verbs = re.findall(r"^## (fengqiao .*)$", commands_reference(app), re.MULTILINE)
    shown = list(commands(page.read_text("utf-8")))
    assert [
        one for one in shown if not any(one == verb or one.startswith(f"{verb} ") for verb in verbs)
    ] == []


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_the_chinese_guide_gives_the_same_commands(page: Path) -> None:
    chinese = page.with_name(f"{page.stem}.zh-CN.md")
    assert list(commands(chinese.read_text("utf-8"))) == list(commands(page.read_text("utf-8")))


def test_both_readmes_have_the_same_parts_and_show_the_same_run() -> None:
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert english.count("\n## ") == chinese.count("\n## ")
    assert blocks(english)[1] == blocks(chinese)[1]


def test_every_decision_is_listed() -> None:
    directory = ROOT / "docs/decisions"
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (directory / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in directory.glob("[0-9]*.md"))
