"""A TCP proxy as a process of its own: `python -m deploy.drill.proxy PORT=PORT …`, from the first port to the second.

All on 127.0.0.1. Prints `ready` once it listens. Stopped (SIGSTOP) it is a network that answers nothing; killed it is
one that resets every connection and refuses new ones.
"""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CHUNK = 65_536


async def main(routes: list[tuple[int, int]]) -> None:
    """Serve until the process ends."""
    servers = [await asyncio.start_server(_relay_to(target), "127.0.0.1", port) for port, target in routes]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def _relay_to(port: int) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, thither = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        # Both directions end together: neither side may believe that the other still listens.
        ways = [asyncio.create_task(_copy(reader, thither)), asyncio.create_task(_copy(there, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, thither):
            end.close()

    return serve


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()


def _route(word: str) -> tuple[int, int]:
    port, _, target = word.partition("=")
    return int(port), int(target)


if __name__ == "__main__":
    asyncio.run(main([_route(word) for word in sys.argv[1:]]))
