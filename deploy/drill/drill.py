"""The course of a drill: load, blows on schedule, quiet, and the count of the books."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deploy.demo.processes import ChildFailed
from deploy.drill.books import Books, Count
from deploy.drill.faults import Fault
from deploy.drill.flow import Flow
from deploy.drill.ground import SHARDS, Ground
from deploy.drill.schedule import Blow, schedule

# Patience, also for a machine that does other work: far longer than any wait that is meant.
FLOW_SECONDS = 240.0
QUIET_SECONDS = 4.0
STUCK_SECONDS = 120.0
WARM_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Happening:
    """One fault: when (seconds since messages flow), what, how long until messages flowed again everywhere."""

    at: float
    fault: Fault
    detail: str
    recovered: float | None


@dataclass
class Course:
    """What happened. `missed`: faults of the first round that the time did not reach."""

    happenings: list[Happening] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Drill:
    """`play`, then `count`. `tell` gets a line for each fault and each recovery."""

    def __init__(
        self,
        ground: Ground,
        books: Books,
        faults: Sequence[Fault],
        seconds: float,
        tell: Callable[[str], None],
    ) -> None:
        self._ground, self._books, self._faults = ground, books, faults
        self._seconds, self._tell = seconds, tell
        self._caused = 0
        self._flow = Flow(dict(books.places), SHARDS)
        self._begun = 0.0
        self.course = Course()

    async def play(self) -> None:
        """Cause faults for the given time, then wait until nothing moves. Raises ChildFailed, HubError."""
        if await self._flow.resumed(time.time(), WARM_SECONDS) is None:
            raise ChildFailed(
                f"messages did not begin to flow within {WARM_SECONDS:.0f} s\n{self._ground.tails()}"
            )
        self._begun = time.monotonic()
        self._tell(f"{_clock()} 报文已流通，开始施加故障 messages flow; faults begin")
        left = {fault.name for fault in self._faults}
        for blow in schedule(random.Random(self._ground.seed), self._faults):
            await asyncio.sleep(blow.gap)
            if self._now() >= self._seconds:
                break
            await self._change_layout(blow.layout)
            await self._strike(blow)
            left -= {fault.name for fault in blow.faults}
        self.course.missed = sorted(left)
        self._tell("不再施加故障，等待一切平息 no more faults; waiting until nothing moves")
        await self._until_quiet()
        self.course.seconds = self._now()

    def count(self) -> Count:
        """The books, when all is quiet."""
        return self._books.count()

    async def _strike(self, blow: Blow) -> None:
        first, *others = blow.faults
        async with asyncio.TaskGroup() as group:
            group.create_task(self._one(first))
            for other in others:
                await asyncio.sleep(blow.later)
                group.create_task(self._one(other))
        self._ground.check()

    async def _one(self, fault: Fault) -> None:
        # Each has a draw of its own: which of two comes first must not change what they do.
        self._caused += 1
        draw = random.Random(f"{self._ground.seed}/{self._caused}/{fault.name}")
        outage = await fault.cause(self._ground, draw)
        since, at = time.time(), self._now()
        self._tell(f"{_clock()} {fault.title}: {outage.detail}")
        _, recovered = await asyncio.gather(outage.end(), self._flow.resumed(since, FLOW_SECONDS))
        self.course.happenings.append(Happening(at, fault, outage.detail, recovered))
        told = f"{recovered:.1f} s" if recovered is not None else f"> {FLOW_SECONDS:.0f} s"
        self._tell(f"{_clock()}   恢复流通 flows again after {told} ({fault.name})")

    async def _change_layout(self, layout: str) -> None:
        ground = self._ground
        if layout == ground.layout:
            return
        since = time.time()
        stopped = await ground.stop_hub()
        await ground.start_hub(layout)
        self._tell(
            f"{_clock()} 中枢改为 the hub runs as {', '.join(ground.hub_processes())}; stopped in {stopped:.1f} s"
        )
        await self._flow.resumed(since, FLOW_SECONDS)

    async def _until_quiet(self) -> None:
        """Until nothing moves in the books and nothing waits in the connectors; a while without any move ends it too."""
        last: object = None
        since = time.monotonic()
        checked = False
        while True:
            self._ground.check()
            moves = await asyncio.to_thread(self._books.moves)
            if moves != last:
                last, since, checked = moves, time.monotonic(), False
            still = time.monotonic() - since
            if still > QUIET_SECONDS and not moves[1] and not checked:
                # Nothing waits; but an officer may, for something that is still on its way.
                if not (await asyncio.to_thread(self._books.count)).problems:
                    return
                checked = True
            if still > STUCK_SECONDS:
                return
            await asyncio.sleep(0.5)

    def _now(self) -> float:
        return time.monotonic() - self._begun


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
