"""The command as a person uses it: processes, exit codes and what they print."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from hub.embedded.servers import DATABASE_VARIABLE, KAFKA_VARIABLE
from tests.support.children import python

# Only so that a test that hangs ends; no test asserts how long something takes.
PATIENCE = 120.0
# A person who looks at a case says who and what for.
LOOK = ("--operator", "测试员", "--purpose", "测试")


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    error: str


@dataclass
class Hub:
    """`work` is the directory in which the commands run; the home is `.fengqiao` in it."""

    work: Path
    running: list["Running"] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.work / ".fengqiao"

    @property
    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.home / "servers.json").read_text())
        return found

    @property
    def settings(self) -> dict[str, object]:
        found: dict[str, object] = yaml.safe_load((self.home / "hub.yaml").read_text())
        return found

    def __call__(self, *words: str, env: Mapping[str, str] | None = None) -> Said:
        ended = subprocess.run(
            [sys.executable, "-m", "hub.cli", *words],
            cwd=self.work,
            env=environment(env or {}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def run(self, *what: str) -> "Running":
        """`fengqiao run …` in the background."""
        started = Running(self.work, what)
        self.running.append(started)
        return started

    def stop_all(self) -> None:
        for one in self.running:
            if one.process.poll() is None:
                one.process.kill()
                one.process.wait()
        self.running.clear()

    def pid(self, server: str) -> int:
        pid: int = json.loads((self.home / server / "process.json").read_text())["server"]["pid"]
        return pid


class Running:
    """A process of the hub; `log` is what it has said so far."""

    def __init__(self, work: Path, what: tuple[str, ...]) -> None:
        self.file = work / f"{'-'.join(what)}-{time.monotonic_ns()}.log"
        command = [*python(), "-m", "hub.cli", "run", *what, "--metrics-port", "0"]
        with self.file.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=work, env=environment({}), stdout=log, stderr=log)

    @property
    def log(self) -> str:
        return self.file.read_text()

    @property
    def shards(self) -> set[int]:
        """Those that the process said last are its own."""
        said = [line.partition("shards ")[2] for line in self.log.splitlines() if line.endswith("are ours")]
        return set(json.loads(said[-1].removesuffix(" are ours"))) if said else set()

    def says(self, words: str) -> None:
        """Wait until it does."""
        until(lambda: words in self.log, lambda: f"{words!r} in\n{self.log}", lambda: self.process.poll())

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def until(
    true: Callable[[], bool], what: Callable[[], str], dead: Callable[[], int | None] = lambda: None
) -> None:
    """Wait for something outside this process."""
    limit = time.monotonic() + PATIENCE
    while not true():
        assert dead() is None, f"ended with {dead()} before {what()}"
        assert time.monotonic() < limit, f"still not {what()}"
        time.sleep(0.1)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    ours = {KAFKA_VARIABLE, DATABASE_VARIABLE, "FENGQIAO_LOG"}
    root = str(Path(__file__).parents[3])
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONPATH": root, "COLUMNS": "200", **more}
