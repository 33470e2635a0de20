"""Due moments on a real Kafka and a real PostgreSQL: an answer that lay in its topic, and a date that was earlier in law."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from hub.bus.ports import OutRecord
from hub.embedded.servers import Addresses
from tests.support.core import Ids
from tests.support.kafka_core import KafkaCore, core_on_servers

SHARDS = 2
# One month from Monday 2 March (J23) ended on 2 April; the broker's time is later than that.
IN_TIME = "2026-04-02T17:00:00+08:00"


@pytest.fixture
async def core(servers: Addresses, database: str, topic_prefix: str) -> AsyncIterator[KafkaCore]:
    """A core on both servers."""
    async with core_on_servers(servers.kafka, database, topic_prefix, SHARDS) as (made, _):
        yield made


async def at_work(core: KafkaCore) -> Ids:
    """A referral that was accepted on 2 March, and warned of."""
    record, ids = core.raised("p1")
    await core.send(record)
    await core.read_all()
    for type_ in ("task.signed", "task.accepted"):
        await core.send(step(core, ids, type_))
    await core.read_all()
    assert await strike(core) == 1
    await core.read_all()
    return ids


def step(core: KafkaCore, ids: Ids, type_: str, **data: str) -> OutRecord:
    stated = {"referral": ids.referral, "task": ids.task, "legal_at": "2026-03-02T10:00:00+08:00"}
    return core.message("justice", type_, ids.case, stated | data)


def reply(core: KafkaCore, ids: Ids) -> OutRecord:
    given = {"reply": "mediation_result", "outcome": "agreement", "legal_at": IN_TIME}
    return step(core, ids, "task.replied", **given)


async def strike(core: KafkaCore) -> int:
    """A timekeeper's first look."""
    await core.project()
    return await core.due_moments().publish(datetime.now(UTC), core.publisher)


async def said(core: KafkaCore) -> list[str]:
    """What the journal says of breaches."""
    kinds = ("deadline_breached", "breach_annulled")
    return [event.e for entry in await core.entries() for event in entry.events if event.e in kinds]


async def test_an_answer_that_lay_in_its_topic_while_nobody_read_is_decided_first(core: KafkaCore) -> None:
    ids = await at_work(core)
    assert await strike(core) == 1
    await core.send(reply(core, ids))
    await core.read_all()
    assert await said(core) == []
    last = [entry.type for entry in await core.entries() if entry.case == ids.case][-2:]
    assert last == ["task.replied.v1", "hub.deadline_due.v1"]


async def test_a_back_dated_answer_annuls_the_breach_and_everybody_is_told(core: KafkaCore) -> None:
    ids = await at_work(core)
    assert await strike(core) == 1
    await core.read_all()
    assert await said(core) == ["deadline_breached"]
    await core.send(reply(core, ids))
    await core.read_all()
    assert await said(core) == ["deadline_breached", "breach_annulled"]
    await core.tell()
    for department in ("justice", "petition"):
        types = [attributes["type"] for attributes, _ in await core.arrived(department)]
        assert [t for t in types if "breach" in t] == ["deadline.breached.v1", "breach.annulled.v1"]
