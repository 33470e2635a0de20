"""The one-way gates, as directories: what we put out goes outside, what is put in comes to us.

Nobody answers here. A real gate now and then tears a file, lets one wait while later ones pass, and brings
one twice; so does this one, by a hash of seed and package, so that a run can be repeated.
"""

import hashlib
import os
from pathlib import Path


class Gate:
    """`out` and `in` under `root`. A file appears whole under its name, never half-written."""

    def __init__(self, root: Path, seed: int, torn: int = 5, late: int = 10, twice: int = 10) -> None:
        """`torn`, `late`, `twice`: per cent of packages to which it happens."""
        self.out, self.incoming = root / "out", root / "in"
        self._seed, self._torn, self._late, self._twice = seed, torn, late, twice
        for directory in (self.out, self.incoming):
            directory.mkdir(parents=True, exist_ok=True)

    def tears(self, package: str) -> bool:
        """Whether the first sending of the package arrives cut off."""
        return self._share("torn", package) < self._torn

    def delays(self, package: str) -> bool:
        """Whether later packages pass this one."""
        return self._share("late", package) < self._late

    def repeats(self, package: str) -> bool:
        """Whether the package comes a second time after it was received."""
        return self._share("twice", package) < self._twice

    def put(self, name: str, content: bytes) -> None:
        _write(self.out, name, content)

    def is_waiting(self, name: str) -> bool:
        """Whether a file that we put out has not been taken yet."""
        return (self.out / name).exists()

    def arrived(self) -> list[Path]:
        return sorted(p for p in self.incoming.iterdir() if p.is_file() and p.suffix == ".zip")

    def set_aside(self, path: Path, reason: str) -> None:
        """Moves a torn file that came in out of the way."""
        torn = self.incoming / "torn"
        torn.mkdir(exist_ok=True)
        _write(torn, f"{path.name}.reason.txt", reason.encode())
        path.replace(torn / path.name)

    def _share(self, what: str, package: str) -> int:
        return hashlib.sha256(f"{self._seed}|{what}|{package}".encode()).digest()[0] * 100 // 256


def _write(directory: Path, name: str, content: bytes) -> None:
    part = directory / f"{name}.part"
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(directory / name)
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
