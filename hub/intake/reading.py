"""From a record to a readable message, or to the reason why it is not one."""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from msgspec.json import encode
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from hub.bus.ports import InRecord
from hub.bus.topics import LARGEST_RECORD, TopicNames
from hub.domain.case import MessageRef
from hub.domain.decide import ALIAS, HUB
from hub.errors import Parking, ParkingName, Refusal, RefusalName
from hub.intake.digests import record_bytes as record_bytes
from hub.intake.digests import record_digest as record_digest
from hub.intake.passed_record import PassedRecord as PassedRecord
from hub.intake.passed_record import parked_record as parked_record
from schemas.classes import open_part, person_fields, sealed_fields
from schemas.envelope import CARRIED, Envelope, Secrecy, attribute_texts
from schemas.messages import BY_TYPE, OWN_BY_TYPE, MessageKind, reader
from schemas.partitioner import partition_of

# The hub's own message about one that named its case by a number.
PASSED_ON = "hub.passed_on.v1"
_STEP = "read"
_LAST_MS = 7_258_118_400_000
_SUBJECT = re.compile(r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|alias:[a-z0-9_]+:[A-Za-z0-9_.-]+:.+)$")
# No message id of a department can end so.
ALIAS_MARK = "~alias"
_TOO_HIGH = {level.value.encode() for level in Secrecy if level not in CARRIED}


@dataclass(slots=True)
class Read:
    """A record that could be read. `data` is all of it; `open` and `hidden` its two halves (5a.7).

    `open` holds only what the contract names, at every level: anything else might be personal.
    `ref`: the id under which it is remembered; a message under a department's number gets one apart, since it is
    decided a second time in the case that the number names.
    `names`: its fields that name persons.
    `canonical`: the data bytes can be rebuilt from the two halves, so they need not be kept. `signed`: whether the
    signature holds, where somebody has looked already.
    """

    record: InRecord
    attributes: dict[str, str]
    envelope: Envelope
    ref: MessageRef
    data: dict[str, Any]
    open: dict[str, Any]
    hidden: dict[str, Any]
    names: tuple[str, ...]
    canonical: bool
    signed: bool | None = None


def signed_content(message: Read) -> bytes:
    """What makes two records the same message: the signature covers the attributes, and the data is the data (5a.8)."""
    signature = message.attributes.get("signature", "")
    return b"%s\n%s" % (signature.encode(), message.record.value or b"")


def read(record: InRecord, names: TopicNames, shards: int) -> Read:
    """Check a record against the contract. Raises Parking (can't be handled) or Refusal (must not be)."""
    (found,) = read_all([record], names, shards)
    if not isinstance(found, Read):
        raise found
    return found


def read_all(records: Sequence[InRecord], names: TopicNames, shards: int) -> list[Read | Parking | Refusal]:
    """What `read` returns or raises for each. All take one step before any takes the next; see `hub.intake.batch`."""
    drafts = [_Draft(record) for record in records]
    _take(drafts, lambda draft: _heads(draft, names))
    _take(drafts, lambda draft: _addressed(draft, names, shards))
    for step in _OF_DATA:
        _take(drafts, step)
    return [draft.problem or draft.done() for draft in drafts]


@dataclass(slots=True)
class _Draft:
    """A record on its way to a `Read`. `problem`: why it goes no further."""

    record: InRecord
    texts: dict[str, str] = field(init=False)
    envelope: Envelope = field(init=False)
    kind: MessageKind = field(init=False)
    data: dict[str, Any] = field(init=False)
    opened: dict[str, Any] = field(init=False)
    hidden: dict[str, Any] = field(init=False)
    problem: Parking | Refusal | None = None

    def done(self) -> Read:
        envelope, opened, hidden, model = self.envelope, self.opened, self.hidden, self.kind.model
        canonical = rebuilt(model, opened, hidden) == self.record.value
        suffix = ALIAS_MARK if envelope.subject.startswith(ALIAS) else ""
        ref, names = MessageRef(envelope.source, envelope.id + suffix), person_fields(model)
        return Read(self.record, self.texts, envelope, ref, self.data, opened, hidden, names, canonical)


def _take(drafts: Sequence[_Draft], step: Callable[[_Draft], None]) -> None:
    for draft in drafts:
        if draft.problem is None:
            try:
                step(draft)
            except (Parking, Refusal) as problem:
                draft.problem = problem


def _heads(draft: _Draft, names: TopicNames) -> None:
    record = draft.record
    _refuse_secrets(record)
    if names.owner(record.topic) != HUB and (size := _size(record)) > LARGEST_RECORD:
        raise Parking(ParkingName.TOO_LARGE, f"{size} bytes; at most {LARGEST_RECORD}", _STEP)
    draft.texts = _attributes(record)


def _addressed(draft: _Draft, names: TopicNames, shards: int) -> None:
    record, owner = draft.record, names.owner(draft.record.topic)
    draft.envelope = envelope = _envelope(draft.texts)
    if record.key is None or record.key == b"":
        raise Parking(ParkingName.MISSING_KEY, "key: the record has none; must be the case id", _STEP)
    if owner != envelope.source:
        raise Parking(
            ParkingName.FOREIGN_SOURCE, f"source {envelope.source!r} on the topic of {owner!r}", _STEP
        )
    draft.kind = _kind(envelope, owner == HUB)
    _check_subject(envelope)
    if record.key != envelope.subject.encode():
        raise Misplaced(f"key is not the subject {envelope.subject!r}", envelope.subject, envelope)
    right = partition_of(record.key, shards)
    if right != record.partition:
        raise Misplaced(f"partition {record.partition}, must be {right}", str(right), envelope)


def _parsed(draft: _Draft) -> None:
    try:
        data = from_json(draft.record.value or b"", allow_inf_nan=False)
    except ValueError as problem:
        raise Parking(ParkingName.UNREADABLE, f"data is no JSON: {problem}", _STEP) from None
    if not isinstance(data, dict):
        raise Parking(ParkingName.UNREADABLE, "data must be a JSON object", _STEP)
    draft.data = data


def _checked(draft: _Draft) -> None:
    try:
        reader(draft.kind.model).model_validate(draft.data)
    except ValidationError as error:
        raise Parking(ParkingName.WRONG_SCHEMA, _first_problem(error, show_value=False), _STEP) from None


def _halved(draft: _Draft) -> None:
    data, sealed = draft.data, sealed_fields(draft.kind.model)
    draft.hidden = {name: value for name, value in data.items() if name in sealed}
    draft.opened = open_part(draft.kind.model, data)


_OF_DATA = (_parsed, _checked, _halved)


class Misplaced(Refusal):
    """Refused as `wrong_partition`; names the message, so that its sender recognises it. Its signature was not looked at."""

    def __init__(self, detail: str, allowed: str, envelope: Envelope) -> None:
        super().__init__(RefusalName.WRONG_PARTITION, detail, [allowed])
        self.envelope = envelope


def _size(record: InRecord) -> int:
    size = len(record.key or b"") + len(record.value or b"")
    for name, value in record.headers:
        size += len(name) + len(value or b"")
    return size


def unwrap(outer: Read) -> Read:
    """The message inside `hub.passed_on`, in the case that it was passed on to. Its signature is still to be verified."""
    texts: dict[str, str] = outer.data["attributes"]
    envelope = _envelope(texts)
    record, headers = outer.record, [(f"ce_{name}", text.encode()) for name, text in sorted(texts.items())]
    content = b64decode(outer.data["content"])
    place = (record.topic, record.partition, record.offset)
    inner = PassedRecord(*place, envelope.subject.encode(), content, headers, record.timestamp)
    draft = _Draft(inner)
    draft.texts, draft.kind = texts, BY_TYPE[envelope.type]
    draft.envelope = envelope.model_copy(update={"subject": outer.envelope.subject})
    for step in _OF_DATA:
        step(draft)
    return draft.done()


def _check_subject(envelope: Envelope) -> None:
    if not _SUBJECT.match(envelope.subject):
        detail = f"subject {envelope.subject!r}: must be a case id or alias:<department>:<kind>:<number>"
        raise Parking(ParkingName.BAD_ENVELOPE, detail, _STEP)


def rebuilt(model: type[BaseModel], opened: Mapping[str, Any], hidden: Mapping[str, Any]) -> bytes:
    """The data bytes of a canonical message from its two halves: fields in the order of the contract."""
    both = {**opened, **hidden}
    return encode({name: both[name] for name in _field_names(model) if name in both})


@cache
def _field_names(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(model.model_fields)


def _refuse_secrets(record: InRecord) -> None:
    """Before anything else: nothing of such a record may be kept, not even as parked."""
    for name, value in record.headers:
        if name == "ce_secrecy" and value in _TOO_HIGH:
            raise Refusal(
                RefusalName.SECRECY_TOO_HIGH,
                f"secrecy {value.decode()!r}",
                sorted(level.value for level in CARRIED),
            )


def _attributes(record: InRecord) -> dict[str, str]:
    try:
        return attribute_texts(record.headers)
    except ValueError as problem:
        raise Parking(ParkingName.BAD_ENVELOPE, str(problem), _STEP) from None


def _envelope(texts: Mapping[str, str]) -> Envelope:
    try:
        return Envelope.model_validate(texts)
    except ValidationError as error:
        raise Parking(ParkingName.BAD_ENVELOPE, _first_problem(error, show_value=True), _STEP) from None


def _kind(envelope: Envelope, own: bool) -> MessageKind:
    kind = OWN_BY_TYPE.get(envelope.type) if own else BY_TYPE.get(envelope.type)
    if kind is None or not kind.inbound:
        allowed = ", ".join(
            sorted(OWN_BY_TYPE) if own else sorted(t for t, k in BY_TYPE.items() if k.inbound)
        )
        raise Parking(ParkingName.UNKNOWN_TYPE, f"type {envelope.type!r}; allowed: {allowed}", _STEP)
    return kind


def _first_problem(error: ValidationError, show_value: bool) -> str:
    """The first problem by field. Values of data are not repeated: they may be personal."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "data"
    given = (
        f" (found {str(first.get('input'))[:80]!r})" if show_value and first.get("input") is not None else ""
    )
    more = error.error_count() - 1
    said = first["msg"] if show_value else first["msg"].replace(repr(first.get("input")), "what is given")
    return f"{where}: {said}{given}" + (f" (and {more} more)" if more else "")


def received_at(record: InRecord, not_before: datetime | None) -> datetime:
    """The broker's time of a record, never below the shard's last (5a.6)."""
    # A topic that somebody made without LogAppendTime may hold any number.
    at = datetime.fromtimestamp(min(max(record.timestamp, 0), _LAST_MS) / 1000, UTC)
    return at if not_before is None or at >= not_before else not_before
