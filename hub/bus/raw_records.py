"""Reading records whose header names are no UTF-8: aiokafka raises for them and for all that follow in their batch.

Any client may write such bytes, and one record must not stop a shard. Here the names are read with U+FFFD in the
place of what is no text; the contract then says whether the record can be used.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.util import decode_varint

from hub.bus.ports import RawHeaders
from hub.errors import BusTrouble

_MAX_BYTES = 2_097_152
# Base offset, length, leader epoch, magic, CRC, attributes, last offset delta, first and last timestamp,
# producer id and epoch, base sequence, count: the header of a record batch of magic 2.
_BATCH = struct.Struct(">qiibIhiqqqhii")
_LENGTH_ENDS, _APPEND_TIME, _CONTROL = 12, 0x08, 0x20
_DECODERS: dict[int, Callable[[bytes], bytes]] = {
    1: gzip_decode,
    2: snappy_decode,
    3: lz4_decode,
    4: zstd_decode,
}


@dataclass(slots=True)
class RawRecord:
    """See `hub.bus.ports.InRecord`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders
    timestamp: int


async def fetch_raw(client: AIOKafkaClient, place: TopicPartition, offset: int) -> list[RawRecord]:
    """The records from an offset on, as many as one fetch brings, on a connection of this client.

    Raises BusTrouble.
    """
    node = client.cluster.leader_for_partition(place)
    if node is None or node == -1 or not await client.ready(node):
        raise BusTrouble(f"{place} has no leader now")
    request = FetchRequest(0, 1, _MAX_BYTES, 0, [(place.topic, [(place.partition, offset, _MAX_BYTES)])])
    response = await client.send(node, request)
    for _, partitions in response.topics:
        for _, error, _, *rest in partitions:
            if error:
                raise BusTrouble(f"fetching {place} at {offset}: Kafka's error {error}")
            return [record for record in parse(rest[-1] or b"", place) if record.offset >= offset]
    return []


def parse(raw: bytes, place: TopicPartition) -> Iterator[RawRecord]:
    """The records of whole batches; a batch that was cut off at the end of a fetch is left out."""
    start = 0
    while start + _BATCH.size <= len(raw):
        base, length, _, magic, _, attributes, _, first_time, last_time, *_, count = _BATCH.unpack_from(
            raw, start
        )
        end = start + _LENGTH_ENDS + length
        if end > len(raw):
            return
        if magic != 2:
            raise BusTrouble(
                f"{place} at {base}: a batch of magic {magic}; brokers since Kafka 4.0 write 2 only"
            )
        body = bytearray(raw[start + _BATCH.size : end])
        start = end
        if attributes & _CONTROL:
            continue
        if codec := attributes & 0x07:
            body = bytearray(_DECODERS[codec](bytes(body)))
        at = 0
        for _ in range(count):
            delta, offset, fields, at = _record(body, at)
            time = last_time if attributes & _APPEND_TIME else first_time + delta
            yield RawRecord(place.topic, place.partition, base + offset, *fields, time)


def _record(body: bytearray, at: int) -> tuple[int, int, tuple[Any, Any, list[tuple[str, Any]]], int]:
    _, at = decode_varint(body, at)
    time_delta, at = decode_varint(body, at + 1)
    offset_delta, at = decode_varint(body, at)
    key, at = _bytes(body, at)
    value, at = _bytes(body, at)
    count, at = decode_varint(body, at)
    headers = []
    for _ in range(count):
        name, at = _bytes(body, at)
        text, at = _bytes(body, at)
        headers.append(((name or b"").decode(errors="replace"), text))
    return time_delta, offset_delta, (key, value, headers), at


def _bytes(body: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(body, at)
    if length < 0:
        return None, at
    return bytes(body[at : at + length]), at + length
