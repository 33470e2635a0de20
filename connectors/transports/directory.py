"""A directory that two systems exchange files through, as a port and as a local or mounted directory.

Another way to the same files (SFTP) is another implementation of `Directory`.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from connectors.sdk.ports import TransportTrouble

TEMPORARY = ".part"
Result = TypeVar("Result")


class Directory(Protocol):
    """Whole files by name. Every call raises `TransportTrouble` when the directory is away."""

    async def names(self) -> list[str]:
        """The files that are there whole, sorted by name;

        files still being written (`*.part`) are not listed.
        """

    async def read(self, name: str) -> bytes | None:
        """The file's content, None when it is not there (any more)."""

    async def write(self, name: str, content: bytes) -> None:
        """The file appears whole under its name, or not at all, and is on disk on return.

        Replaces one of that name.
        """

    async def remove(self, name: str) -> None:
        """Take the file away; no error when it is not there."""

    async def set_aside(self, name: str, folder: str, reason: str) -> None:
        """Move the file into `folder` beside a text file with the reason.

        Idempotent; replaces one of that name there.
        """


class LocalDirectory:
    """A directory of this machine or a mounted one. Disk work runs in a thread and ends even when cancelled.

    The directory itself is never created: one that is missing is a gate that is not mounted, so trouble.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    async def names(self) -> list[str]:
        return await self._run(self._names)

    async def read(self, name: str) -> bytes | None:
        return await self._run(lambda: self._read(name))

    async def write(self, name: str, content: bytes) -> None:
        await self._run(lambda: self._write(self.path, name, content))

    async def remove(self, name: str) -> None:
        await self._run(lambda: (self.path / name).unlink(missing_ok=True))

    async def set_aside(self, name: str, folder: str, reason: str) -> None:
        await self._run(lambda: self._set_aside(name, folder, reason))

    def _names(self) -> list[str]:
        with os.scandir(self.path) as entries:
            return sorted(e.name for e in entries if e.is_file() and not e.name.endswith(TEMPORARY))

    def _read(self, name: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return (self.path / name).read_bytes()
        self._require()
        return None

    def _set_aside(self, name: str, folder: str, reason: str) -> None:
        target = self.path / folder
        target.mkdir(exist_ok=True)
        self._write(target, f"{name}.reason.txt", f"{reason}\n".encode())
        with suppress(FileNotFoundError):
            (self.path / name).replace(target / name)
        _sync(target)
        _sync(self.path)

    def _write(self, directory: Path, name: str, content: bytes) -> None:
        temporary = directory / f"{name}{TEMPORARY}"
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / name)
        _sync(directory)

    def _require(self) -> None:
        if not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is not there")

    async def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise TransportTrouble(f"exchange directory {self.path}: {error}") from error


def _sync(directory: Path) -> None:
    """Make renames in the directory durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
