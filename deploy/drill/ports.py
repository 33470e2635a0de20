"""Ports for servers that go away and come back at the same address."""

import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000


def choose_ports(count: int) -> list[int]:
    """Free ports on 127.0.0.1, outside the range from which the kernel takes those of clients.

    Within it, a client could be given the port of a server that is just away, and even connect to itself.
    """
    limit = int(_RANGE.read_text().split()[0])
    candidates = list(range(_LOWEST, limit)) if limit > _LOWEST + 1000 else list(range(limit, 65_000))
    random.shuffle(candidates)
    found: list[int] = []
    for port in candidates:
        if len(found) == count:
            break
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found
