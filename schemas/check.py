"""`python -m schemas.check`: whether the contract is whole, and what is published of it sound.

Reads only files of the repository. Prints one line per problem and exits 1 if there is any.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel

from schemas.classes import class_problems, nested_models
from schemas.envelope import Envelope
from schemas.messages import KINDS, OWN_KINDS, MessageKind
from schemas.titles import field_title_zh

PUBLISHED = Path(__file__).parent / "published"
_TOP = (
    "asyncapi",
    "info",
    "channels",
    "operations",
    "components",
    "x-partitioner",
    "x-signature",
    "x-identifiers",
)


def kind_problems(kinds: Iterable[MessageKind]) -> Iterator[str]:
    """Types without a Chinese title or given twice; fields without class, description or Chinese name."""
    seen: set[str] = set()
    said: set[str] = set()
    for kind in kinds:
        if kind.type in seen:
            yield f"{kind.type}: is given twice"
        seen.add(kind.type)
        if not any("一" <= char <= "鿿" for char in kind.title_zh):
            yield f"{kind.type}: title {kind.title_zh!r} has no Chinese character"
        for problem in (*class_problems(kind.model), *described_problems(kind.model)):
            if problem not in said:
                said.add(problem)
                yield problem


def described_problems(model: type[BaseModel]) -> Iterator[str]:
    """Models and fields that the published schema could not explain."""
    if not (model.__doc__ or "").strip():
        yield f"{model.__name__}: has no docstring"
    for name, info in model.model_fields.items():
        if not info.description:
            yield f"{model.__name__}.{name}: has no description"
        try:
            field_title_zh(model, name)
        except KeyError as problem:
            yield str(problem.args[0])
        for inner in nested_models(info.annotation):
            yield from described_problems(inner)


def schema_problems(published: Path, kinds: Iterable[MessageKind]) -> Iterator[str]:
    """JSON Schema files that are missing, unreadable, invalid by the metaschema, or refer to nothing."""
    for name in ("envelope", *(kind.type for kind in kinds)):
        path = published / "json-schema" / f"{name}.json"
        try:
            document = json.loads(path.read_text("utf-8"))
            Draft202012Validator.check_schema(document)
        except (OSError, ValueError) as problem:
            yield f"{path.name}: can't be read: {problem}"
        except SchemaError as problem:
            yield f"{path.name}: {problem.json_path}: {problem.message}"
        else:
            yield from (f"{path.name}: {problem}" for problem in reference_problems(document, path))


def asyncapi_problems(path: Path) -> Iterator[str]:
    """What is wrong with the structure of the AsyncAPI document."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as problem:
        yield f"{path.name}: can't be read: {problem}"
        return
    missing = [part for part in _TOP if part not in document]
    if missing:
        yield f"{path.name}: has no {', '.join(missing)}"
        return
    found = (
        [f"asyncapi: is {document['asyncapi']!r}, must be '3.0.0'"] if document["asyncapi"] != "3.0.0" else []
    )
    found += reference_problems(document, path)
    for name, channel in document["channels"].items():
        found += _channel_problems(name, channel)
    for name, operation in document["operations"].items():
        if operation.get("action") not in ("send", "receive"):
            found.append(f"operations.{name}.action: is {operation.get('action')!r}, must be send or receive")
        if "$ref" not in operation.get("channel", {}):
            found.append(f"operations.{name}: names no channel")
    for name, message in document["components"].get("messages", {}).items():
        found += [
            f"components.messages.{name}: has no {part}"
            for part in ("headers", "payload")
            if part not in message
        ]
    for name, schema in document["components"].get("schemas", {}).items():
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as problem:
            found.append(f"components.schemas.{name}{problem.json_path[1:]}: {problem.message}")
    yield from (f"{path.name}: {problem}" for problem in found)


def reference_problems(document: Any, path: Path) -> list[str]:
    """Each `$ref` that leads nowhere: inside the document, or to another file beside it."""
    problems = []
    for where, target in _references(document, ""):
        file, _, pointer = target.partition("#")
        try:
            root = json.loads((path.parent / file).read_text("utf-8")) if file else document
            for step in pointer.split("/")[1:]:
                root = root[step.replace("~1", "/").replace("~0", "~")]
        except (OSError, ValueError, KeyError, TypeError):
            problems.append(f"{where}: $ref {target!r} leads nowhere")
    return problems


def problems(published: Path = PUBLISHED) -> list[str]:
    """Everything that is wrong with the contract and what is published of it under this directory."""
    return [
        *kind_problems((*KINDS, *OWN_KINDS)),
        *described_problems(Envelope),
        *schema_problems(published, (*KINDS, *OWN_KINDS)),
        *asyncapi_problems(published / "asyncapi.yaml"),
    ]


def main() -> int:
    """Print the problems. Returns the exit code."""
    found = problems()
    for problem in found:
        print(problem)
    print(f"contract: {len(KINDS)} message types, {len(found)} problems")
    return 1 if found else 0


def _channel_problems(name: str, channel: dict[str, Any]) -> Iterator[str]:
    address = channel.get("address")
    if not address:
        yield f"channels.{name}: has no address"
        return
    named = {part.partition("}")[0] for part in address.split("{")[1:]}
    declared = set(channel.get("parameters", {}))
    if named != declared:
        yield f"channels.{name}: address names {sorted(named)}, parameters are {sorted(declared)}"
    if "kafka" not in channel.get("bindings", {}):
        yield f"channels.{name}: has no Kafka binding"


def _references(part: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield where or "#", part["$ref"]
        for name, inner in part.items():
            yield from _references(inner, f"{where}/{name}")
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from _references(inner, f"{where}/{index}")


if __name__ == "__main__":
    sys.exit(main())
