"""The petition office as a process of its own, and the bench that the conformance suite asks for."""

import asyncio
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from connectors.conformance.bench import Bench, Held
from connectors.petition.mapping import build
from connectors.sdk.ports import Kit, Sink, Source
from deploy.sandbox.core.people import person
from tests.support.children import python

IDLE = "papers: {}\ndepartments: {petition: {officers: [示例·信访干部]}}\n"


class Office:
    """The stand-in's process. `start` may be called again after `kill` or `stop`; it keeps its port."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home, self.options = home, options
        self.address = ""
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        port = self.address.rpartition(":")[2] or "0"
        command = ["-m", "deploy.sandbox.petition", "--home", str(self.home), "--port", port, *self.options]
        self._process = await asyncio.create_subprocess_exec(
            *python(), *command, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        words = (await self._process.stdout.readline()).decode().split()
        assert words[:1] == ["ready"], words
        self.address = words[1]

    async def kill(self) -> None:
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        if self._process is None or self._process.returncode is not None:
            return 0
        self._process.send_signal(how)
        return await self._process.wait()

    @property
    def settings(self) -> dict[str, Any]:
        return {"base_url": self.address, "token_file": str(self.home / "token"), "timeout": 5.0}

    def browser(self) -> httpx.AsyncClient:
        """An officer's own way in, beside the connector."""
        token = (self.home / "token").read_text()
        return httpx.AsyncClient(
            base_url=self.address, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    async def register(self, title: str, business: str = "JB", **form: Any) -> str:
        """An officer registers a matter at the window; gives its number."""
        async with self.browser() as browser:
            letter = f"转送函：{title}".encode()
            stored = await browser.post("/xf/v1/fj", content=letter)
            paper = {"wslb": "forward_letter", "wsmc": "转送（交办）函", "wjlx": "text/plain"}
            filled = {
                "ckbh": title,
                "ywlx": business,
                "bt": title,
                "nrzy": "沙盒示例",
                "mdlx": "0203",
                "xzqh": "990100",
                "zbdw": "FY",
                "xfr": [party_form()],
                "fj": [{**paper, "fjbh": stored.json()["sj"]["fjbh"]}],
                **form,
            }
            answer = await browser.post("/xf/v1/djxf", json=filled)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["sj"]["xfbh"])

    async def received(self) -> list[dict[str, str]]:
        async with self.browser() as browser:
            return list((await browser.get("/xf/v1/jsjl")).json()["sj"])


class PetitionBench(Bench):
    def __init__(self, office: Office) -> None:
        self.office = office

    def build(self, kit: Kit) -> tuple[Source, Sink]:
        settings = self.office.settings | {"page": 3}
        return build(Kit(kit.department, kit.links, kit.attachments, settings))

    async def change(self, title: str) -> None:
        await self.office.register(title)

    async def change_badly(self, title: str) -> None:
        await self.office.register(title, business="QT")

    async def held(self) -> Sequence[Held]:
        return [Held(item["qqbh"], item["xfbh"] or None) for item in await self.office.received()]

    async def go_away(self) -> None:
        await self.office.kill()

    async def come_back(self) -> None:
        await self.office.start()


def party_form() -> dict[str, str]:
    one = person(random.Random(7), "petitioner", 1)
    return {
        "lb": one["role"],
        "xm": one["name"],
        "zjlx": one["id_type"],
        "zjhm": one["id_number"],
        "xb": "男" if one["gender"] == "1" else "女",
        "lxdh": one["phone"],
        "zz": one["address"],
    }


def idle_policies(home: Path) -> Path:
    """Officers who do nothing by themselves, so that a test sees only what it caused."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "idle.yaml"
    path.write_text(IDLE, "utf-8")
    return path
