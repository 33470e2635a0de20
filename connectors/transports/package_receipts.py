"""Receipts of a file channel:

there is no answer on a one-way gate, so they come back as later packages, in batches.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.transports.directory import Directory
from connectors.transports.package import Damaged, unpack, unpack_manifest
from connectors.transports.package_position import TORN

logger = logging.getLogger(__name__)


class Result(StrEnum):
    """What became of a package at its receiver. Damaged asks for it again."""

    TAKEN = "taken"
    REFUSED = "refused"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class PackageReceipt:
    """One package and what became of it.

    `number` is the receiver's own number, `problem` why it was not taken.
    """

    package: str
    result: Result
    number: str | None = None
    problem: str | None = None


class ReceiptBox:
    """Finds receipts in the incoming directory and keeps each until it is asked for.

    Receipt files stay in the directory until all their receipts were used or `keep` seconds have passed. So
    a restart finds them again; and where one was removed early, sending the package again brings another.
    """

    def __init__(
        self,
        incoming: Directory,
        prefix: str,
        read: Callable[[bytes], Sequence[PackageReceipt]],
        scan_interval: float,
        keep: float = 3600.0,
    ) -> None:
        self._incoming, self._prefix, self._read = incoming, prefix, read
        self._scan_interval, self._keep = scan_interval, keep
        self._receipts: dict[str, PackageReceipt] = {}
        self._open: dict[str, set[str]] = {}
        self._first_seen: dict[str, float] = {}
        self._scanning = asyncio.Lock()
        self._scanned_at = float("-inf")

    async def wait(self, package: str, timeout: float) -> PackageReceipt | None:
        """The receipt of a package, or None when none comes within `timeout` seconds. Many may wait at once.

        A receipt is given once; the caller that needs it again sends again. Raises TransportTrouble.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        while True:
            await self._scan()
            if package in self._receipts:
                return await self._use(package)
            if loop.time() >= until:
                return None
            await asyncio.sleep(min(self._scan_interval, max(until - loop.time(), 0)))

    async def _scan(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._scanning:
            if loop.time() - self._scanned_at < self._scan_interval / 2:
                return
            names = [name for name in await self._incoming.names() if name.startswith(f"{self._prefix}_")]
            for name in names:
                if name not in self._open:
                    await self._take(name)
                elif loop.time() - self._first_seen[name] > self._keep:
                    await self._forget(name)
            self._scanned_at = loop.time()

    async def _take(self, name: str) -> None:
        content = await self._incoming.read(name)
        if content is None:
            return
        try:
            receipts = self._read(unpack(unpack_manifest(name, content), content, ()).document)
        except (Damaged, ValueError) as problem:
            logger.warning("receipt package %s set aside: %s", name, problem)
            await self._incoming.set_aside(name, TORN, str(problem))
            return
        self._open[name] = {receipt.package for receipt in receipts}
        self._first_seen[name] = asyncio.get_running_loop().time()
        self._receipts |= {receipt.package: receipt for receipt in receipts}

    async def _use(self, package: str) -> PackageReceipt:
        receipt = self._receipts.pop(package)
        for name in [name for name, packages in self._open.items() if package in packages]:
            self._open[name].discard(package)
            if not self._open[name]:
                await self._forget(name)
        return receipt

    async def _forget(self, name: str) -> None:
        await self._incoming.remove(name)
        for package in self._open.pop(name):
            self._receipts.pop(package, None)
        del self._first_seen[name]
