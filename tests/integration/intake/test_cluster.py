"""Positions are of one Kafka cluster; another one with the same topics is not read as if nothing had happened (5a.3)."""

from datetime import timedelta

import asyncpg
import pytest

from hub.errors import TopicWentBack
from hub.store.cluster import adopt_cluster, settle_cluster
from hub.store.pool import Pool
from hub.store.upgrade import upgrade
from tests.support.core import Core, postgres_stores

DAYS = timedelta(days=45)


async def test_another_cluster_is_refused_until_a_person_adopts_it(database: str) -> None:
    await upgrade(database, 2)
    pool = Pool(database)
    await pool.start()
    try:
        core = Core(postgres_stores(pool, 2))
        await settle_cluster(pool, "first")
        await settle_cluster(pool, "first")
        core.raise_("p1")
        await core.read()
        with pytest.raises(TopicWentBack, match="adopt-cluster"):
            await settle_cluster(pool, "second")
        assert (await adopt_cluster(database, "second", "磁盘损坏", DAYS)).before == "first"
        await settle_cluster(pool, "second")
        positions = await core.stores.intake.positions(0) | await core.stores.intake.positions(1)
        assert {position.next_offset for position in positions.values()} == {0}
        connection = await asyncpg.connect(database)
        kept = await connection.fetchval("SELECT value FROM meta WHERE name LIKE 'cluster/%'")
        await connection.close()
        assert "磁盘损坏" in kept
    finally:
        await pool.stop()


async def test_what_was_read_before_is_not_counted_twice_after_adopting(database: str) -> None:
    await upgrade(database, 2)
    pool = Pool(database)
    await pool.start()
    try:
        core = Core(postgres_stores(pool, 2))
        core.raise_("p1")
        await core.read()
        await adopt_cluster(database, "second", "重建", DAYS)
        await core.read()
        assert sorted(e.outcome.value for e in await core.entries()) == ["decided", "duplicate"]
    finally:
        await pool.stop()


@pytest.mark.parametrize(("retention", "again"), [(timedelta(days=36_500), 2), (timedelta(days=1), 0)])
async def test_what_the_lost_topics_may_have_held_is_delivered_again(
    database: str, retention: timedelta, again: int
) -> None:
    """Nobody would ask for the last record of a case: nothing follows it, so no hole is seen."""
    await upgrade(database, 2)
    pool = Pool(database)
    await pool.start()
    try:
        core = Core(postgres_stores(pool, 2))
        for number in ("p1", "p2"):
            core.raise_(number)
        await core.read()
        await core.relay()
        before = [attributes["id"] for attributes, _ in core.told("justice", "task.assigned")]
        core.bus.logs.clear()
        assert (await adopt_cluster(database, "second", "磁盘损坏", retention)).again == again
        await core.relay()
        after = [attributes["id"] for attributes, _ in core.told("justice", "task.assigned")]
        assert len(before) == 2
        assert after == before[:again]
    finally:
        await pool.stop()
