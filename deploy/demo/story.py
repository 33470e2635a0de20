"""The day: start everything, cause trouble, kill the hub in the middle, wait until all is quiet, and check."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.demo.city import DEPARTMENTS, City
from deploy.demo.incidents import Incident, Troublemaker
from deploy.demo.ledger import Counts, Ledger
from deploy.demo.processes import ChildFailed
from deploy.sandbox.core.checker import compare, expected
from deploy.sandbox.core.plan import ASSIGN_TITLE
from deploy.sandbox.core.records import Records
from hub.bus.kafka_publisher import KafkaPublisher
from schemas.identifiers import mint_case_id

QUIET_SECONDS = 4.0
STUCK_SECONDS = 60.0
Tell = Callable[[str], None]
Show = Callable[[Counts, int], None]


@dataclass
class Outcome:
    """What the day came to. `problems` is empty when everything is as promised."""

    problems: list[str] = field(default_factory=list)
    fates: list[tuple[Incident, list[str]]] = field(default_factory=list)
    seconds: float = 0.0
    kills: int = 0
    torn: int = 0


class Day:
    """Plays the day. `tell` gets a line per scene, `show` the counts while waiting."""

    def __init__(self, city: City, ledger: Ledger, shards: int, tell: Tell, show: Show) -> None:
        self._city, self._ledger, self._tell, self._show = city, ledger, tell, show
        self._publisher = KafkaPublisher(city.addresses.kafka, "fengqiao-demo")
        self._trouble = Troublemaker(city.home, self._publisher, city.addresses.kafka, shards)
        self._planned = sum(len(matters) for matters in city.plan.values())
        self.outcome = Outcome()

    async def play(self) -> Outcome:
        """All scenes in order. Raises ChildFailed when a process ends that should not."""
        begun = time.monotonic()
        await self._publisher.start()
        try:
            await self._scenes()
        finally:
            await self._publisher.stop()
        self.outcome.seconds = time.monotonic() - begun
        await self._look_up_incidents()
        await self._check()
        return self.outcome

    async def _scenes(self) -> None:
        city = self._city
        self._tell(
            "部门系统 department systems: 信访 REST · 法院 SOAP · 检察院 前置库 · 公安 文件包 · 司法局 profile"
        )
        for department in DEPARTMENTS:
            await city.start_system(department)
        await city.start_hub()
        case = await self._first_case()
        self._tell(
            "(e) 先到、伪造签名、不合模式的报文先行到达 early, forged and malformed messages arrive first"
        )
        await self._trouble.early(case)
        await self._trouble.forged(case)
        await self._trouble.wrong_schema(case)
        for department in DEPARTMENTS:
            await city.start_connector(department)
        self._tell("(a)–(d) 信访转办、提请逮捕、审查起诉至交付执行、诉调对接与司法确认 are on their way")
        await self._until(lambda counts: sum(counts.referrals.values()) >= 0.4 * self._planned)
        self._tell("(f) kill -9: 中枢进程被强行终止，重新启动 the hub's process is killed and started again")
        assert city.hub is not None
        await city.hub.kill()
        await city.start_hub()
        self.outcome.kills += 1
        while not await self._trouble.duplicate("petition"):
            await asyncio.sleep(0.5)
        await self._until_quiet()

    async def _first_case(self) -> str:
        """The case of story (a), by the number that the petition office gave it in its own system."""
        for _ in range(200):
            records = Records(self._city.records_file("petition"), "petition")
            try:
                for record in records.all_records():
                    if record.title == ASSIGN_TITLE:
                        return mint_case_id("petition", record.number)
            finally:
                records.close()
            await asyncio.sleep(0.1)
        raise ChildFailed("the petition office raised nothing within 20 s")

    async def _until(self, reached: Callable[[Counts], bool]) -> None:
        last, since = None, time.monotonic()
        while True:
            counts = await self._look()
            if reached(counts):
                return
            if counts != last:
                last, since = counts, time.monotonic()
            if time.monotonic() - since > STUCK_SECONDS:
                raise ChildFailed(f"nothing moves since {STUCK_SECONDS:.0f} s: {counts}")
            await asyncio.sleep(0.25)

    async def _until_quiet(self) -> None:
        """Until nothing moves any more anywhere, and every department holds what it must."""
        last: object = None
        since = time.monotonic()
        checked = False
        while True:
            counts, activity = await self._look(), self._city.activity()
            now = (counts, activity)
            waiting = sum(one[2] for one in activity.values()) + counts.behind
            if now != last:
                last, since, checked = now, time.monotonic(), False
            still = time.monotonic() - since
            if still > QUIET_SECONDS and not waiting and not checked:
                if not self._problems():
                    return
                checked = True
            if still > STUCK_SECONDS:
                return
            await asyncio.sleep(0.5)

    async def _look(self) -> Counts:
        for child in self._city.children():
            if child.ended():
                raise ChildFailed(f"{child.name} ended by itself\n{child.tail()}")
        counts = await self._ledger.counts()
        self._show(counts, self._planned)
        return counts

    def _problems(self) -> list[str]:
        """Differences between what the departments hold and what follows from what they wrote down as sent."""
        holdings = self._city.holdings()
        return compare(expected(self._city.seed, self._city.plan, holdings), holdings)

    async def _look_up_incidents(self) -> None:
        for incident in self._trouble.incidents:
            fates = await self._ledger.fate(incident.message, f"dept.{incident.source}.out")
            self.outcome.fates.append((incident, fates))
            if incident.expected not in fates:
                self.outcome.problems.append(f"{incident.title}: became {fates}, must be {incident.expected}")
        torn = self._city.place / "public_security" / "exchange" / "out" / "torn"
        self.outcome.torn = sum(1 for path in torn.glob("*.zip*")) if torn.is_dir() else 0
        if not self.outcome.torn:
            self.outcome.problems.append("no torn package was set aside, though the gate tears some")

    async def _check(self) -> None:
        self.outcome.problems += self._problems()
