"""Asks a broker for its metadata, by hand: health needs no client library and no event loop of one."""

import asyncio
import struct

from hub.embedded.kafka_login import ScramLogin

PROBE_SECONDS = 2.0

_METADATA, _VERSION, _CORRELATION = 3, 1, 1
_HANDSHAKE, _HANDSHAKE_VERSION = 17, 1
_AUTHENTICATE, _AUTHENTICATE_VERSION = 36, 0
_NO_TOPICS = 0
_MECHANISM = b"SCRAM-SHA-512"


async def answers(port: int, login: ScramLogin | None = None) -> bool:
    """True when the broker on 127.0.0.1 lists at least one broker that serves, which is itself.

    A broker that still waits for its controller lists none. `login` for a listener that asks for one (good for
    one call). Never raises for a broker that is away or refuses the login.
    """
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await _broker_count(port, login) > 0
    except (OSError, TimeoutError, asyncio.IncompleteReadError, struct.error, ValueError, KeyError):
        return False


async def _broker_count(port: int, login: ScramLogin | None) -> int:
    """Metadata request and response, version 1 (Kafka protocol guide): the array of brokers comes first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        line = _Line(reader, writer)
        if login is not None:
            await _log_in(line, login)
        answer = await line.ask(_METADATA, _VERSION, struct.pack(">i", _NO_TOPICS))
        return int(struct.unpack_from(">i", answer)[0])
    finally:
        writer.close()


async def _log_in(line: "_Line", login: ScramLogin) -> None:
    """SaslHandshake version 1, then SaslAuthenticate version 0 for each message. Raises ValueError if refused."""
    answer = await line.ask(_HANDSHAKE, _HANDSHAKE_VERSION, struct.pack(">h", len(_MECHANISM)) + _MECHANISM)
    if struct.unpack_from(">h", answer)[0]:
        raise ValueError("the listener has no SCRAM-SHA-512")
    login.check(await _exchange(line, login.final(await _exchange(line, login.first()))))


async def _exchange(line: "_Line", token: bytes) -> bytes:
    answer = await line.ask(_AUTHENTICATE, _AUTHENTICATE_VERSION, struct.pack(">i", len(token)) + token)
    code, text = struct.unpack_from(">hh", answer)
    if code:
        raise ValueError(f"the server refuses the login: code {code}")
    place = 4 + max(text, 0)
    size = struct.unpack_from(">i", answer, place)[0]
    return answer[place + 4 : place + 4 + size]


class _Line:
    """Requests with header version 1 and their answers, one at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, api: int, version: int, body: bytes) -> bytes:
        client = b"fengqiao-probe"
        header = struct.pack(f">hhih{len(client)}s", api, version, _CORRELATION, len(client), client)
        self._writer.write(struct.pack(">i", len(header) + len(body)) + header + body)
        await self._writer.drain()
        size: int = struct.unpack(">i", await self._reader.readexactly(4))[0]
        answer = await self._reader.readexactly(size)
        if struct.unpack_from(">i", answer)[0] != _CORRELATION:
            raise ValueError("an answer to another request")
        return answer[4:]
