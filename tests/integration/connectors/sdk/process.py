"""The connector of the notebook as a real process, `python -m connectors.run`."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.integration.connectors.sdk.notebook import Notebook
from tests.support.children import python

ROOT = Path(__file__).parents[4]
DEPARTMENT = "notebook"
PATIENCE = 600


class ConnectorProcess:
    """One connector on a directory; started, killed and started again by a test."""

    def __init__(self, directory: Path, bootstrap: str, prefix: str, **settings: Any) -> None:
        self.notebook = Notebook(directory / "notebook.db")
        self.key = Ed25519PrivateKey.generate()
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (directory / "key.pem").write_bytes(pem)
        slow = settings.pop("slow", 0)
        content = {
            "department": DEPARTMENT,
            "kafka": bootstrap,
            "topic_prefix": prefix,
            "key_file": "key.pem",
            "key_id": "notebook-2026",
            "store": "connector.db",
            "attachments": "attachments",
            "mapping": "tests.integration.connectors.sdk.notebook:build",
            "transport": {"path": str(directory / "notebook.db"), "slow": slow},
            "poll_interval": 0.1,
            "backoff": {"first": 0.1, "longest": 0.5},
            **settings,
        }
        self.config = directory / "connector.yaml"
        self.config.write_text(yaml.safe_dump(content))
        self._log = directory / "connector.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await self._spawn(stderr=log)

    async def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def end(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()

    async def wait(self) -> int:
        assert self._process is not None
        return await self._process.wait()

    async def call(self, *arguments: str) -> tuple[int, str, str]:
        """Another process of the same connector: exit code, standard output, standard error."""
        pipe = asyncio.subprocess.PIPE
        process = await self._spawn(*arguments, stdout=pipe, stderr=pipe)
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def status(self) -> dict[str, Any]:
        code, out, err = await self.call("--status")
        assert code == 0, err
        counts: dict[str, Any] = json.loads(out)
        return counts

    async def until(self, reached: Callable[[], bool]) -> None:
        for _ in range(PATIENCE):
            if reached():
                return
            await asyncio.sleep(0.1)
        raise AssertionError(self.log())

    async def until_status(self, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        await self.until((self.config.parent / "connector.db").exists)
        for _ in range(PATIENCE // 4):
            counts = await self.status()
            if reached(counts):
                return counts
            await asyncio.sleep(0.1)
        raise AssertionError(f"{counts}\n{self.log()}")

    def log(self) -> str:
        return self._log.read_text()[-8000:]

    async def _spawn(self, *arguments: str, **streams: Any) -> asyncio.subprocess.Process:
        command = [*python(), "-m", "connectors.run", "--config", str(self.config), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, **streams)
