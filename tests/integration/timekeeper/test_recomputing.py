"""After other rules were adopted each case with a limit that may move is told once, page by page, also across a crash."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from hub.bus.memory import MemoryPublisher
from hub.domain.decision import moment
from hub.domain.rules import Rules
from hub.rules.loader import HERE, load_rules
from hub.store.pool import Pool
from hub.store.rules_in_force import adopt_rules, settle_rules
from hub.store.running import PostgresRunning
from hub.store.upgrade import upgrade
from hub.timekeeper.recomputing import Recomputing
from tests.support.core import DIRECTORY, Core, Ids, postgres_stores

SHARDS = 2
NOW = datetime(2026, 3, 3, tzinfo=UTC)
IN_APRIL = {"zh": "清明节", "en": "Tomb-sweeping Day", "from": date(2026, 4, 2), "to": date(2026, 4, 6)}


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A store with its first rules in force."""
    await upgrade(database, SHARDS)
    made = Pool(database, size=8)
    await made.start()
    await settle_rules(made, load_rules(DIRECTORY).digest)
    yield made
    await made.stop()


def longer_april(place: Path) -> Rules:
    """The second of April is off: one month from 2 March (J23) ends after the holidays."""
    file = place / "calendar" / "2026.yaml"
    file.parent.mkdir(parents=True)
    data = yaml.safe_load((HERE / "calendar" / "2026.yaml").read_text("utf-8"))
    others = [one for one in data["holidays"] if one["zh"] != "清明节"]
    file.write_text(yaml.safe_dump({**data, "holidays": [*others, IN_APRIL]}, allow_unicode=True), "utf-8")
    return load_rules(DIRECTORY, overlay=place)


async def at_work(core: Core, *numbers: str) -> list[Ids]:
    """Mediations that were accepted on 2 March, each with its one month."""
    all_ids = [core.raise_(number) for number in numbers]
    for ids in all_ids:
        for step in ("task.received", "task.signed", "task.accepted"):
            core.step(ids, "justice", step)
    await core.read()
    return all_ids


def recomputing(core: Core, pool: Pool, page: int = 2) -> Recomputing:
    """That of a timekeeper that has just started."""
    return Recomputing(PostgresRunning(pool), core.rules, core.signer, core.names, SHARDS, page)


async def look(core: Core, work: Recomputing) -> int:
    return await work.publish(NOW, MemoryPublisher(core.bus))


async def outcomes(core: Core) -> list[str]:
    return sorted(e.outcome.value for e in await core.entries() if e.type == "hub.rules_changed.v1")


async def test_each_case_is_computed_anew_once_also_when_a_crash_repeats_it(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    core = Core(postgres_stores(pool, SHARDS))
    await at_work(core, "p1", "p2", "p3")
    await core.project()
    assert await look(core, recomputing(core, pool)) == 0
    core.rules = longer_april(tmp_path)
    assert await look(core, recomputing(core, pool)) == 0
    await adopt_rules(database, core.rules.digest, "放假安排有变")
    assert await look(core, recomputing(core, pool)) == 2
    # The next timekeeper begins anew; what it says again is known.
    work = recomputing(core, pool)
    assert [await look(core, work) for _ in range(4)] == [2, 1, 0, 0]
    await core.read()
    assert await outcomes(core) == ["decided"] * 3 + ["duplicate"] * 2
    said = [e for entry in await core.entries() for e in entry.events if e.e == "deadline_recomputed"]
    assert {(e.why, e.before, e.after) for e in said} == {
        ("rules_changed", "2026-04-02T16:00:00.000Z", "2026-04-07T16:00:00.000Z")
    }
    assert len(said) == 3
    assert {e.rules for e in await core.entries() if e.type == "hub.rules_changed.v1"} == {core.rules.digest}
    await core.project()
    async with pool.connection() as connection:
        due = await connection.fetch("SELECT DISTINCT due FROM deadline WHERE clock = 'J23'")
    assert [moment(row["due"]) for row in due] == ["2026-04-07T16:00:00.000Z"]
    assert await look(core, recomputing(core, pool)) == 0
    # A second adoption asks again, and finds nothing to say.
    await adopt_rules(database, core.rules.digest, "再次核对")
    assert [await look(core, work) for _ in range(2)] == [0, 0]


async def test_it_waits_for_the_projection_of_what_the_old_rules_decided(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    core = Core(postgres_stores(pool, SHARDS))
    await at_work(core, "p1")
    core.rules = longer_april(tmp_path)
    await adopt_rules(database, core.rules.digest, "放假安排有变")
    work = recomputing(core, pool)
    assert await look(core, work) == 0
    await core.project()
    assert await look(core, work) == 1
