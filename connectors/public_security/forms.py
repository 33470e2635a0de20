"""How a value stands in the system's XML: each form reads an element and writes one.

Times are `yyyyMMddHHmmss` and days `yyyyMMdd`, local Beijing time without a zone; what is missing is an
element left out or empty. Reading raises ValueError that names the element, the value and what is allowed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Protocol

from lxml import etree

from connectors.public_security.codes import CodeList

BEIJING = timezone(timedelta(hours=8))


class Form(Protocol):
    """One kind of element content. `read` gets an element that is not empty."""

    def read(self, element: etree._Element) -> Any: ...
    def write(self, element: etree._Element, value: Any) -> None: ...


class Text:
    """As it is. XML can't hold most control characters: writing one raises ValueError."""

    def read(self, element: etree._Element) -> str:
        return element.text or ""

    def write(self, element: etree._Element, value: Any) -> None:
        try:
            element.text = str(value)
        except ValueError:
            raise ValueError(
                f"{element.tag}: XML can't hold this text's control characters; allowed are tab, LF, CR"
            ) from None


TEXT = Text()


class Whole:
    """A whole number."""

    def read(self, element: etree._Element) -> int:
        text = (element.text or "").strip()
        if not text.isdecimal():
            raise ValueError(f"{element.tag} {text!r} must be a whole number")
        return int(text)

    def write(self, element: etree._Element, value: Any) -> None:
        element.text = str(int(value))


class Flag:
    """是否: 1 or 0."""

    def read(self, element: etree._Element) -> bool:
        text = (element.text or "").strip()
        if text not in ("0", "1"):
            raise ValueError(f"{element.tag} {text!r} must be 0 or 1")
        return text == "1"

    def write(self, element: etree._Element, value: Any) -> None:
        element.text = "1" if value else "0"


class Time:
    """A moment; fractions of a second are cut off in writing, as in every document of the system."""

    def read(self, element: etree._Element) -> datetime:
        return _parsed(element, "%Y%m%d%H%M%S", "yyyyMMddHHmmss").replace(tzinfo=BEIJING)

    def write(self, element: etree._Element, value: Any) -> None:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        element.text = moment.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


class Day:
    """A calendar day."""

    def read(self, element: etree._Element) -> date:
        return _parsed(element, "%Y%m%d", "yyyyMMdd").date()

    def write(self, element: etree._Element, value: Any) -> None:
        day = value if isinstance(value, date) else date.fromisoformat(value)
        element.text = day.strftime("%Y%m%d")


@dataclass(frozen=True)
class Coded:
    """A code of one of the system's lists, with attribute `ydm` (原代码) beside "其他"."""

    codes: CodeList

    def read(self, element: etree._Element) -> str:
        try:
            return self.codes.read((element.text or "").strip(), element.get("ydm"))
        except ValueError as problem:
            raise ValueError(f"{element.tag}: {problem}") from None

    def write(self, element: etree._Element, value: Any) -> None:
        element.text, original = self.codes.write(str(value))
        if original is not None:
            element.set("ydm", original)


@dataclass(frozen=True)
class Item:
    """One element and the contract's field that it stands for.

    `many`: the element repeats, the field is a list.
    """

    element: str
    name: str
    form: Form = TEXT
    many: bool = False


@dataclass(frozen=True)
class Group:
    """An element of elements, such as a person or a paper."""

    items: Sequence[Item]

    def read(self, element: etree._Element) -> dict[str, Any]:
        return read_items(element, self.items)

    def write(self, element: etree._Element, value: Any) -> None:
        write_items(element, self.items, value)


def read_items(parent: etree._Element, items: Sequence[Item]) -> dict[str, Any]:
    """The fields that are there, by the contract's names."""
    fields: dict[str, Any] = {}
    for item in items:
        found = [child for child in parent.iterfind(item.element) if len(child) or (child.text or "").strip()]
        if item.many and found:
            fields[item.name] = [item.form.read(child) for child in found]
        elif len(found) > 1:
            raise ValueError(f"{item.element} must be there at most once, not {len(found)} times")
        elif found:
            fields[item.name] = item.form.read(found[0])
    return fields


def write_items(parent: etree._Element, items: Sequence[Item], fields: Mapping[str, Any]) -> None:
    """Elements for the fields that have a value, in the order of `items`."""
    for item in items:
        value = fields.get(item.name)
        for one in (value or ()) if item.many else () if value is None else (value,):
            item.form.write(etree.SubElement(parent, item.element), one)


def _parsed(element: etree._Element, pattern: str, shown: str) -> datetime:
    text = (element.text or "").strip()
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - the callers know the zone
    except ValueError:
        raise ValueError(f"{element.tag} {text!r} must be a moment {shown} (Beijing time)") from None
