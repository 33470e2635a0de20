"""Fields to a message of the contract, with problems that a person can act on and that name nobody."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from schemas.classes import sealed_fields
from schemas.messages import BY_TYPE
from schemas.messages.base import Data


def checked(type_: str, content: Mapping[str, Any]) -> Data:
    """The data of a message; fields that its model does not have are left out.

    Raises ValueError with field, value and what is allowed; the value of a sealed field stays out of logs.
    """
    model = BY_TYPE[type_].model
    kept = {name: value for name, value in content.items() if name in model.model_fields}
    try:
        return model.model_validate(kept)
    except ValidationError as error:
        raise ValueError("; ".join(_told(model, error))) from None


def _told(model: type[Data], error: ValidationError) -> list[str]:
    told = []
    for entry in error.errors():
        name = ".".join(str(part) for part in entry["loc"])
        hidden = not entry["loc"] or entry["loc"][0] in sealed_fields(model) or entry["type"] == "missing"
        shown = "" if hidden else f" {entry['input']!r:.80}"
        told.append(f"{name}{shown}: {entry['msg']}")
    return told
