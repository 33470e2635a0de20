"""Reports owed regularly on a real PostgreSQL: each said once, in order, after downtime and across a kill; ended or breached."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.bus.memory import MemoryPublisher
from hub.store.counted import PostgresCounted
from hub.store.pool import Pool
from hub.store.read_reports import reports_due
from hub.store.reading import ReadStore
from hub.store.upgrade import upgrade
from hub.timekeeper.reports import EVERY, Reports
from tests.support.core import Core, postgres_stores

SHARDS = 2
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "recurring-reports"
MEMBERS = {"court", "procuratorate", "public_security", "justice"}
# The justice bureau had its first key in March: it owes nothing on January and February.
KNOWN = {who: datetime(2025, 5, 1, tzinfo=UTC) for who in MEMBERS} | {
    "justice": datetime(2026, 3, 9, tzinfo=UTC)
}
# China is in April by then.
APRIL = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A store."""
    await upgrade(database, SHARDS)
    made = Pool(database, size=8)
    await made.start()
    yield made
    await made.stop()


def keeper(core: Core, pool: Pool) -> Reports:
    """That of a timekeeper that has just started."""
    return Reports(PostgresCounted(pool), core.rules, KNOWN, core.signer, core.names, SHARDS)


async def look(core: Core, work: Reports, at: datetime) -> int:
    return await work.publish(at, MemoryPublisher(core.bus))


async def said(core: Core) -> Counter[str]:
    """What became of the hub's messages."""
    return Counter(e.outcome.value for e in await core.entries() if e.type == "hub.report_due.v1")


async def asked(core: Core) -> Counter[tuple[str, str]]:
    """Department and number of what was asked for."""
    return Counter(
        (event.lead, event.local_number.rpartition("/")[2])
        for e in await core.entries()
        for event in e.events
        if event.e == "referral_raised"
    )


@pytest.mark.covers("N108")
async def test_each_report_is_asked_for_once_in_order_also_after_downtime_and_a_kill(
    database: str, pool: Pool
) -> None:
    core = Core(postgres_stores(pool, SHARDS), overlay=EXAMPLE)
    core.at = datetime(2026, 1, 31, 16, 10, tzinfo=UTC)
    january = keeper(core, pool)
    assert await look(core, january, datetime(2026, 1, 31, 15, 59, tzinfo=UTC)) == 0
    assert await look(core, january, core.at) == 3
    await core.read()
    assert await asked(core) == Counter((who, "2026_01") for who in MEMBERS - {"justice"})
    assert await look(core, january, core.at + EVERY) == 0
    # Down from here over the ends of two periods. It was killed when it had published, before anybody read it, and again.
    core.at = APRIL
    for _ in range(2):
        assert await look(core, keeper(core, pool), APRIL) == 4
    work = keeper(core, pool)
    assert await look(core, work, APRIL) == 4
    await core.read()
    # One period at a time: nothing of March before February was read.
    assert (await asked(core))["court", "2026_03"] == 0
    assert await look(core, work, APRIL + EVERY / 2) == 0
    assert await look(core, work, APRIL + EVERY) == 3
    await core.read()
    assert await look(core, work, APRIL + 2 * EVERY) == 0
    assert await look(core, keeper(core, pool), APRIL) == 0
    old = {(who, month) for who in MEMBERS - {"justice"} for month in ("2026_01", "2026_02", "2026_03")}
    assert await asked(core) == Counter([*old, ("justice", "2026_03")])
    assert await said(core) == {"decided": 10, "duplicate": 8}

    # The court reports on March, the procuratorate does not; all learn it through the real relay and clock.
    await core.relay()
    told = {data["title"][-7:]: data for _, data in core.told("court", "task.assigned")}
    assert (told["2026_03"]["sender"], told["2026_03"]["due_on"]) == ("petition", "2026-04-08")
    (case,) = {a["subject"] for a, d in core.told("court", "task.assigned") if d["title"].endswith("2026_03")}
    step = {name: told["2026_03"][name] for name in ("referral", "task")}
    for type_ in ("task.signed", "task.accepted", "task.replied"):
        last = {"reply": "periodic_report", "outcome": "reported"} if type_ == "task.replied" else {}
        core.say("court", type_, case, {**step, "legal_at": "2026-04-01T09:00:00+08:00", **last})
    await core.read()
    core.at = datetime(2026, 4, 9, 1, tzinfo=UTC)
    due = core.due_moments()
    while await core.strike(due):
        await core.read()
    await core.project()
    store = ReadStore(database)
    await store.start()
    try:
        async with store.snapshot() as view:
            rows = await reports_due(view, {"RPT"}, None, 100)
            (one,) = await reports_due(view, {"RPT"}, "justice", 100)
    finally:
        await store.stop()
    late = {(row.department, row.period) for row in rows if row.breached_at is not None}
    assert late == {*old, ("justice", "2026_03")} - {("court", "2026_03")}
    assert len(rows) == len(late)
    assert (one.duty, one.period, one.to) == ("liaison", "2026_03", "petition")
    await core.relay()
    warned = [d["clock"] for _, d in core.told("procuratorate", "deadline.warned")]
    breached = [d["clock"] for _, d in core.told("procuratorate", "deadline.breached")]
    assert warned.count("RP1") == breached.count("RP1") == 3
    assert len([d for _, d in core.told("court", "deadline.breached") if d["clock"] == "RP1"]) == 2
