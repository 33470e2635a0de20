"""A town whose departments work through a hub on a real Kafka and a real PostgreSQL, message by message."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from hub.bus.admin import apply_topics
from hub.bus.ports import OutRecord
from hub.domain.case import Case, Referral, Task
from hub.domain.flow import Flow
from hub.following.follower import Work
from hub.intake.worker import ShardWorker
from hub.store.pool import Pool
from hub.store.upgrade import upgrade
from schemas.identifiers import derived_id, mint_case_id
from tests.support.core import papers, postgres_stores
from tests.support.kafka_core import KafkaCore

TAKEN = ("task.received", "task.signed", "task.accepted")


@dataclass(frozen=True, slots=True)
class Handed:
    """A referral as its sender knows it. `task`: the lead's; `others`: those of co-handlers and copies, in order."""

    case: str
    referral: str
    task: str
    flow: Flow
    sender: str
    lead: str
    others: tuple[str, ...]


class Town(KafkaCore):
    """Intake runs all the time; each act returns when the hub has decided it. What departments got: after `tell`."""

    workers_now: list[ShardWorker]
    dsn: str

    async def follow(self, work: Work, handed: bool = False) -> None:
        """As in the core, beside the intake that runs."""
        reading = self.running
        try:
            await super().follow(work, handed)
        finally:
            self.running = reading

    async def pass_time(self, **by: float) -> None:
        """What the hub's clock says until then is published and decided."""
        await self.project()
        while await self.due_moments().publish(datetime.now(UTC) + timedelta(**by), self.publisher):
            await self.until(lambda: self._at_ends(self.workers_now))
            await self.project()

    def flow(self, code: str) -> Flow:
        """The flow that is in force today."""
        found = self.rules.flow_on(code, datetime.now(UTC).date())
        assert found is not None, code
        return found

    async def act(self, source: str, type_: str, case: str, **data: Any) -> str:
        """One message, read to the end. Returns its id."""
        record = self.said(source, type_, case, **data)
        await self.deliver(record)
        return next(value.decode() for name, value in record.headers if name == "ce_id")

    def said(self, source: str, type_: str, case: str, **data: Any) -> OutRecord:
        """A message of now, not sent yet."""
        self.at = datetime.now(UTC)
        stated = "received_at" if type_ == "task.received" else "legal_at"
        return self.message(source, type_, case, {stated: self.now(), **data})

    async def deliver(self, *records: OutRecord) -> None:
        """Send messages and wait until all are decided."""
        await self.send(*records)
        await self.until(lambda: self._at_ends(self.workers_now))

    def now(self) -> str:
        """This moment as departments write it."""
        return datetime.now(UTC).isoformat(timespec="seconds")

    async def hand(
        self, sender: str, code: str, lead: str, number: str, after: Handed | None = None, **more: Any
    ) -> Handed:
        """Raise a referral with the papers that the flow requires; `after`: the one whose outcome led to it."""
        flow = self.flow(code)
        case = after.case if after is not None else mint_case_id(sender, number)
        data = {
            "flow": code,
            "kind": flow.kinds[0],
            "local_number": number,
            "title": "邻里纠纷",
            "parties": [{"role": "party", "name": "测试员甲"}],
            "papers": papers(*(paper.code for paper in flow.papers if paper.required)),
            "lead": lead,
            **({"opened_by": after.referral} if after is not None else {}),
            **more,
        }
        message = await self.act(sender, "referral.raised", case, **data)
        tasks = [derived_id(sender, message, "task", n) for n in range(8)]
        return Handed(
            case, derived_id(sender, message, "referral"), tasks[0], flow, sender, lead, tuple(tasks[1:])
        )

    async def step(self, handed: Handed, type_: str, by: str | None = None, **data: Any) -> str:
        """A step on the lead's task, by the lead unless `by` says otherwise."""
        fields = {"referral": handed.referral, "task": handed.task}
        return await self.act(by or handed.lead, type_, handed.case, **fields | data)

    def steps(self, handed: Handed, *steps: str, **data: Any) -> list[OutRecord]:
        """Steps of the lead, not sent yet."""
        fields = {"referral": handed.referral, "task": handed.task, **data}
        return [self.said(handed.lead, type_, handed.case, **fields) for type_ in steps]

    async def take(self, handed: Handed) -> None:
        """The lead receives, signs and accepts."""
        await self.deliver(*self.steps(handed, *TAKEN))

    async def answer(self, handed: Handed, outcome: str) -> None:
        """The lead takes the task and gives every reply that the flow requires; the sender confirms where it has to."""
        records = self.steps(handed, *TAKEN)
        for reply in handed.flow.replies:
            if reply.required:
                given = {"outcome": outcome} if reply.final else {}
                records += self.steps(handed, "task.replied", reply=reply.code, **given)
        await self.deliver(*records)
        if handed.flow.confirm.required:
            wanted = papers(*(paper.code for paper in handed.flow.confirm.papers))
            await self.step(handed, "reply.confirmed", handed.sender, papers=wanted)

    async def state(self, case: str) -> Case:
        """The case as intake stored it."""
        for shard in range(self.shards):
            async with self.stores.intake.unit(shard) as unit:
                stored = (await unit.load([case]))[case].state
                if stored is not None:
                    return Case.from_bytes(stored)
        raise AssertionError(f"no case {case}")

    async def referral(self, handed: Handed) -> Referral:
        """The referral as it stands."""
        return (await self.state(handed.case)).referrals[handed.referral]

    async def tasks(self, handed: Handed) -> dict[str, Task]:
        """Its tasks by department."""
        return {task.department: task for task in (await self.state(handed.case)).tasks_of(handed.referral)}

    async def clocks(self, handed: Handed) -> dict[str, str]:
        """The clocks of the law that were started for it, with their owners."""
        mine = {task.id for task in (await self.state(handed.case)).tasks_of(handed.referral)}
        return {
            event.clock: event.owner
            for entry in await self.entries()
            if entry.case == handed.case
            for event in entry.events
            if event.e == "deadline_started" and event.place >= 0 and event.task in mine
        }

    async def routed(self, handed: Handed) -> Handed:
        """The same with the lead that the duty list gave it."""
        return replace(handed, lead=(await self.referral(handed)).lead)

    async def projected(self) -> list[dict[str, Any]]:
        """The rows of referrals that pages read."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return [dict(row) for row in await connection.fetch("SELECT * FROM referral")]
        finally:
            await connection.close()

    async def got(self, department: str, case: str) -> list[tuple[str, dict[str, Any]]]:
        """What a department was told of a case, in order: type and data."""
        return [
            (attributes["type"].removesuffix(".v1"), data)
            for attributes, data in await self.arrived(department)
            if attributes["subject"] == case
        ]

    async def refusals(self, case: str) -> list[tuple[str | None, list[str]]]:
        """Why messages of a case were refused, and what would have been allowed."""
        return [
            (entry.reason, entry.allowed)
            for entry in await self.entries()
            if entry.case == case and entry.outcome.value == "refused"
        ]


@asynccontextmanager
async def town(
    kafka: str, dsn: str, prefix: str, directory: Path, shards: int = 1, overlay: Path | None = None
) -> AsyncIterator[Town]:
    """A town with its topics, intake running. `overlay`: the town's own rules."""
    await upgrade(dsn, shards)
    pool = Pool(dsn, size=4 * shards + 2)
    await pool.start()
    made = Town(kafka, postgres_stores(pool, shards), prefix, directory, overlay)
    made.dsn = dsn
    await apply_topics(kafka, made.names.declared(made.rules.departments, shards))
    try:
        async with made.member() as workers:
            made.workers_now = workers
            yield made
    finally:
        await made.publisher.stop()
        await pool.stop()
