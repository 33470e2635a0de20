"""Many time limits: what waits is never read, what is due at one instant is said once whatever ends the timekeeper."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from pydantic_core import from_json

from hub.bus.memory import MemoryBus, MemoryPublisher
from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.errors import BusTrouble
from hub.relay.signing import HubSigner
from hub.store import due
from hub.store.due import PostgresDue
from hub.store.pool import Pool
from hub.store.upgrade import upgrade
from hub.timekeeper.due import PAGE, DueMoments
from tests.support.core import secret_key

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DUE, WAITING, OVER = 10_000, 40_000, 40_000
FILL = """
INSERT INTO deadline SELECT md5(n::text) || '/1', md5(n::text), 1, 0, md5(n::text), 'J23', 'justice', NULL, $1, $2, false,
    CASE WHEN $2::timestamptz IS NULL THEN 'ended' ELSE 'running' END
FROM generate_series($3::integer, $4::integer) AS n"""


class Dies(MemoryPublisher):
    """Publishes so many batches, and ends in the middle of the next: part of it is there, nobody was told."""

    def __init__(self, bus: MemoryBus, batches: int) -> None:
        super().__init__(bus)
        self.left = batches

    async def publish(self, records: Sequence[OutRecord]) -> None:
        if self.left == 0:
            await super().publish(records[: len(records) // 2])
            raise BusTrouble("the process was killed")
        self.left -= 1
        await super().publish(records)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A store with some that are due at one instant among many that wait or are over."""
    await upgrade(database, 2)
    connection = await asyncpg.connect(database)
    later = NOW + timedelta(days=30)
    await connection.execute(FILL, NOW, NOW, 1, DUE)
    await connection.execute(FILL, later, later, DUE + 1, DUE + WAITING)
    await connection.execute(FILL, NOW, None, DUE + WAITING + 1, DUE + WAITING + OVER)
    await connection.execute("ANALYZE deadline")
    await connection.close()
    made = Pool(database, size=2)
    await made.start()
    yield made
    await made.stop()


def keeper(pool: Pool) -> DueMoments:
    return DueMoments(PostgresDue(pool), HubSigner("hub-1", secret_key("hub")), TopicNames(""), 2)


async def test_what_is_due_at_one_instant_is_published_once_across_an_end_in_the_middle(pool: Pool) -> None:
    bus = MemoryBus(lambda: 0)
    with pytest.raises(BusTrouble, match="killed"):
        await keeper(pool).publish(NOW, Dies(bus, 3))
    again = keeper(pool)
    assert await again.publish(NOW, MemoryPublisher(bus)) == DUE
    assert await again.publish(NOW, MemoryPublisher(bus)) == 0
    ids = [dict(record.headers)["ce_id"] for log in bus.logs.values() for record in log]
    # Those of before the end came twice, under the same ids: the inbox takes the first.
    assert len(set(ids)) == DUE
    assert len(ids) == DUE + 3 * PAGE + PAGE // 2
    moments = {from_json(record.value or b"")["moment"] for log in bus.logs.values() for record in log}
    assert moments == {"2026-03-02T01:00:00.000Z"}


async def test_a_message_without_effect_is_published_again_after_a_while(pool: Pool) -> None:
    bus, one = MemoryBus(lambda: 0), keeper(pool)
    assert await one.publish(NOW, MemoryPublisher(bus)) == DUE
    assert await one.publish(NOW + timedelta(minutes=9), MemoryPublisher(bus)) == 0
    assert await one.publish(NOW + timedelta(minutes=11), MemoryPublisher(bus)) == DUE


async def test_what_waits_or_is_over_is_never_read(pool: Pool) -> None:
    async with pool.connection() as connection:
        for statement, values in (
            (due.FIRST_PAGE, (NOW - timedelta(seconds=1), PAGE)),
            (due.NEXT_PAGE, (NOW, PAGE, NOW, "z")),
        ):
            plan = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
            (root,) = from_json(plan)
            scan = root["Plan"]["Plans"][0]
            assert scan["Index Name"] == "deadline_next"
            assert (scan["Actual Rows"], scan.get("Rows Removed by Filter", 0)) == (0, 0)
