"""Asks a broker for its metadata, by hand: health needs no client library and no event loop of one."""

import asyncio
import struct

PROBE_SECONDS = 2.0

_METADATA, _VERSION, _CORRELATION = 3, 1, 1
_NO_TOPICS = 0


async def answers(port: int) -> bool:
    """True when the broker on 127.0.0.1 lists at least one broker that serves, which is itself.

    A broker that still waits for its controller lists none. Never raises for a broker that is away; not for
    listeners that ask for a login.
    """
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await _broker_count(port) > 0
    except (OSError, TimeoutError, asyncio.IncompleteReadError, struct.error):
        return False


async def _broker_count(port: int) -> int:
    """Metadata request and response, version 1 (Kafka protocol guide): the array of brokers comes first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        client = b"fengqiao-probe"
        header = struct.pack(f">hhih{len(client)}s", _METADATA, _VERSION, _CORRELATION, len(client), client)
        request = header + struct.pack(">i", _NO_TOPICS)
        writer.write(struct.pack(">i", len(request)) + request)
        await writer.drain()
        size: int = struct.unpack(">i", await reader.readexactly(4))[0]
        correlation, brokers = struct.unpack_from(">ii", await reader.readexactly(size))
        return int(brokers) if correlation == _CORRELATION else 0
    finally:
        writer.close()
