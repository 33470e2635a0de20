"""The contract as an AsyncAPI 3.0 document, seen from a department's connector.

Payloads refer to the JSON Schema files beside it. Vectors for the partitioner, the signature and the ids
let an implementer in another language check the work without a hub.
"""

from typing import Any

import yaml

from schemas.envelope import CONTENT_TYPE, Envelope
from schemas.messages import KINDS, OWN_BY_TYPE, OWN_KINDS, MessageKind
from schemas.publish import READER_RULE, envelope_schema, summary
from schemas.vectors import identifier_vectors, partitioner_vectors, signature_vectors, signing_key

CONTRACT_VERSION = "0.1.0"
_BINDING = "0.5.0"
_SIGNED = ("keyid", "signature")
_FROM_HUB = ("actor", "sequence", "previous", "redelivery")
_ABOUT = f"""\
Each department has two topics: it writes `dept.{{department}}.out` and reads `dept.{{department}}.in`.

A record is one CloudEvents 1.0 message in the Kafka **binary** binding: attributes as `ce_` headers, the
media type as the header `content-type`, the data as the record's value (JSON in UTF-8), the case as the
record's key. The key equals `ce_subject`.

{READER_RULE}

Write with acks=all and the partitioner of `x-partitioner`. Keep each message until a receipt
(`receipts.issued.v1`) names it, and send it again with the same id when none comes: a repeated id counts
once. Sign each message as `x-signature` says. On reading, go by `ce_sequence` and `ce_previous` per case
where a record has them: drop what is old, hold on a hole and ask with `redelivery.requested.v1`.

Every field has a class (`x-class`: public, internal, personal, sensitive) that decides which receivers
see it; `x-sealed` fields are encrypted when stored.
"""
_PARTITIONER = """\
The partition of a record is (murmur2(key as UTF-8) & 0x7fffffff) mod partitions, murmur2 being the 32-bit
hash with seed 0x9747b28c of Kafka's Java client (its default partitioner). Clients over librdkafka set
partitioner=murmur2_random. A record on another partition is refused.
"""
_SIGNATURE = """\
Ed25519 over these bytes: the line `fengqiao-signature-v1`, then for each attribute but `signature`, in
order of its name, the line `name:length:value` with the length of the UTF-8 value in bytes in decimal,
then an empty line, then the data exactly as sent. Lines end with LF (0x0a). Attributes are all `ce_`
headers by their names without the prefix, and `datacontenttype`: the header `content-type` in lower case
without `charset=utf-8`, and `application/json` when it is absent. The signature travels as `ce_signature`
in padded base64 of the standard alphabet, the key's id as `ce_keyid`.
"""
_IDENTIFIERS = """\
The first sender of a case mints its id: UUIDv5 in case_namespace of the text `department/local_number`.
What a message creates has the id UUIDv5 in derived_namespace of `source/message_id/kind/ordinal`, so that
the sender can compute the ids of the referral and the tasks that its message leads to.
"""


class _Plain(yaml.SafeDumper):
    """Writes every value out: no anchors, and longer texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Plain.add_representer(str, _text)


def asyncapi_yaml() -> str:
    """The document as YAML. The same contract gives the same bytes."""
    return yaml.dump(document(), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=110)


def document() -> dict[str, Any]:
    """The AsyncAPI document as plain data."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:fengqiao:hub",
        "info": {"title": "Fengqiao Hub 枫桥中枢", "version": CONTRACT_VERSION, "description": _ABOUT},
        "defaultContentType": CONTENT_TYPE,
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "schemas": {"departmentHeaders": _headers(from_hub=False), "hubHeaders": _headers(from_hub=True)},
            "messages": {
                **{f"out.{kind.type}": _message(kind, "departmentHeaders") for kind in KINDS if kind.inbound},
                **{f"out.{kind.type}": _message(kind, "departmentHeaders") for kind in OWN_KINDS},
                **{f"in.{kind.type}": _message(kind, "hubHeaders") for kind in KINDS if kind.outbound},
            },
            "messageTraits": {"record": _record()},
        },
        "x-partitioner": {
            "name": "murmur2",
            "description": _PARTITIONER,
            "vectors": partitioner_vectors(),
        },
        "x-signature": {
            "name": "fengqiao-signature-v1",
            "description": _SIGNATURE,
            "key": signing_key(),
            "vectors": signature_vectors(),
        },
        "x-identifiers": {"description": _IDENTIFIERS, **identifier_vectors()},
    }


def _channels() -> dict[str, Any]:
    out = [kind for kind in KINDS if kind.inbound]
    in_ = [kind for kind in KINDS if kind.outbound]
    clock, desk = (
        [OWN_BY_TYPE["hub.early_expired.v1"]],
        [kind for kind in OWN_KINDS if kind.type != "hub.early_expired.v1"],
    )
    about = "Topics of the hub itself; a department may neither write nor read them."
    return {
        "departmentOut": _channel(
            "dept.{department}.out", "发出", "What a department says. It alone may write here.", "out", out
        ),
        "departmentIn": _channel(
            "dept.{department}.in",
            "收到",
            "What the hub tells a department. It alone may read here.",
            "in",
            in_,
        ),
        "consoleOut": _channel(
            "hub.console.out",
            "控制台",
            f"Steps taken in the console for a department that opted in, under the console's key. {about}",
            "out",
            out,
        ),
        "clockOut": _channel("hub.clock.out", "时钟", f"Moments that have come. {about}", "out", clock),
        "deskOut": _channel(
            "hub.desk.out",
            "处置台",
            f"Steps on two cases, and messages passed on to the case of a number. {about}",
            "out",
            desk,
        ),
    }


def _channel(
    address: str, title_zh: str, description: str, side: str, kinds: list[MessageKind]
) -> dict[str, Any]:
    channel: dict[str, Any] = {"address": address, "title": title_zh, "description": description}
    if "{department}" in address:
        channel["parameters"] = {
            "department": {"description": "Id of the department, e.g. `court`.", "examples": ["court"]}
        }
    channel["messages"] = {kind.type: {"$ref": f"#/components/messages/{side}.{kind.type}"} for kind in kinds}
    settings = {"cleanup.policy": ["delete"], "message.timestamp.type": "LogAppendTime"}
    channel["bindings"] = {"kafka": {"topicConfiguration": settings, "bindingVersion": _BINDING}}
    return channel


def _operations() -> dict[str, Any]:
    return {
        "sendStep": {
            "action": "send",
            "channel": {"$ref": "#/channels/departmentOut"},
            "summary": "Tell the hub a step that the department took.",
            "bindings": {"kafka": {"bindingVersion": _BINDING}},
        },
        "receiveStep": {
            "action": "receive",
            "channel": {"$ref": "#/channels/departmentIn"},
            "summary": "Take what concerns the department into its system.",
            "bindings": {"kafka": {"bindingVersion": _BINDING}},
        },
    }


def _message(kind: MessageKind, headers: str) -> dict[str, Any]:
    return {
        "name": kind.type,
        "title": kind.title_zh,
        "summary": summary(kind.model),
        "headers": {"$ref": f"#/components/schemas/{headers}"},
        "payload": {"$ref": f"./json-schema/{kind.type}.json"},
        "traits": [{"$ref": "#/components/messageTraits/record"}],
    }


def _record() -> dict[str, Any]:
    key = {
        "type": "string",
        "minLength": 1,
        "description": "Id of the case, equal to `ce_subject`; decides the partition by `x-partitioner`.",
    }
    return {
        "contentType": CONTENT_TYPE,
        "bindings": {"kafka": {"key": key, "bindingVersion": _BINDING}},
    }


def _headers(from_hub: bool) -> dict[str, Any]:
    """The headers of a record. Kafka headers are bytes: each value is a text in UTF-8, numbers in decimal."""
    envelope = envelope_schema()
    properties: dict[str, Any] = {}
    for name, attribute in envelope["properties"].items():
        if name in _FROM_HUB and not from_hub:
            continue
        attribute = {part: value for part, value in attribute.items() if part != "default"}
        if attribute.get("type") == "integer":
            pattern = "^(0|[1-9][0-9]*)$" if attribute.pop("minimum") == 0 else "^[1-9][0-9]*$"
            attribute |= {"type": "string", "pattern": pattern}
        if "$ref" in attribute:
            named = envelope["$defs"][attribute.pop("$ref").rpartition("/")[2]]
            attribute = {"type": "string", "enum": named["enum"], **attribute}
        properties["content-type" if name == "datacontenttype" else f"ce_{name}"] = attribute
    signed = () if from_hub else _SIGNED
    required = [f"ce_{name}" for name in (*envelope["required"], *signed)]
    description = (Envelope.__doc__ or "").strip()
    return {"type": "object", "description": description, "required": required, "properties": properties}
