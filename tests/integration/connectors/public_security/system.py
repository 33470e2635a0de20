"""Public security as a process of its own behind its gates, and the bench for the conformance suite."""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path

from connectors.conformance.bench import Bench, Held
from connectors.public_security.mapping import build
from connectors.sdk.ports import Kit, Sink, Source
from deploy.sandbox.core.matter import Matter
from deploy.sandbox.core.people import person
from deploy.sandbox.core.records import Records
from tests.support.children import python

IDLE = "papers: {}\ndepartments: {public_security: {officers: [示例民警]}}\n"


class InsideNetwork:
    """The stand-in's process. `start` may be called again after `kill` or `stop`."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home, self.options = home, options
        self.exchange = home / "exchange"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *python(), "-m", "deploy.sandbox.public_security", "--home", str(self.home), *self.options,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        assert line.startswith("ready "), line

    async def end(self, number: signal.Signals) -> int:
        """Send the signal and wait for the end; the exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.returncode is None:
            os.kill(process.pid, number)
        return await process.wait()

    def records(self) -> Records:
        """The system's own books; to be closed."""
        return Records(self.home / "records.db", "public_security")


def matter(title: str, content: bytes = b"", id_number: str | None = None) -> Matter:
    """A request to approve an arrest, with a synthetic suspect and one paper."""
    suspect = person(random.Random(title), "suspect", 1)
    paper = {"code": "arrest_request", "title": "提请批准逮捕书", "media_type": "text/plain"}
    return Matter(
        key=title,
        flow="F1",
        kind="request",
        title=title,
        lead="procuratorate",
        parties=[{**suspect, "id_number": id_number or suspect["id_number"]}],
        papers=[{**paper, "content": content or title.encode()}],
        in_custody=True,
        officer="示例民警",
    )


class PublicSecurityBench(Bench):
    def __init__(self, system: InsideNetwork) -> None:
        self.system = system
        self._away = system.home / "unmounted"

    def build(self, kit: Kit) -> tuple[Source, Sink]:
        directories = {
            "incoming": str(self.system.exchange / "out"),
            "outgoing": str(self.system.exchange / "in"),
        }
        fast = {"receipt_wait": 2.0, "scan_interval": 0.05}
        return build(Kit(kit.department, kit.links, kit.attachments, {**fast, **kit.settings, **directories}))

    async def change(self, title: str) -> None:
        self._raise(matter(title))

    async def change_badly(self, title: str) -> None:
        self._raise(matter(title, id_number="990100199001010000"))

    async def held(self) -> Sequence[Held]:
        records = self.system.records()
        try:
            return [Held(one.delivery_id, one.number) for one in records.received_log()]
        finally:
            records.close()

    async def go_away(self) -> None:
        await self.system.end(signal.SIGKILL)
        self.system.exchange.rename(self._away)

    async def come_back(self) -> None:
        self._away.rename(self.system.exchange)
        await self.system.start()

    def _raise(self, raised: Matter) -> None:
        records = self.system.records()
        try:
            records.raise_matter(raised)
        finally:
            records.close()
