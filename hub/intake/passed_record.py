"""A record that came inside another: passed on to the case that a number names, or taken up again by the failure desk."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PassedRecord:
    """A record as its sender wrote it, passed on or taken up again. See `hub.bus.ports.InRecord`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int


def parked_record(data: Mapping[str, Any], timestamp: int) -> PassedRecord:
    """The record that `hub.parked_retried` carries, at its own place, as the department wrote it."""
    headers = [(name, b64decode(value)) for name, value in data["headers"]]
    key, content = b64decode(data["key"]), b64decode(data["content"])
    return PassedRecord(data["topic"], data["partition"], data["offset"], key, content, headers, timestamp)
