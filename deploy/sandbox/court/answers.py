"""The business codes that stand inside every answer, under HTTP 200."""

from collections.abc import Mapping

from lxml import etree
from lxml.etree import _Element as Element

DONE = "0000"
DUPLICATE = "E1001"
WRONG_FIELD = "E2003"
TOO_LARGE = "E3001"
START_AGAIN = "E3003"
BUSY = "E9999"


class Refused(Exception):
    """The operation was not carried out. `field`, `value` and `allowed` say what is wrong."""

    def __init__(self, code: str, text: str, field: str = "", value: str = "", allowed: str = "") -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text, self.field, self.value, self.allowed = code, text, field, value, allowed


def wrong_field(field: str, value: str, allowed: str) -> Refused:
    return Refused(WRONG_FIELD, "字段取值不符合要求", field, value, allowed)


def answer(code: str, text: str, fields: Mapping[str, str] | None = None) -> Element:
    """An answer document with the code first."""
    root = etree.Element("yd")
    for name, value in {"code": code, "msg": text, **(fields or {})}.items():
        etree.SubElement(root, name).text = value
    return root


def refusal(problem: Refused) -> Element:
    explained = {"zdm": problem.field, "zdz": problem.value, "yxz": problem.allowed}
    return answer(problem.code, problem.text, explained)
