"""What is noted on disk about a running server, so that any process can find it again.

The note outlives a crash of everybody. It is believed only if the process it names is the very one that was
started (pid, start time since boot, boot id): a pid that another program has by now is recognised.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    """A process, told apart from any other that had or will have the same pid."""

    pid: int
    ticks: str
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """None when there is no such process, or only its zombie."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The program's name stands in parentheses and may hold blanks and parentheses itself.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else cls(pid, fields[19], boot)

    def alive(self) -> bool:
        return Identity.of(self.pid) == self


@dataclass(frozen=True)
class Record:
    """What is known on disk about a server's last start.

    `owner` is the parent that the server dies with; None if it is detached.
    """

    server: Identity
    owner: Identity | None
    ports: Mapping[str, int]

    def write(self, file: Path) -> None:
        write_private(file, json.dumps(asdict(self)))

    @classmethod
    def read(cls, file: Path) -> "Record | None":
        """None when there is none, or it was torn by a crash while being written."""
        try:
            content = json.loads(file.read_text())
            owner = Identity(**content["owner"]) if content["owner"] else None
            return cls(Identity(**content["server"]), owner, content["ports"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None


def write_private(file: Path, text: str) -> None:
    """Atomic, and readable by nobody else from the first byte on: the content may be a password."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    fresh.replace(file)
