"""From a record of `.in` to what the store keeps: a message in order, receipts, or something unreadable."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from pydantic import ValidationError

from connectors.sdk.store.inbox import Received, Unreadable
from connectors.sdk.writing import one_line
from schemas.envelope import Envelope
from schemas.messages import reader
from schemas.messages.outbound import Receipt, ReceiptsIssued

RECEIPTS = "receipts.issued.v1"
ASSIGNED = "task.assigned.v1"
LARGEST = 2**63 - 1


class Record(Protocol):
    """A consumed Kafka record."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(slots=True)
class Batch:
    """A batch of records, sorted out."""

    received: list[Received] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def read_batch(records: Iterable[Record]) -> Batch:
    """Read each record by itself: an unreadable one holds up no other. Raises for nothing that one holds."""
    batch = Batch()
    for record in records:
        try:
            _read(record, batch)
        except ValidationError as error:
            batch.unreadable.append(_unreadable(record, one_line(error)))
        except ValueError as error:
            batch.unreadable.append(_unreadable(record, str(error)))
        except RecursionError:
            batch.unreadable.append(_unreadable(record, "data: nested too deeply"))
    return batch


def _read(record: Record, batch: Batch) -> None:
    envelope = Envelope.from_headers(record.headers)
    value = record.value or b""
    if envelope.type == RECEIPTS:
        issued = reader(ReceiptsIssued).model_validate_json(value)
        assert isinstance(issued, ReceiptsIssued)
        for receipt in issued.receipts:
            _fits("partition", receipt.partition)
            _fits("offset", receipt.offset)
        batch.receipts.extend(issued.receipts)
        return
    data = json.loads(value)
    if not isinstance(data, dict):
        raise ValueError(f"data: {type(data).__name__}: must be a JSON object")
    if envelope.type == ASSIGNED:
        for name in ("referral", "task"):
            if not isinstance(data.get(name), str):
                raise ValueError(f"{name}: {data.get(name)!r}: {ASSIGNED} must give it")
    if envelope.sequence is not None and (
        envelope.previous is None or envelope.previous >= envelope.sequence
    ):
        raise ValueError(f"previous: {envelope.previous}: must be below sequence {envelope.sequence}")
    _fits("sequence", envelope.sequence or 0)
    received = Received(
        message=envelope.id,
        type=envelope.type,
        case=envelope.subject,
        actor=envelope.actor,
        sequence=envelope.sequence or 0,
        previous=envelope.previous or 0,
        data=value,
    )
    batch.received.append(received)


def _fits(field: str, number: int) -> None:
    """The store's integers have 64 bits; one larger must not make the whole batch fail."""
    if number > LARGEST:
        raise ValueError(f"{field}: {number}: must be at most {LARGEST}")


def _unreadable(record: Record, reason: str) -> Unreadable:
    headers = json.dumps([(name, None if raw is None else raw.hex()) for name, raw in record.headers])
    digest = sha256(headers.encode() + b"\n" + (record.value or b"")).hexdigest()
    return Unreadable(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        digest=digest,
        reason=reason,
        headers=headers,
        key=record.key,
        value=record.value,
    )
