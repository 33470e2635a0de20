"""The little Markdown that the reference pages need."""

from collections.abc import Iterable, Sequence

NONE = "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table and the empty line after it. Bars and line breaks in cells are made harmless."""
    return [_row(head), _row(["---"] * len(head)), *(_row(cells) for cells in rows), ""]


def codes(names: Iterable[str]) -> str:
    """Names as code, or a dash for none."""
    return ", ".join(f"`{name}`" for name in names) or NONE


def page(*blocks: Sequence[str]) -> str:
    """The blocks of lines as one text that ends in one line break."""
    return "\n".join(line for block in blocks for line in block).rstrip("\n") + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
