"""The justice bureau as a process of its own over real HTTP, and the bench for the conformance suite."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import connectors.profiles
from connectors.conformance.bench import Bench, Held
from connectors.profiles.engine import build
from connectors.sdk.ports import Kit, Sink, Source
from deploy.sandbox.core.matter import Matter
from deploy.sandbox.core.people import person
from deploy.sandbox.core.records import Records
from tests.support.children import python

IDLE = "papers: {}\ndepartments: {justice: {officers: [示例调解员]}}\n"
PROFILE = Path(connectors.profiles.__file__).with_name("justice.yaml")


class Bureau:
    """The stand-in's process, on one port for its whole life."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home, self.options = home, options
        self.address = ""
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        port = self.address.rpartition(":")[2] or str(_free_port())
        self._process = await asyncio.create_subprocess_exec(
            *python(), "-m", "deploy.sandbox.justice",
            "--home", str(self.home), "--port", port, *self.options,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        assert line.startswith("ready "), line
        self.address = line.split()[1]

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
        return Records(self.home / "records.db", "justice")


class JusticeBench(Bench):
    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau

    def build(self, kit: Kit) -> tuple[Source, Sink]:
        token = str(self.bureau.home / "token")
        settings = {"base_url": self.bureau.address, "token_file": token, "timeout": 5.0}
        return build(Kit(kit.department, kit.links, kit.attachments, settings), PROFILE)

    async def change(self, title: str) -> None:
        self._raise(title)

    async def change_badly(self, title: str) -> None:
        self._raise(title, id_number="990100199001010000")

    async def held(self) -> Sequence[Held]:
        records = self.bureau.records()
        try:
            return [Held(one.delivery_id, one.number) for one in records.received_log()]
        finally:
            records.close()

    async def go_away(self) -> None:
        await self.bureau.end(signal.SIGKILL)

    async def come_back(self) -> None:
        await self.bureau.start()

    def _raise(self, title: str, id_number: str | None = None) -> None:
        applicant = person(random.Random(title), "applicant", 1)
        paper = {
            "code": "application",
            "title": "司法确认申请书",
            "media_type": "text/plain",
            "content": title,
        }
        records = self.bureau.records()
        try:
            records.raise_matter(
                Matter(
                    key=title,
                    flow="LSC",
                    kind="request",
                    title=title,
                    lead="court",
                    copies=["petition"],
                    due_on="2026-12-31",
                    parties=[{**applicant, "id_number": id_number or applicant["id_number"]}],
                    papers=[paper],
                    officer="示例调解员",
                )
            )
        finally:
            records.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
