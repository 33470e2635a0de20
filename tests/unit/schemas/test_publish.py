"""What is published: complete, valid, deterministic, and its vectors right by other code than ours."""

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
import yaml
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas import check
from schemas.asyncapi import asyncapi_yaml
from schemas.classes import field_classes, nested_models
from schemas.envelope import Envelope
from schemas.messages import KINDS, OWN_KINDS, MessageKind
from schemas.messages.base import Act, Data
from schemas.publish import READER_RULE, json_schemas

DOCUMENT: dict[str, Any] = yaml.safe_load(asyncapi_yaml())
SCHEMAS = {name: json.loads(text) for name, text in json_schemas().items()}


def test_there_is_one_schema_per_type_and_one_for_the_envelope() -> None:
    assert set(SCHEMAS) == {"envelope.json", *(f"{kind.type}.json" for kind in (*KINDS, *OWN_KINDS))}
    assert json_schemas() == json_schemas()
    assert asyncapi_yaml() == asyncapi_yaml()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_a_schema_keeps_titles_classes_and_the_reader_rule(kind: MessageKind) -> None:
    schema = SCHEMAS[f"{kind.type}.json"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title_zh"] == kind.title_zh
    assert schema["$comment"] == READER_RULE.replace("\n", " ")
    _agrees(kind.model, schema, schema.get("$defs", {}))


def _agrees(model: type[Data], schema: dict[str, Any], shared: dict[str, Any]) -> None:
    assert schema["additionalProperties"] is False
    assert schema["description"]
    for name, mark in field_classes(model).items():
        field = schema["properties"][name]
        assert field["x-class"] == mark.level.name.lower(), name
        assert field["x-sealed"] is mark.sealed, name
        assert field["description"], name
        assert field["title_zh"], name
        for inner in nested_models(model.model_fields[name].annotation):
            assert issubclass(inner, Data)
            _agrees(inner, shared[inner.__name__], shared)


def test_nothing_published_points_outside() -> None:
    for text in (*json_schemas().values(), asyncapi_yaml()):
        assert set(re.findall(r"https?://[^\s\"']+", text)) <= {
            "https://json-schema.org/draft/2020-12/schema"
        }


def test_a_department_sends_inbound_types_and_gets_outbound_ones() -> None:
    channels = DOCUMENT["channels"]
    assert {channel["address"] for channel in channels.values()} == {
        "dept.{department}.out",
        "dept.{department}.in",
        "hub.console.out",
        "hub.clock.out",
        "hub.desk.out",
    }
    assert set(channels["departmentOut"]["messages"]) == {kind.type for kind in KINDS if kind.inbound}
    assert set(channels["departmentIn"]["messages"]) == {kind.type for kind in KINDS if kind.outbound}


def test_the_headers_are_those_that_the_envelope_writes() -> None:
    envelope = Envelope.model_validate(
        {
            "id": "m",
            "source": "court",
            "type": "task.signed.v1",
            "subject": "c",
            "time": "2026-03-02T09:30:00Z",
            "secrecy": "internal",
            "traceparent": "00-" + "0" * 32 + "-" + "0" * 16 + "-00",
            "keyid": "k",
            "signature": "s",
            "actor": "court",
            "sequence": 2,
            "previous": 1,
            "redelivery": "0" * 36,
        }
    )
    described = DOCUMENT["components"]["schemas"]["hubHeaders"]["properties"]
    assert {name for name, _ in envelope.headers()} == set(described)
    own = DOCUMENT["components"]["schemas"]["departmentHeaders"]
    assert set(described) - set(own["properties"]) == {
        "ce_actor",
        "ce_sequence",
        "ce_previous",
        "ce_redelivery",
    }
    assert {"ce_keyid", "ce_signature", "ce_specversion"} <= set(own["required"])
    assert all(header["type"] == "string" for header in described.values())


def test_partitioner_vectors_hold_by_aiokafka() -> None:
    vectors = DOCUMENT["x-partitioner"]["vectors"]
    assert len(vectors) >= 8
    for vector in vectors:
        key = bytes.fromhex(vector["key_utf8_hex"])
        assert key == vector["key"].encode()
        unsigned = aiokafka_murmur2(key)
        assert vector["murmur2"] & 0xFFFFFFFF == unsigned
        for partitions, partition in vector["partition"].items():
            assert partition == (unsigned & 0x7FFFFFFF) % int(partitions)


def test_signature_vectors_hold_by_the_words_of_the_description() -> None:
    part = DOCUMENT["x-signature"]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(part["key"]["public_hex"]))
    assert "TEST ONLY" in part["key"]["warning"]
    for vector in part["vectors"]:
        lines = ["fengqiao-signature-v1"]
        for name in sorted(vector["attributes"]):
            text = vector["attributes"][name]
            lines.append(f"{name}:{len(text.encode())}:{text}")
        covered = ("\n".join(lines) + "\n\n" + vector["data_utf8"]).encode()
        assert covered.hex() == vector["covered_hex"]
        key.verify(b64decode(vector["signature"]), covered)


def test_identifier_vectors_hold_by_uuid5() -> None:
    part = DOCUMENT["x-identifiers"]
    for vector in part["case_id"]:
        name = f"{vector['department']}/{vector['local_number']}"
        assert vector["case_id"] == str(uuid5(UUID(part["case_namespace"]), name))
    for vector in part["derived_id"]:
        name = "/".join(str(vector[part]) for part in ("source", "message_id", "kind", "ordinal"))
        assert vector["derived_id"] == str(uuid5(UUID(part["derived_namespace"]), name))


class Careless(Act):
    """Has what the check must find."""

    remark: str
    """No class."""
    other: str


def test_the_check_finds_nothing_in_what_is_committed() -> None:
    assert check.problems() == []


def test_the_check_names_type_model_and_field() -> None:
    kind = MessageKind("careless.done.v1", "Careless", Careless, inbound=True, outbound=False)
    assert list(check.kind_problems([kind, kind])) == [
        "careless.done.v1: title 'Careless' has no Chinese character",
        "Careless.remark: has 0 field classes, needs exactly one",
        "Careless.remark: no Chinese name in schemas/titles.py",
        "Careless.other: has no description",
        "Careless.other: no Chinese name in schemas/titles.py",
        "careless.done.v1: is given twice",
        "careless.done.v1: title 'Careless' has no Chinese character",
    ]


def _copy(to: Path) -> Path:
    (to / "json-schema").mkdir()
    for name, text in json_schemas().items():
        (to / "json-schema" / name).write_text(text, "utf-8")
    (to / "asyncapi.yaml").write_text(asyncapi_yaml(), "utf-8")
    return to


def test_the_check_reads_the_published_files(tmp_path: Path) -> None:
    assert check.problems(_copy(tmp_path)) == []
    schemas = tmp_path / "json-schema"
    (schemas / "task.signed.v1.json").unlink()
    _edit(schemas / "task.started.v1.json", '"type": "object"', '"type": "thing"')
    _edit(schemas / "task.assigned.v1.json", '"#/$defs/Party"', '"#/$defs/Person"')
    _edit(tmp_path / "asyncapi.yaml", "action: send", "action: publish")
    _edit(tmp_path / "asyncapi.yaml", "#/channels/departmentIn", "#/channels/departmentsIn")
    _edit(tmp_path / "asyncapi.yaml", "address: dept.{department}.out", "address: dept.{dept}.out")
    found = check.problems(tmp_path)
    expected = [
        "task.signed.v1.json: can't be read",
        "task.started.v1.json: $.type",
        "task.assigned.v1.json: /properties/parties/items: $ref '#/$defs/Person' leads nowhere",
        "asyncapi.yaml: /components/messages/out.task.signed.v1/payload",
        "asyncapi.yaml: /operations/receiveStep/channel: $ref '#/channels/departmentsIn' leads nowhere",
        "asyncapi.yaml: channels.departmentOut: address names ['dept'], parameters are ['department']",
        "asyncapi.yaml: operations.sendStep.action: is 'publish', must be send or receive",
    ]
    for start in expected:
        assert any(problem.startswith(start) for problem in found), (start, found)


@pytest.mark.parametrize("text", ["[", "{}", "asyncapi: 2.6.0"])
def test_a_broken_document_is_a_problem_and_no_crash(tmp_path: Path, text: str) -> None:
    path = tmp_path / "asyncapi.yaml"
    path.write_text(text, "utf-8")
    assert len(list(check.asyncapi_problems(path))) == 1


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
