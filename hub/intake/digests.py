"""What a whole record is recognised by, and the form in which a parked one is kept."""

import hashlib
from struct import pack

from pydantic_core import to_json

from hub.bus.ports import InRecord


def record_bytes(record: InRecord) -> bytes:
    """A record's whole content in one unambiguous form: what position hashes and parked records are made of."""
    headers = [(name, None if value is None else value.hex()) for name, value in record.headers]
    key = None if record.key is None else record.key.hex()
    value = None if record.value is None else record.value.hex()
    return to_json({"key": key, "headers": headers, "value": value})


def record_digest(record: InRecord) -> bytes:
    """A cheap digest of a record for recognising it; it is keyed before it is stored. Lengths make it unambiguous."""
    names = [name.encode() for name, _ in record.headers]
    parts = [record.key, record.value, *names, *[value for _, value in record.headers]]
    lengths = pack(f"<{len(parts)}i", *[-1 if part is None else len(part) for part in parts])
    return hashlib.sha256(b"".join([lengths, *[part for part in parts if part]])).digest()
