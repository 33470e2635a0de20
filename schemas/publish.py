"""The contract as JSON Schema 2020-12: one document per message type, and one for the envelope.

Published is the producer's form: a property that the schema does not name is refused. Readers follow the
reader rule, which each document repeats.
"""

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from schemas.envelope import Envelope
from schemas.messages import KINDS, OWN_KINDS, MessageKind
from schemas.titles import field_title_zh

DIALECT = "https://json-schema.org/draft/2020-12/schema"
READER_RULE = (
    "Producer's form: send no property that the schema does not name.\n"
    "Reader's rule: ignore properties that you do not know, at every level; later editions may add some."
)


class _Published(GenerateJsonSchema):
    """Leaves out the titles that pydantic makes of field names, and puts the Chinese names in."""

    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        json_schema = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for name, field in json_schema.get("properties", {}).items():
            field["title_zh"] = field_title_zh(model, name)
        return json_schema


def message_schema(kind: MessageKind) -> dict[str, Any]:
    """The JSON Schema of one message type's data."""
    schema = kind.model.model_json_schema(schema_generator=_Published, mode="validation")
    comment = READER_RULE.replace("\n", " ")
    return _document(f"urn:fengqiao:schema:{kind.type}", kind.type, kind.title_zh, comment, schema)


def summary(model: type[BaseModel]) -> str:
    """The first sentence or line of a model's docstring."""
    return (model.__doc__ or "").strip().partition("\n")[0]


def envelope_schema() -> dict[str, Any]:
    """The JSON Schema of the attributes. Open: other CloudEvents attributes are allowed."""
    schema = Envelope.model_json_schema(schema_generator=_Published, mode="validation")
    for name, field in schema["properties"].items():
        schema["properties"][name] = _without_null(field)
    schema["required"] = ["specversion", *schema["required"]]
    comment = "Attributes by their CloudEvents names; on Kafka each is a header, see asyncapi.yaml."
    return _document("urn:fengqiao:schema:envelope", "envelope", "信封", comment, schema)


def json_schemas() -> dict[str, str]:
    """Every JSON Schema document by file name. The same contract gives the same bytes."""
    documents = {"envelope.json": envelope_schema()}
    documents |= {f"{kind.type}.json": message_schema(kind) for kind in (*KINDS, *OWN_KINDS)}
    return {
        name: json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for name, schema in documents.items()
    }


def _document(
    identity: str, title: str, title_zh: str, comment: str, schema: dict[str, Any]
) -> dict[str, Any]:
    body = {name: part for name, part in schema.items() if name not in ("title", "description", "$defs")}
    return {
        "$schema": DIALECT,
        "$id": identity,
        "$comment": comment,
        "title": title,
        "title_zh": title_zh,
        "description": schema["description"],
        **body,
        **({"$defs": schema["$defs"]} if "$defs" in schema else {}),
    }


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """An attribute is there with a value or not at all: CloudEvents knows no null."""
    if "anyOf" not in field:
        return field
    present = next(option for option in field["anyOf"] if option != {"type": "null"})
    kept = {name: part for name, part in field.items() if name not in ("anyOf", "default")}
    return {**present, **kept}
