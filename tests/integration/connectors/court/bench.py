"""A real court stand-in process over real HTTP, and the connector onto it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from connectors.conformance.bench import Bench, Held
from connectors.court.mapping import build
from connectors.sdk.ports import Kit, Sink, Source
from deploy.sandbox.core.matter import Matter
from deploy.sandbox.core.records import Records
from tests.support.children import python

ROOT = Path(__file__).parents[4]
QUIET = "papers: {}\ndepartments: {court: {officers: [示例法官]}}\n"
PARTY = {"role": "plaintiff", "name": "示例甲", "phone": "00000000000"}


def matter(title: str, flow: str = "F17", content: bytes = b"x") -> Matter:
    paper = {"code": "entrust_letter", "title": "委托调解函", "media_type": "text/plain", "content": content}
    complaint = {**paper, "code": "complaint", "title": "起诉状", "content": f"起诉状：{title}"}
    return Matter(
        key=str(uuid4()),
        flow=flow,
        kind="entrust",
        title=title,
        lead="justice",
        parties=[PARTY],
        papers=[paper, complaint],
    )


class CourtBench(Bench):
    """`records` are the court's own books, opened beside the process as a second desk would."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.records = Records(home / "records.db", "court")
        self._options = options
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def wsdl(self) -> str:
        return f"http://127.0.0.1:{self._port}/ajjh?wsdl"

    def build(self, kit: Kit) -> tuple[Source, Sink]:
        return build(replace(kit, settings={"wsdl": self.wsdl, **kit.settings}))

    async def change(self, title: str) -> None:
        self.records.raise_matter(matter(title))

    async def change_badly(self, title: str) -> None:
        self.records.raise_matter(matter(title, flow="F99"))

    async def held(self) -> Sequence[Held]:
        return [Held(one.delivery_id, one.number) for one in self.records.received_log()]

    async def go_away(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    async def come_back(self) -> None:
        arguments = [
            "-m",
            "deploy.sandbox.court",
            "--home",
            str(self.home),
            "--port",
            str(self._port),
            *self._options,
        ]
        self._process = await asyncio.create_subprocess_exec(
            *python(), *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        assert line.startswith("ready http://127.0.0.1:"), line
        self._port = int(line.rpartition(":")[2])

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        code = await self._process.wait()
        self._process = None
        return code


@asynccontextmanager
async def running_court(home: Path, *options: str) -> AsyncIterator[CourtBench]:
    """A court whose officers do nothing by themselves, unless options say otherwise."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "quiet.yaml").write_text(QUIET, "utf-8")
    bench = CourtBench(home, "--policies", str(home / "quiet.yaml"), "--busy-every", "0", *options)
    await bench.come_back()
    try:
        yield bench
    finally:
        await bench.go_away()
        bench.records.close()
