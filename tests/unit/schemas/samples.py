"""For each message type a small document and a full one, built from the published JSON Schema alone."""

import re
from typing import Any

_WORDS = (
    "court",
    "case_number",
    "F1",
    "330199",
    "a" * 64,
    "application/pdf",
    "（2026）浙9901民初1号",
    "91350100M000100Y43",
)


def full(schema: dict[str, Any]) -> dict[str, Any]:
    """Every property with a value that is not null; lists hold one item."""
    return {name: _value(field, schema) for name, field in schema["properties"].items()}


def small(schema: dict[str, Any]) -> dict[str, Any]:
    """The required properties only."""
    return {name: value for name, value in full(schema).items() if name in schema.get("required", [])}


def _value(field: dict[str, Any], root: dict[str, Any]) -> Any:
    if "anyOf" in field:
        return _value(field["anyOf"][0], root)
    if "$ref" in field:
        named = root["$defs"][field["$ref"].rpartition("/")[2]]
        if "enum" in named:
            return named["enum"][0]
        return {name: _value(inner, root) for name, inner in named["properties"].items()}
    match field:
        case {"type": "array"}:
            return [_value(field["items"], root)]
        case {"type": "boolean"}:
            return True
        case {"type": "integer"}:
            return field.get("minimum", 0)
        case {"format": "date"}:
            return "2026-03-02"
        case {"format": "date-time"}:
            return "2026-03-02T09:30:00+08:00"
        case {"format": "uuid"}:
            return "f69faf12-e351-58a5-80fb-00b935a69853"
    return next(word for word in _WORDS if re.search(field.get("pattern", ""), word))
