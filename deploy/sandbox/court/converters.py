"""How values stand in the court's elements: moments, days, flags, codes, lines of text.

Missing values are empty elements. Moments are Beijing time without a zone, in whole seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from deploy.sandbox.core.matter import BEIJING
from deploy.sandbox.court.answers import wrong_field
from deploy.sandbox.court.codes import OTHER, CodeList

MOMENT = "%Y%m%d %H:%M:%S"
DAY = "%Y%m%d"


@dataclass(frozen=True, slots=True)
class Word:
    """`write` adds the element (or several) to a parent, `read` takes the value, None when it is empty."""

    element: str
    write: Callable[[Element, str, Any], None]
    read: Callable[[Element, str], Any]


def moment(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(BEIJING).strftime(MOMENT)


def read_moment(name: str, text: str) -> datetime:
    """A moment of the interface as Beijing time. Raises Refused."""
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=BEIJING)
    except ValueError:
        raise wrong_field(name, text, "yyyyMMdd HH:mm:ss") from None


def text_of(parent: Element, name: str) -> str:
    return (parent.findtext(name) or "").strip()


def add(parent: Element, name: str, text: str) -> Element:
    child = etree.SubElement(parent, name)
    child.text = text
    return child


def _write_text(parent: Element, name: str, value: Any) -> None:
    add(parent, name, "" if value is None else str(value))


def _read_text(parent: Element, name: str) -> str | None:
    return text_of(parent, name) or None


def _write_lines(parent: Element, name: str, value: Any) -> None:
    for line in value or ():
        add(parent, name, str(line))


def _read_lines(parent: Element, name: str) -> list[str] | None:
    return [line for line in ((child.text or "").strip() for child in parent.findall(name)) if line] or None


def _write_moment(parent: Element, name: str, value: Any) -> None:
    add(parent, name, moment(value) if value else "")


def _read_moment(parent: Element, name: str) -> str | None:
    text = text_of(parent, name)
    return read_moment(name, text).isoformat() if text else None


def _write_day(parent: Element, name: str, value: Any) -> None:
    add(parent, name, date.fromisoformat(value).strftime(DAY) if value else "")


def _read_day(parent: Element, name: str) -> str | None:
    text = text_of(parent, name)
    try:
        return f"{date(int(text[:4]), int(text[4:6]), int(text[6:])):%Y-%m-%d}" if text else None
    except ValueError:
        raise wrong_field(name, text, "yyyyMMdd") from None


def _write_flag(parent: Element, name: str, value: Any) -> None:
    add(parent, name, "" if value is None else str(int(value)))


def _read_flag(parent: Element, name: str) -> bool | None:
    text = text_of(parent, name)
    if text not in {"", "0", "1"}:
        raise wrong_field(name, text, "0, 1")
    return bool(int(text)) if text else None


def coded(element: str, codes_: CodeList) -> Word:
    def write(parent: Element, name: str, value: Any) -> None:
        code = codes_.codes.get(value) if value else ""
        if code is not None:
            add(parent, name, code)
        elif codes_.open:
            add(parent, name, OTHER)
            add(parent, f"{name}wb", str(value))
        else:
            add(parent, name, str(value))

    def read(parent: Element, name: str) -> str | None:
        code = text_of(parent, name)
        if not code:
            return None
        word = text_of(parent, f"{name}wb") if codes_.open and code == OTHER else codes_.word_of(code)
        if not word:
            raise wrong_field(name, code, f"{codes_.title}: {', '.join(sorted(codes_.codes.values()))}")
        return word

    return Word(element, write, read)


def text(element: str) -> Word:
    return Word(element, _write_text, _read_text)


def lines(element: str) -> Word:
    return Word(element, _write_lines, _read_lines)


def day(element: str) -> Word:
    return Word(element, _write_day, _read_day)


def flag(element: str) -> Word:
    return Word(element, _write_flag, _read_flag)


def moment_word(element: str) -> Word:
    return Word(element, _write_moment, _read_moment)
