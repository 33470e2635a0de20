"""Which persons a message names, and by what: names and numbers in one form, so that the same person is the same text."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from schemas.classes import FieldClass, field_classes, nested_models
from schemas.messages import BY_TYPE
from schemas.messages.base import Party

NAME, ID_NUMBER, PHONE, CREDIT_CODE = "name", "id_number", "phone", "credit_code"
# Who acts for a department, as against those whom the matter is about.
OFFICERS = frozenset({"officer", "to_officer", "approver"})
FIELDS = (NAME, ID_NUMBER, PHONE, CREDIT_CODE)
_DOTS = re.compile(r"[·•・‧∙]")
_SPACE = re.compile(r"\s+")
_MARKS = re.compile(r"[\s\-_.()]")


class Named(NamedTuple):
    """One thing by which a message names one person. `place`: where, as in `parties/0` or `officer`.

    What has the same message and place is of the same person. `value` is in the form that `normal` gives.
    """

    place: str
    field: str
    value: str


def persons(type_: str, data: Mapping[str, Any]) -> Iterator[Named]:
    """Everything by which the whole data of a message names persons. Free text is not searched for names.

    Empty for types that departments do not send, and for fields that are not there (erased).
    """
    kind = BY_TYPE.get(type_)
    if kind is None:
        return
    for name, mark in field_classes(kind.model).items():
        value = data.get(name)
        if mark.level < FieldClass.PERSONAL or not value:
            continue
        if isinstance(value, str):
            yield from _named(name, {NAME: value})
        elif _of_parties(kind.model, name):
            for number, party in enumerate(value):
                yield from _named(f"{name}/{number}", party)


def _of_parties(model: type[BaseModel], name: str) -> bool:
    return any(issubclass(inner, Party) for inner in nested_models(model.model_fields[name].annotation))


def _named(place: str, holder: Mapping[str, Any]) -> Iterator[Named]:
    for field in FIELDS:
        if (value := holder.get(field)) and (text := normal(field, value)):
            yield Named(place, field, text)


def normal(field: str, text: str) -> str:
    """One form for what people write in several: width, case, spaces, dots in names, separators in numbers."""
    text = unicodedata.normalize("NFKC", text)
    if field == NAME:
        return _SPACE.sub("", _DOTS.sub("·", text)).casefold()
    text = _MARKS.sub("", text).upper()
    if field != PHONE:
        return text
    text = re.sub(r"^(\+|00)", "", text)
    return text[2:] if re.fullmatch(r"861[0-9]{10}", text) else text


def normal_number(text: str) -> str:
    """A department's number in one form: width, case, brackets and spaces make no difference."""
    text = _SPACE.sub("", unicodedata.normalize("NFKC", text)).upper()
    for bracket, plain in (("〔", "("), ("〕", ")"), ("[", "("), ("]", ")"), ("【", "("), ("】", ")")):
        text = text.replace(bracket, plain)
    return text
