"""Resident memory of running processes, each second, and how fast it grows."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tests.bench.processes import Child, memory_mib

_EVERY_SECONDS = 1.0
# A process that starts fills its caches: growth is looked for in what comes after this share of the time.
FILLING = 0.25


@dataclass
class Memory:
    """(seconds, MiB) of all processes together, their children included."""

    samples: list[tuple[float, float]] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.samples:
            return "not looked at: it was over within a second"
        sizes = [size for _, size in self.samples]
        first, last = sizes[int(len(sizes) * FILLING)], sizes[-1]
        return (
            f"{first:.0f} MiB after a quarter of the time, {last:.0f} at the end, {max(sizes):.0f} at most; "
            f"slope from the quarter on {self.slope():+.2f} MiB a minute ({len(sizes)} samples)"
        )

    def slope(self) -> float:
        """MiB a minute by least squares, without the first quarter; 0 when there is too little to tell."""
        kept = self.samples[int(len(self.samples) * FILLING) :]
        if len(kept) < 3:
            return 0.0
        middle = sum(at for at, _ in kept) / len(kept)
        mean = sum(size for _, size in kept) / len(kept)
        spread = sum((at - middle) ** 2 for at, _ in kept)
        return 60 * sum((at - middle) * (size - mean) for at, size in kept) / spread


@contextlib.asynccontextmanager
async def sampled(children: Sequence[Child]) -> AsyncIterator[Memory]:
    """Look each second while the block runs."""
    memory, begin = Memory(), time.perf_counter()

    async def look() -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            size = sum(memory_mib(child.pid) for child in children)
            memory.samples.append((time.perf_counter() - begin, size))

    looking = asyncio.create_task(look())
    try:
        yield memory
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
