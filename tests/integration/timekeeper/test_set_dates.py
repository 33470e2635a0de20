"""A person's date through intake: who may set it, what departments are told, when the hub's clock speaks, and what is proved."""

from pathlib import Path

import pytest

from hub.audit.rebuild import rebuild
from hub.audit.verify import verify
from hub.domain.entry import Entry, Outcome
from hub.domain.timetable import written
from hub.opened import opened
from hub.store.pool import Pool
from hub.store.read_deadlines import deadlines_of
from hub.store.reading import ReadStore
from hub.store.upgrade import upgrade
from tests.integration.audit.test_verify import tampering
from tests.integration.timekeeper.test_deadlines import at_work, events, running, strike, until
from tests.support.core import Core, Ids, postgres_stores
from tests.support.orders import Desk
from tests.support.stores import SHARDS

COMPUTED, SET = "2026-04-02T16:00:00.000Z", "2026-04-20T16:00:00.000Z"


@pytest.fixture
def desk(core: Core, tmp_path: Path) -> Desk:
    return Desk(core, tmp_path)


async def number_of(core: Core, ids: Ids, clock: str = "J23") -> int:
    started = [e for entry in await core.entries() for e in entry.events if e.e == "deadline_started"]
    return next(e.deadline for e in started if (e.clock, e.task) == (clock, ids.task))


async def set_(core: Core, desk: Desk, ids: Ids, operator: str = "wang_1", until: str = SET) -> Entry:
    number = await number_of(core, ids)
    desk.order("hub.date_set.v1", ids.case, operator, deadline=number, until=until)
    await desk.read()
    return next(e for e in reversed(await core.entries()) if e.type == "hub.date_set.v1")


@pytest.mark.covers("promise 9")
async def test_the_hub_warns_and_finds_the_breach_by_the_date_of_the_person(core: Core, desk: Desk) -> None:
    ids = await at_work(core)
    entry = await set_(core, desk, ids)
    assert (entry.outcome, entry.verified) == (Outcome.DECIDED, True)
    await core.relay()
    for department in ("justice", "petition"):
        (notice,) = core.told(department, "deadline.set")
        said = notice[1]
        assert (said["clock"], said["due_at"], said["computed_at"]) == ("J23", SET, COMPUTED)
        assert (said["under"], said["reason"]) == ("个人信息保护法第47条", "本人申请")
    until(core, "2026-04-03T00:00:00+08:00")
    await strike(core)
    assert "deadline_breached" not in await events(core, "deadline_breached")
    until(core, "2026-04-21T00:00:00+08:00")
    await strike(core)
    (breach,) = core.told("justice", "deadline.breached")
    assert (breach[1]["clock"], breach[1]["due_at"]) == ("J23", SET)


async def test_a_breach_that_was_taken_back_is_found_again_when_the_date_is(core: Core, desk: Desk) -> None:
    ids = await at_work(core)
    until(core, "2026-04-03T00:00:00+08:00")
    await strike(core)
    await set_(core, desk, ids)
    assert await events(core, "deadline_breached", "breach_annulled") == [
        "deadline_breached",
        "breach_annulled",
    ]
    desk.order("hub.date_lifted.v1", ids.case, deadline=await number_of(core, ids))
    await desk.read()
    # A warning that was not given may come first.
    for _ in range(3):
        await core.strike()
        await core.read()
    assert (await events(core, "deadline_breached", "breach_annulled"))[2:] == ["deadline_breached"]
    assert await strike(core) == 0


async def test_who_may_not_is_refused_by_name_and_nothing_changes(core: Core, desk: Desk) -> None:
    ids = await at_work(core)
    before = await running(core, ids, "J23")
    entry = await set_(core, desk, ids, "li_2")
    assert (entry.outcome, entry.reason) == (Outcome.REFUSED, "not_authorised")
    forged = desk.record(
        "hub.date_set.v1", ids.case, deadline=await number_of(core, ids), until=SET, approval="AA=="
    )
    core.bus.append(forged)
    await desk.read()
    assert [e.reason for e in await core.entries() if e.type == "hub.date_set.v1"] == ["not_authorised"] * 2
    assert await running(core, ids, "J23") == before


async def test_what_was_set_is_in_the_tables_and_all_of_it_follows_from_the_journal(
    database: str, tmp_path: Path
) -> None:
    await upgrade(database, SHARDS)
    async with opened(Pool(database, size=8)) as pool, opened(ReadStore(database)) as store:
        core = Core(postgres_stores(pool, SHARDS))
        desk = Desk(core, tmp_path)
        ids = await at_work(core)
        number = await number_of(core, ids)
        await set_(core, desk, ids)
        await core.project()
        assert await row(store, ids, number) == (SET, COMPUTED)
        assert (await verify(store)).differences == []
        assert (await rebuild(database, lambda *_: None, 1, swap=True)).differences == []
        assert await row(store, ids, number) == (SET, COMPUTED)
        async with tampering(database) as connection:
            await connection.execute("UPDATE deadline SET computed = due WHERE number = $1", number)
        (found,) = (await verify(store)).differences
        assert "computed" in str(found)
        desk.order("hub.date_lifted.v1", ids.case, deadline=number)
        await desk.read()
        await core.project()
        assert await row(store, ids, number) == (COMPUTED, None)
        assert (await verify(store)).differences == []


async def row(store: ReadStore, ids: Ids, number: int) -> tuple[str, str | None]:
    """When a time limit is due and what is computed beside it, as projected."""
    async with store.snapshot() as view:
        (one,) = [each for each in await deadlines_of(view, ids.case) if each.number == number]
    return written(one.due), None if one.computed is None else written(one.computed)
