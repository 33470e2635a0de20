"""Supervision, counts over cases and follow-ups on a real Kafka and a real PostgreSQL, from message to projected row."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from hub.audit.rebuild import rebuild
from hub.domain.supervision import AtBreaches
from hub.embedded.servers import Addresses
from hub.store import read_lists
from hub.store.counted import PostgresCounted
from hub.store.reading import ReadStore
from hub.timekeeper.counted import Counts
from schemas.identifiers import derived_id
from tests.support.core import Ids
from tests.support.kafka_core import KafkaCore, core_on_servers

SHARDS = 2
LATE = "2026-04-20T17:00:00+08:00"


@pytest.fixture
async def core(servers: Addresses, database: str, topic_prefix: str) -> AsyncIterator[KafkaCore]:
    """A core on both servers."""
    async with core_on_servers(servers.kafka, database, topic_prefix, SHARDS) as (made, pool):
        made.counted = PostgresCounted(pool)  # type: ignore[attr-defined]
        yield made


def act(core: KafkaCore, source: str, type_: str, ids: Ids, **data: Any) -> Any:
    """A step on a task, or on its referral."""
    stated = {"referral": ids.referral, "legal_at": "2026-03-02T10:00:00+08:00"}
    if type_.startswith(("task.", "reply.")):
        stated["task"] = ids.task
    return core.message(source, type_, ids.case, stated | data)


async def clock(core: KafkaCore) -> int:
    """Project, publish what is due by the broker's time, and let intake decide it, until nothing is due."""
    count = 0
    core.at = datetime.now(UTC)
    while True:
        await core.project()
        published = await core.due_moments().publish(core.at, core.publisher)
        if not published:
            return count
        count += published
        await core.read_all()


async def rows(database: str, query: str) -> list[tuple[Any, ...]]:
    """What is projected."""
    connection = await asyncpg.connect(database)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def differences(database: str) -> list[str]:
    """What the tables hold that the journal does not say."""
    return [str(one) for one in (await rebuild(database, lambda *_: None, 1)).differences]


async def working(core: KafkaCore, number: str) -> Ids:
    """A referral of March that was accepted; its month (J23) is long over."""
    record, ids = core.raised(number)
    await core.send(record)
    for type_ in ("task.signed", "task.accepted"):
        await core.send(act(core, "justice", type_, ids))
    return ids


@pytest.mark.covers("N84", "N85", "H38")
async def test_a_breach_urges_a_person_lists_it_the_answer_and_the_clearance_stand_in_the_rows(
    core: KafkaCore, database: str
) -> None:
    ids = await working(core, "p1")
    await core.read_all()
    await clock(core)
    (urge,) = await rows(database, "SELECT step, trigger, against, raised_by, state FROM supervision")
    assert urge == ("urge", "breached", "justice", "hub", "open")
    # The superior's part is played by the petition office: the ladder lets it call in for a talk.
    talk = act(
        core, "petition", "supervision.raised", ids, step="interview", against="justice", reason="久拖不决"
    )
    await core.send(talk)
    await core.read_all()
    made = derived_id("petition", dict(talk.headers)["ce_id"].decode(), "supervision")
    answer = act(core, "justice", "supervision.answered", ids, supervision=made, measures="已派专人办理")
    stranger = act(core, "court", "supervision.cleared", ids, supervision=made, ground="done", reason="x")
    await core.send(answer, stranger)
    await core.read_all()
    assert [e.reason for e in await core.entries() if e.reason] == ["not_entitled"]
    reply = act(
        core, "justice", "task.replied", ids, reply="mediation_result", outcome="agreement", legal_at=LATE
    )
    await core.send(reply)
    await core.read_all()
    clear = act(
        core, "petition", "supervision.cleared", ids, supervision=made, ground="done", reason="整改到位"
    )
    await core.send(clear)
    await core.read_all()
    await core.project()
    query = "SELECT step, state, cleared_by, cleared_why, answered_at IS NOT NULL FROM supervision ORDER BY raised_at"
    assert await rows(database, query) == [
        ("urge", "cleared", "hub", "done", False),
        ("interview", "cleared", "petition", "done", True),
    ]
    assert await differences(database) == []
    await rows(database, "UPDATE supervision SET cleared_by = 'nobody' WHERE step = 'interview'")
    assert any("cleared_by" in one for one in await differences(database))
    await core.tell()
    told = [a["type"] for a, _ in await core.arrived("justice") if a["type"].startswith("supervision")]
    assert told == [
        "supervision.raised.v1",
        "supervision.raised.v1",
        "supervision.cleared.v1",
        "supervision.cleared.v1",
    ]
    heard = [a["type"] for a, _ in await core.arrived("petition") if a["type"].startswith("supervision")]
    assert heard == ["supervision.raised.v1", "supervision.answered.v1", "supervision.cleared.v1"]


async def test_breaches_of_a_department_are_counted_over_cases_and_said_once(
    core: KafkaCore, database: str
) -> None:
    for number in range(3):
        await working(core, f"p{number}")
    await core.read_all()
    await clock(core)
    trigger = AtBreaches(when="breaches", count=3, period="month", step="interview")
    given = core.rules.supervision.model_copy(
        update={"triggers": [*core.rules.supervision.triggers, trigger]}
    )
    core.rules = replace(core.rules, supervision=given)

    def counts() -> Counts:
        reader: PostgresCounted = core.counted  # type: ignore[attr-defined]
        return Counts(reader, core.signer, core.names, SHARDS, [trigger])

    # Two timekeepers, one of which ended before it knew that it had published.
    assert await counts().publish(datetime.now(UTC), core.publisher) == 1
    again = counts()
    assert await again.publish(datetime.now(UTC), core.publisher) == 1
    await core.read_all()
    assert [e.outcome.value for e in await core.entries() if e.type == "hub.breaches_counted.v1"] == [
        "decided",
        "duplicate",
    ]
    assert await again.publish(datetime.now(UTC) + timedelta(minutes=2), core.publisher) == 0
    await core.project()
    query = "SELECT step, trigger, counted, against FROM supervision WHERE trigger = 'breaches'"
    found = await rows(database, query)
    assert found == [("interview", "breaches", 3, "justice")]


@pytest.mark.covers("N71", "N72", "N73", "H5", "P23")
async def test_a_citizen_who_is_not_satisfied_opens_the_matter_again_and_it_counts_as_open(
    core: KafkaCore, database: str
) -> None:
    ids = await working(core, "p1")
    reply = {"reply": "mediation_result", "outcome": "agreement", "legal_at": LATE}
    await core.send(act(core, "justice", "task.replied", ids, **reply))
    await core.read_all()
    await core.send(act(core, "petition", "reply.confirmed", ids))
    await core.read_all()
    await core.project()
    limit = "SELECT owner, state FROM deadline WHERE clock = 'followed_up'"
    assert await rows(database, limit) == [("justice", "running")]
    state = "SELECT state, outcome FROM referral"
    assert await rows(database, state) == [("closed", "agreement")]
    await core.send(
        act(core, "justice", "followup.recorded", ids, reached=True, rating=2, opinion="没有兑现")
    )
    await core.read_all()
    await core.project()
    assert await rows(database, state) == [("open", None)]
    assert await rows(database, "SELECT department, state FROM task") == [("justice", "handling")]
    assert await rows(database, "SELECT by, rating, satisfied FROM followup") == [("justice", 2, False)]
    assert await rows(database, limit) == [("justice", "ended")]
    assert await differences(database) == []
    await rows(database, "UPDATE followup SET rating = 5")
    assert any("rating" in one for one in await differences(database))
    await core.send(act(core, "justice", "task.replied", ids, **reply))
    await core.read_all()
    await core.send(act(core, "petition", "reply.confirmed", ids))
    await core.read_all()
    await core.project()
    assert await rows(database, state) == [("closed", "agreement")]
    await core.tell()
    told = [a["type"] for a, _ in await core.arrived("justice")]
    assert told.count("rework.requested.v1") == told.count("referral.reopened.v1") == 1
    (heard,) = [data for a, data in await core.arrived("petition") if a["type"] == "followup.recorded.v1"]
    assert (heard["rating"], heard["satisfied"], heard["reopened"]) == (2, False, True)


@pytest.mark.covers("N88")
async def test_the_three_lists_say_what_is_to_be_done_by_whom_and_what_went_wrong(
    core: KafkaCore, database: str
) -> None:
    late = await working(core, "p1")
    record, fresh = core.raised("p2")
    await core.send(record)
    await core.read_all()
    await clock(core)
    store = ReadStore(database)
    await store.start()
    try:
        async with store.snapshot() as view:
            tasks = await read_lists.tasks(view, None, 10)
            duties = await read_lists.duties(view, "justice", 10)
            problems = await read_lists.problems(view, "justice", 10)
            others = [await query(view, "court", 10) for query in (read_lists.tasks, read_lists.problems)]
            (first,) = await read_lists.tasks(view, None, 1)
    finally:
        await store.stop()
    assert others == [[], []]
    assert {(one.task, one.state, one.breached, one.supervision) for one in tasks} == {
        (late.task, "accepted", 1, "urge"),
        (fresh.task, "assigned", 0, None),
    }
    # What is due first comes first: the new task has hours to arrive, the answer to the urge three working days.
    assert first.task == fresh.task
    assert {(one.task, one.clock, one.state) for one in duties} == {
        (late.task, "J23", "breached"),
        (late.task, "supervision_answered", "running"),
        (fresh.task, "delivered", "running"),
    }
    assert [(one.kind, one.what, one.task) for one in problems] == [
        ("late", "J23", late.task),
        ("supervised", "urge", late.task),
    ]
