"""A year of a small city on a clock that travels, with the state of every case recorded live at random moments.

Back-dated steps, corrections, custody that changes, returns, supplements, extensions, messages that come too early, twice
or against the rules, and time limits that run out, all from one seed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hub.bus.memory import MemoryPublisher
from hub.store.memory import MemoryStore
from hub.store.ports import JournalRow
from schemas.identifiers import derived_id, mint_case_id
from tests.support.city import FLOWS, stamp
from tests.support.core import START, Core, memory_stores, papers

DAYS = 365
SHARDS = 2
Action = Callable[[], None]


@dataclass
class Year:
    """`recorded`: at each moment, the stored bytes of each case; `journals`: what a store holds at the end, by shard."""

    recorded: list[tuple[datetime, dict[str, bytes]]] = field(default_factory=list)
    journals: list[list[JournalRow]] = field(default_factory=list)


@dataclass
class _Matter:
    """One case as its departments play it. `at`: when the next step is taken."""

    core: Core
    dice: Random
    number: str
    flow: str
    at: datetime
    planned: list[tuple[datetime, Action]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sender, self.lead, self.kind, self.papers, self.replies, self.outcome = FLOWS[self.flow]
        self.case = mint_case_id(self.sender, self.number)
        self.message = f"raise-{self.case}"
        self.referral = derived_id(self.sender, self.message, "referral")
        self.task = derived_id(self.sender, self.message, "task")

    def plan(self) -> list[tuple[datetime, Action]]:
        """All steps with the moments at which they are sent."""
        rules = self.core.rules.flows[self.flow][0]
        reason = rules.return_reasons[0].code
        self._raise()
        self._do(self.lead, "task.received", hours=4)
        self._do(self.lead, "task.signed", hours=30)
        for _ in range(self.dice.choice([0, 0, 1])):
            self._do(self.lead, "task.return_proposed", days=3, reason_code=reason, reason="不属本单位")
            self._do(self.sender, "return.decided", days=3, agreed=self.dice.random() < 0.3)
        self._do(self.lead, "task.accepted", days=3)
        self._maybe_facts()
        for _ in range(self.dice.choice([0, 0, 1, 2])):
            self._do(self.lead, "task.supplement_requested", days=6, papers_wanted=["补充材料"])
            self._do(self.sender, "supplement.provided", days=9, papers=papers("supplement"))
        self._do(self.lead, "task.started", days=4)
        self._do(self.lead, "task.progressed", days=12, step="hearing_notice")
        for reply in self.replies[:-1]:
            self._do(self.lead, "task.replied", days=10, reply=reply)
        self._do(self.lead, "task.replied", days=20, reply=self.replies[-1], outcome=self.outcome)
        if self.dice.random() < 0.3:
            self._do(self.sender, "rework.requested", days=3, reason="结果不完整")
            self._do(self.lead, "task.replied", days=15, reply=self.replies[-1], outcome=self.outcome)
        confirmed = papers(*(paper.code for paper in rules.confirm.papers))
        self._do(self.sender, "reply.confirmed", days=9, papers=confirmed)
        return self._shaken()

    def _raise(self) -> None:
        data = {
            "legal_at": stamp(self.at - timedelta(days=self.dice.choice([0, 0, 2]))),
            "backdated_reason": "补录",
            "flow": self.flow,
            "kind": self.kind,
            "local_number": self.number,
            "title": "测试事项",
            "lead": self.lead,
            "region": self.dice.choice(["990101", "990202"]),
            "papers": papers(*self.papers),
            "parties": [{"role": "party", "name": f"测试人{self.number}"}],
        }
        if self.flow == "F1":
            data["in_custody"] = True
        self.planned.append((self.at, lambda: self._say(self.sender, "referral.raised", data, self.message)))

    def _do(self, by: str, type_: str, days: float = 0, hours: float = 0, **data: Any) -> None:
        """A step some time later; its document may be older than its message."""
        self.at += self.dice.random() * timedelta(days=days, hours=hours)
        fields: dict[str, Any] = {"referral": self.referral, "task": self.task} | data
        if type_ == "task.received":
            fields["received_at"] = stamp(self.at)
        else:
            late = self.dice.choice([0, 0, 0, 1, 4])
            fields["legal_at"] = stamp(self.at - timedelta(days=late))
            if late:
                fields["backdated_reason"] = "文书在先，补录在后"
        self.planned.append((self.at, lambda: self._say(by, type_, fields)))

    def _maybe_facts(self) -> None:
        at = self.at + self.dice.random() * timedelta(days=8)
        legal = {"legal_at": stamp(at - timedelta(days=self.dice.choice([0, 3])))}
        if self.dice.random() < 0.4:
            fact = legal | {"fact": "in_custody", "value": self.dice.choice(["true", "false"])}
            self.planned.append((at, lambda: self._say(self.lead, "case.fact_recorded", fact)))
        if self.dice.random() < 0.4:
            told = legal | {"referral": self.referral, "reason": "填报有误"}
            moved = {"fields": ["legal_at", "region"], "region": "990303"}
            moved["corrected_legal_at"] = stamp(self.planned[0][0] - timedelta(days=5))
            self.planned.append((at, lambda: self._say(self.sender, "referral.corrected", told | moved)))
        if self.dice.random() < 0.4:
            out = legal | {"referral": self.referral, "task": self.task, "kind": "appraisal"}
            days = {"from_on": at.date().isoformat(), "to_on": (at + timedelta(days=6)).date().isoformat()}
            self.planned.append((at, lambda: self._say(self.lead, "task.excluded", out | days)))

    def _shaken(self) -> list[tuple[datetime, Action]]:
        """Some messages come twice, some before what they build on."""
        found = list(self.planned)
        for at, action in self.planned[1:]:
            if self.dice.random() < 0.03:
                found.append((at + timedelta(days=1), action))
        if self.dice.random() < 0.1:
            first, second = found[0], found[1]
            found[:2] = [(second[0] + timedelta(hours=1), first[1]), (first[0], second[1])]
        return found

    def _say(self, by: str, type_: str, data: dict[str, Any], message: str | None = None) -> None:
        self.core.say(by, type_, self.case, data, message=message)


async def live(seed: int, matters: int, moments: int) -> Year:
    """Live through the year. The store is in memory; what it holds at the end is what PostgreSQL would."""
    dice, store = Random(seed), MemoryStore(SHARDS)
    core = Core(memory_stores(store, SHARDS))
    due, year = core.due_moments(), Year()

    def record() -> None:
        year.recorded.append((core.at, {case: state for case, (_, state) in store.states.items()}))

    plan = sorted(
        [*_actions(core, dice, matters), *((_moment(dice), record) for _ in range(moments))],
        key=lambda one: one[0],
    )
    for at, action in plan:
        core.at = max(core.at, at)
        if action is record:
            await core.project()
            await due.publish(core.at, MemoryPublisher(core.bus))
            await core.read()
        action()
    await core.read()
    year.journals = [store.journal(shard) for shard in range(SHARDS)]
    return year


def _actions(core: Core, dice: Random, matters: int) -> Iterator[tuple[datetime, Action]]:
    for number in range(matters):
        flow = dice.choice(sorted(FLOWS))
        yield from _Matter(core, dice, f"年{number}", flow, _moment(dice)).plan()


def _moment(dice: Random) -> datetime:
    return START + timedelta(milliseconds=dice.randrange(DAYS * 86_400_000))
