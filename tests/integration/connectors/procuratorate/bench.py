"""The procuratorate's stand-in process on a database of its own, as the suite uses it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from connectors.conformance.bench import Bench, Held
from connectors.procuratorate.mapping import build
from connectors.procuratorate.outgoing import ProcuratorateSource
from connectors.sdk.ports import Kit, Sink, Source
from deploy.sandbox.core.records import Matter, Records
from tests.support.children import python

PAPERS = (
    {
        "code": "indictment",
        "title": "起诉书",
        "content": "示例起诉书，𠮷某某一案",
        "media_type": "text/plain",
    },
    {"code": "case_file", "title": "案卷", "content": b"%PDF-1.7 \x00\xff", "media_type": "application/pdf"},
)
PARTY = {
    "role": "suspect",
    "name": "示例𠮷",
    "gender": "1",
    "phone": "00000000000",
    "address": "枫桥市示例路1号",
}


def matter(title: str, **changed: object) -> Matter:
    """A prosecution as the officers would raise it."""
    fields: dict[str, object] = {
        "key": uuid4().hex,
        "flow": "F6",
        "kind": "transfer",
        "title": title,
        "lead": "court",
        "summary": "合成数据，不涉及真实的人和事",
        "region": "990100",
        "parties": (PARTY,),
        "papers": PAPERS,
        "in_custody": True,
        "officer": "示例检察官",
        "document": "枫检刑诉〔2026〕示例1号",
    }
    return Matter(**{**fields, **changed})  # type: ignore[arg-type]


class StandIn:
    """The process, its home and its exchange database."""

    def __init__(self, home: Path, dsn: str) -> None:
        self.home, self.dsn = home, dsn
        self.records = Records(home / "records.db", "procuratorate")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        command = (
            "-m",
            "deploy.sandbox.procuratorate",
            "--home",
            str(self.home),
            "--dsn",
            self.dsn,
            "--seed",
            "7",
        )
        self._process = await asyncio.create_subprocess_exec(
            *python(), *command, "--pace", "0.01", stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert (await self._process.stdout.readline()).startswith(b"ready ")

    async def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        return await self._process.wait()


@asynccontextmanager
async def running(home: Path, dsn: str) -> AsyncIterator[StandIn]:
    system = StandIn(home, dsn)
    await system.start()
    try:
        yield system
    finally:
        await system.stop()
        system.records.close()


class ProcuratorateBench(Bench):
    def __init__(self, system: StandIn) -> None:
        self._system = system
        self._sources: list[ProcuratorateSource] = []

    def build(self, kit: Kit) -> tuple[Source, Sink]:
        source, sink = build(Kit(kit.department, kit.links, kit.attachments, {"dsn": self._system.dsn}))
        self._sources.append(source)
        return source, sink

    async def change(self, title: str) -> None:
        self._system.records.raise_matter(matter(title))

    async def change_badly(self, title: str) -> None:
        self._system.records.raise_matter(matter(title, region="枫桥"))

    async def held(self) -> Sequence[Held]:
        return [Held(one.delivery_id, one.number) for one in self._system.records.received_log()]

    async def go_away(self) -> None:
        """The database of the exchange tables takes no connections any more."""
        await self._allow_connections(False)

    async def come_back(self) -> None:
        await self._allow_connections(True)

    async def _allow_connections(self, allowed: bool) -> None:
        server, _, name = self._system.dsn.rpartition("/")
        connection = await asyncpg.connect(f"{server}/postgres")
        try:
            await connection.execute(f'alter database "{name}" allow_connections {str(allowed).lower()}')
            ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1"
            await connection.execute(ended, name)
        finally:
            await connection.close()

    async def close(self) -> None:
        for source in self._sources:
            await source.aclose()
