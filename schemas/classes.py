"""The class of each field: who may see it and whether it is sealed at rest.

Every field of every message says its class in its annotation, `Personal[str]`; `python -m schemas.check`
fails for a field without one. Free text may name anybody, so it is sealed like personal data although
every party to the case may read it.

Sealing works on whole top-level fields: a top-level field that is open holds no sealed field inside.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class FieldClass(IntEnum):
    """Ordered: a receiver who may see one class may see those below it."""

    PUBLIC = 0
    INTERNAL = 1
    PERSONAL = 2
    SENSITIVE = 3


@dataclass(frozen=True, slots=True)
class Classified:
    """Annotation marker; also writes `x-class` and `x-sealed` into the JSON Schema.

    `names`: the field names one person, or each of its items does: it is sealed under a key of that person alone.
    """

    level: FieldClass
    free_text: bool = False
    names: bool = False

    @property
    def sealed(self) -> bool:
        """Whether the field is encrypted when the message is stored."""
        return self.free_text or self.level >= FieldClass.PERSONAL

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        said = {**handler(core), "x-class": self.level.name.lower(), "x-sealed": self.sealed}
        return {**said, "x-names-person": True} if self.names else said


T = TypeVar("T")
Public = Annotated[T, Classified(FieldClass.PUBLIC)]
Internal = Annotated[T, Classified(FieldClass.INTERNAL)]
FreeText = Annotated[T, Classified(FieldClass.INTERNAL, free_text=True)]
Personal = Annotated[T, Classified(FieldClass.PERSONAL)]
Sensitive = Annotated[T, Classified(FieldClass.SENSITIVE)]
# Not for officers: who acted in office is part of the record of the act and stays as long as the case.
OfPerson = Annotated[T, Classified(FieldClass.PERSONAL, names=True)]


def nested_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's annotation holds, through lists, optionals and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from nested_models(inner)


@cache
def field_classes(model: type[BaseModel]) -> dict[str, Classified]:
    """The class of each field of one model. Raises TypeError for a field that has none."""
    classes: dict[str, Classified] = {}
    for name, info in model.model_fields.items():
        marks = [mark for mark in info.metadata if isinstance(mark, Classified)]
        if len(marks) != 1:
            raise TypeError(f"{model.__name__}.{name}: has {len(marks)} field classes, needs exactly one")
        classes[name] = marks[0]
    return classes


@cache
def sealed_fields(model: type[BaseModel]) -> frozenset[str]:
    """Top-level fields that are encrypted at rest."""
    return frozenset(name for name, mark in field_classes(model).items() if mark.sealed)


@cache
def person_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """Top-level fields that name one person, or one in each item."""
    return tuple(name for name, mark in field_classes(model).items() if mark.names)


class Fields(NamedTuple):
    """Names of fields in order, and of those that hold a model its fields."""

    names: tuple[str, ...]
    inner: "tuple[tuple[str, Fields], ...]"


@cache
def shown_fields(model: type[BaseModel], ceiling: FieldClass, sealed: bool = True) -> Fields:
    """The fields that this ceiling may see, each with those of the model inside it; worked out once per model.

    Without `sealed`, the sealed fields of the model itself are left out.
    """
    names, inner = [], []
    for name, mark in field_classes(model).items():
        if mark.level <= ceiling and (sealed or not mark.sealed):
            names.append(name)
            holds = next(nested_models(model.model_fields[name].annotation), None)
            if holds is not None:
                inner.append((name, shown_fields(holds, ceiling)))
    return Fields(tuple(names), tuple(inner))


def visible(model: type[BaseModel], data: dict[str, Any], ceiling: FieldClass) -> dict[str, Any]:
    """The part of `data` that a receiver with this ceiling may see; keys without a class are left out."""
    return shown(shown_fields(model, ceiling), data)


def open_part(model: type[BaseModel], data: dict[str, Any]) -> dict[str, Any]:
    """The top-level fields of `data` that are not sealed at rest; keys without a class are left out at every level."""
    return shown(shown_fields(model, FieldClass.SENSITIVE, sealed=False), data)


def shown(fields: Fields, data: dict[str, Any]) -> dict[str, Any]:
    """These fields of `data`, as far as it has them."""
    names, holders = fields
    found = {name: data[name] for name in names if name in data}
    for name, inner in holders:
        value = found.get(name)
        if value:
            found[name] = (
                shown(inner, value) if isinstance(value, dict) else [shown(inner, one) for one in value]
            )
    return found


def class_problems(model: type[BaseModel]) -> Iterator[str]:
    """What is wrong with a model's field classes: a field without one, or a sealed one inside an open one."""
    try:
        classes = field_classes(model)
    except TypeError as problem:
        yield str(problem)
        return
    for name, mark in classes.items():
        for inner in nested_models(model.model_fields[name].annotation):
            problems = list(class_problems(inner))
            yield from problems
            sealed = [] if problems else sorted(sealed_fields(inner))
            if sealed and not mark.sealed:
                yield f"{model.__name__}.{name}: open, but {inner.__name__} holds sealed {sealed}"
