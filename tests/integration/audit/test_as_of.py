"""What `audit as-of` says of the past equals what was recorded live; and what was so in law, however late it was told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from typer.testing import CliRunner

from hub.audit.as_of import Asked, states
from hub.audit.commands import app
from hub.domain import as_of as moments
from hub.domain.case import Case
from hub.domain.entry import Entry
from hub.store.memory import MemoryStore
from hub.store.read_access import looks
from hub.store.reading import ReadStore
from tests.support.city import START, City, stamp
from tests.support.core import Core, Ids, memory_stores
from tests.support.simulated import keep
from tests.support.year import live

SEED, MATTERS, MOMENTS = 2026, 60, 200


@asynccontextmanager
async def reading(dsn: str) -> AsyncIterator[ReadStore]:
    store = ReadStore(dsn)
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


async def asked(store: ReadStore, at: datetime, **more: object) -> dict[str, Case]:
    async with store.snapshot() as view:
        return {case.id: case async for case in states(view, Asked(at, **more), at)}  # type: ignore[arg-type]


async def test_a_year_as_it_was_known_is_the_year_as_it_was_recorded(database: str) -> None:
    year = await live(SEED, MATTERS, MOMENTS)
    assert await keep(database, year.journals) > 10 * MATTERS
    assert len(year.recorded) == MOMENTS
    dice = Random(SEED)
    async with reading(database) as store:
        for at, recorded in year.recorded:
            found = await asked(store, at)
            assert {case: state.to_bytes() for case, state in found.items()} == recorded, at
            if recorded:
                one = dice.choice(sorted(recorded))
                alone = await asked(store, at, cases=[one])
                assert {case: state.to_bytes() for case, state in alone.items()} == {one: recorded[one]}
                department = dice.choice(["petition", "court", "procuratorate"])
                theirs = {case for case, state in found.items() if department in state.parties()}
                assert (await asked(store, at, department=department)).keys() == theirs
        # The end in law, by all that was ever received, is what the hub knows at the end, but for what is only the hub's.
        end = year.recorded[-1][0] + timedelta(days=400)
        law, hub = await asked(store, end, legal=True), await asked(store, end)
        assert law.keys() == hub.keys()
        for case, state in hub.items():
            assert (law[case].referrals, law[case].tasks) == (state.referrals, state.tasks)
            assert (law[case].deadlines, law[case].links) == (state.deadlines, state.links)


@dataclass
class Told:
    """A case of a core in memory, and its states on both axes."""

    core: Core
    ids: Ids

    async def entries(self) -> list[Entry]:
        return await self.core.stores.journal.of_case(self.ids.case)

    async def known(self, at: datetime) -> Case:
        return moments.known(self.ids.case, await self.entries(), at)

    async def law(self, at: datetime, known: datetime | None = None) -> Case:
        entries = [
            entry
            for entry in await self.entries()
            if known is None or datetime.fromisoformat(entry.received_at) <= known
        ]
        return moments.in_law(self.ids.case, entries, at)

    def at(self, days: float) -> datetime:
        return START + timedelta(days=days)

    async def step(self, days: float, by: str, type_: str, legal: float, **data: object) -> None:
        """A step received after so many days, with a document of so many days."""
        self.core.at = self.at(days)
        await self.core.strike()
        why = {"backdated_reason": "补录"} if legal < days else {}
        self.core.step(self.ids, by, type_, legal_at=stamp(self.at(legal)), **why, **data)
        await self.core.read()


def told(**more: object) -> Told:
    core = Core(memory_stores(MemoryStore(1), 1))
    return Told(core, core.raise_("A1", legal_at=stamp(START), **more))


async def test_a_step_told_late_was_so_since_its_document() -> None:
    case = told()
    await case.step(3, "justice", "task.signed", 1)
    (task,) = (await case.known(case.at(2))).tasks.values()
    assert (task.state, task.instants) == ("assigned", {})
    (task,) = (await case.law(case.at(2))).tasks.values()
    assert task.state == "signed"
    (task,) = (await case.law(case.at(0.9))).tasks.values()
    assert task.state == "assigned"
    # Both axes at once: by what was known on the second day, it was not signed on the second day.
    (task,) = (await case.law(case.at(2), known=case.at(2))).tasks.values()
    assert task.state == "assigned"
    assert (await case.law(case.at(-1))).tasks == {}


async def test_a_step_is_not_so_before_what_it_builds_on() -> None:
    case = told()
    await case.step(2, "justice", "task.signed", -5)
    assert (await case.law(case.at(-1))).version == 0
    (task,) = (await case.law(case.at(0.1))).tasks.values()
    assert task.state == "signed"
    await case.step(3, "justice", "task.return_proposed", 3, reason_code="refused", reason="不愿调解")
    await case.step(6, "petition", "return.decided", 1, agreed=False, reason="应予受理")
    (task,) = (await case.law(case.at(2.9))).tasks.values()
    assert task.pending is None
    (task,) = (await case.law(case.at(4))).tasks.values()
    assert task.pending is None
    (task,) = (await case.known(case.at(4))).tasks.values()
    assert task.pending == "return"


async def test_a_correction_counts_from_what_it_corrects() -> None:
    case = told()
    await case.core.read()
    case.core.at = case.at(10)
    data = {"referral": case.ids.referral, "legal_at": stamp(case.at(10)), "reason": "填报有误"}
    more = {"fields": ["legal_at"], "corrected_legal_at": stamp(case.at(-4))}
    case.core.say("petition", "referral.corrected", case.ids.case, data | more)
    await case.core.read()
    (known,) = (await case.known(case.at(5))).referrals.values()
    (law,) = (await case.law(case.at(-3))).referrals.values()
    assert (known.legal_at, law.legal_at) == (stamp(START), stamp(case.at(-4)))
    assert len(law.contents) == 2
    assert (await case.law(case.at(-5))).referrals == {}


async def test_a_breach_that_a_late_document_disproves_never_was_in_law() -> None:
    late = told()
    await late.step(0.2, "justice", "task.signed", 0.1)
    late.core.at = late.at(7)
    await late.core.strike()
    await late.core.read()
    assert any(one.breached for one in (await late.known(late.at(7.1))).deadlines.values())
    await late.step(9, "justice", "task.accepted", 0.5)
    running = (await late.law(late.at(7.1))).deadlines.values()
    assert not any(one.breached and one.clock == "accepted" for one in running)
    (task,) = (await late.law(late.at(7.1))).tasks.values()
    assert task.state == "accepted"


async def test_custody_told_in_another_order_than_it_changed() -> None:
    case = told(in_custody=False)
    await case.core.read()
    for days, legal, held in ((5, 4, "true"), (9, 2, "false")):
        case.core.at = case.at(days)
        fact = {"fact": "in_custody", "value": held, "legal_at": stamp(case.at(legal))}
        case.core.say("petition", "case.fact_recorded", case.ids.case, fact)
    await case.core.read()
    assert (await case.known(case.at(10))).facts == {"in_custody": "false"}
    assert (await case.law(case.at(10))).facts == {"in_custody": "true"}
    assert (await case.law(case.at(3))).facts == {"in_custody": "false"}
    assert [one.held for one in (await case.law(case.at(10))).custody] == [False, False, True]


async def test_the_command(database: str) -> None:
    look = ["--operator", "市监督室 李某", "--purpose", "核对办理时限", "--database", database]

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["as-of", *arguments, *look], env={"COLUMNS": "200"})
        return result.exit_code, result.output

    async with City(database, shards=1) as city:
        raised = city.raise_referral("A1", "F20")
        other = city.raise_referral("A2", "F1")
        city.work(raised, "task.signed")
        await city.drain()
    code, text = await asyncio.to_thread(run, "2026-03-02T10:30", "--json")
    assert code == 0, text
    found = json.loads(text)
    assert (found["at"], found["axis"]) == ("2026-03-02T02:30:00.000Z", "known")
    states = {case["id"]: [task["state"] for task in case["tasks"].values()] for case in found["cases"]}
    assert states == {raised.case: ["delivered"], other.case: ["assigned"]}
    code, text = await asyncio.to_thread(run, "2026-03-02T10:30", "--case", "A1", "--legal", "--json")
    (case,) = json.loads(text)["cases"]
    assert (code, case["id"]) == (0, raised.case)
    code, text = await asyncio.to_thread(run, "2026-03-03", "--flow", "F1")
    assert (code, other.case[:8] in text, raised.case[:8] in text) == (0, True, False), text
    code, text = await asyncio.to_thread(run, "2026-03-03", "--known", "2026-03-03", "--case", "A1")
    assert (code, "--legal" in text) == (2, True), text
    code, text = await asyncio.to_thread(run, "tomorrow")
    assert (code, "time 'tomorrow'" in text) == (2, True), text
    async with reading(database) as store, store.snapshot() as view:
        assert [look.what for look in await looks(view, raised.case, None, None, None, 9)] == [
            "audit as-of"
        ] * 2
