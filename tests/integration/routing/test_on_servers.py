"""Ownership and routing in a city with a county, towns and villages, on a real Kafka and a real PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.bus.admin import apply_topics
from hub.embedded.servers import Addresses
from hub.store.pool import Pool
from hub.store.upgrade import upgrade
from schemas.identifiers import derived_id, mint_case_id
from tests.support.core import papers, postgres_stores
from tests.support.kafka_core import KafkaCore

CITY = Path(__file__).parents[2] / "support" / "routing_city.yaml"
VILLAGE, TOWN = "990101001001", "990101001"
AT = "2026-03-02T09:00:00+08:00"


@dataclass(frozen=True)
class Given:
    """A referral under F24 as its sender can compute it; `task` is the lead's."""

    case: str
    referral: str
    task: str
    sender: str


class Town(KafkaCore):
    """What departments of the city say, and what came of it."""

    sent = 0

    async def whistle(self, sender: str, case: str | None = None, **said: Any) -> Given:
        """A referral under F24; without a `lead` in what is said, the hub finds it."""
        self.sent += 1
        number = f"吹{self.sent}"
        subject = case or mint_case_id(sender, number)
        data = {
            "legal_at": AT, "flow": "F24", "kind": "assign", "local_number": number, "title": "吹哨",
            "papers": papers("dispatch_order"), "lead": "route", **said,
        }  # fmt: skip
        message = f"raise-{self.sent}"
        await self.send(self.message(sender, "referral.raised", subject, data, message=message))
        ids = (derived_id(sender, message, kind) for kind in ("referral", "task"))
        return Given(subject, *ids, sender)

    async def act(self, given: Given, by: str, type_: str, task: str | None = None, **data: Any) -> str:
        """A step on a task, the lead's unless another is named. Returns the id of the message."""
        self.sent += 1
        stated = {"referral": given.referral, "task": task or given.task, "legal_at": AT}
        message = f"act-{self.sent}"
        await self.send(self.message(by, type_, given.case, stated | data, message=message))
        return message

    async def went(self) -> None:
        """Everything that was sent is decided, and told."""
        await self.read_all()
        await self.tell()

    async def got(self, department: str, type_: str) -> list[dict[str, Any]]:
        """What a department was told of this type."""
        return [
            data for attributes, data in await self.arrived(department) if attributes["type"] == f"{type_}.v1"
        ]

    async def events(self, kind: str) -> list[Any]:
        """Events of this kind in the journal."""
        return [event for entry in await self.entries() for event in entry.events if event.e == kind]


@pytest.fixture
async def town(servers: Addresses, database: str, topic_prefix: str) -> AsyncIterator[Town]:
    """The city on both servers, with one shard."""
    await upgrade(database, 1)
    pool = Pool(database, size=6)
    await pool.start()
    made = Town(servers.kafka, postgres_stores(pool, 1), topic_prefix, CITY)
    await apply_topics(servers.kafka, made.names.declared(made.rules.departments, 1))
    yield made
    await made.publisher.stop()
    await pool.stop()


@pytest.mark.covers("N16", "N80", "N86", "N113", "H6", "H7", "H8", "H9", "H10", "H40")
async def test_whistles_reach_whose_matter_it_is_and_are_reported_to(town: Town) -> None:
    health = await town.whistle("county_centre", matter="0502", region=VILLAGE)
    called = await town.whistle("village_1", weight="major", region=VILLAGE)
    works = await town.whistle("east_town", matter="1104", region=TOWN)
    private = await town.whistle("county_centre", weight="private", region=VILLAGE)
    minor = await town.whistle("county_centre", weight="minor", region=TOWN)
    unknown = await town.whistle("county_centre", matter="15")
    await town.went()
    for given, lead in (
        (health, "county_health"),
        (called, "east_town"),
        (works, "works"),
        (private, "village_1"),
        (minor, "town_mediation"),
    ):
        assigned = await town.got(lead, "task.assigned")
        assert (given.referral, given.task, lead) in [
            (one["referral"], one["task"], one["lead"]) for one in assigned
        ]
        assert [
            one["lead"]
            for one in await town.got(given.sender, "referral.routed")
            if one["task"] == given.task
        ] == [lead]
        # 报到: who was called signs.
        await town.act(given, lead, "task.signed")
    (refused,) = await town.got("county_centre", "message.refused")
    assert refused["reason"] == "no_route"
    assert "weights: private, micro, minor, major" in refused["allowed"]
    await town.went()
    signed = {
        data["referral"]
        for who in ("county_centre", "village_1", "east_town")
        for data in await town.got(who, "task.signed")
    }
    assert signed == {given.referral for given in (health, called, works, private, minor)}
    assert unknown.referral not in signed


@pytest.mark.covers("N98", "N102", "H30", "H31")
async def test_matters_go_down_and_up_by_their_levels_and_not_where_they_may_not(town: Town) -> None:
    down = await town.whistle(
        "county_centre", lead="town_centre", matter="0201", region=VILLAGE, weight="minor"
    )
    await town.act(down, "town_centre", "task.signed")
    await town.act(down, "town_centre", "task.accepted")
    await town.read_all()
    said = {
        "matter": "0201",
        "weight": "minor",
        "region": VILLAGE,
        "case": down.case,
        "opened_by": down.referral,
    }
    further = await town.whistle("town_centre", lead="village_centre", **said)
    await town.act(further, "village_centre", "task.signed")
    too_high = await town.whistle(
        "village_centre", lead="mediation", **{**said, "opened_by": further.referral}
    )
    pushed = await town.whistle("county_centre", lead="village_1", matter="0701", region=VILLAGE)
    admitted = await town.whistle(
        "county_centre", lead="village_1", matter="0701", region=VILLAGE, admission="甲政发〔2026〕3号"
    )
    await town.act(further, "village_centre", "task.accepted")
    await town.act(further, "village_centre", "task.replied", reply="handling_result", outcome="not_resolved")
    await town.act(further, "town_centre", "reply.confirmed")
    up = await town.whistle("village_centre", lead="east_town", **{**said, "opened_by": further.referral})
    await town.went()
    refused = {one["message"]: one for one in await town.got("village_centre", "message.refused")}
    assert [one["reason"] for one in refused.values()] == ["above_its_level"]
    assert [one["lead"] for one in await town.got("east_town", "task.assigned")] == ["east_town"]
    (not_admitted,) = await town.got("county_centre", "message.refused")
    assert (not_admitted["reason"], not_admitted["allowed"]) == ("not_admitted", ["labour"])
    assert "城市居民委员会组织法 20" in not_admitted["detail"]
    assert [one["referral"] for one in await town.got("village_1", "task.assigned")] == [admitted.referral]
    raised = {event.referral for event in await town.events("referral_raised")}
    assert {down.referral, further.referral, up.referral} <= raised
    assert not {too_high.referral, pushed.referral} & raised


@pytest.mark.covers("N81", "H24")
async def test_a_dispute_goes_up_by_itself_and_the_first_receiver_owns_it_meanwhile(town: Town) -> None:
    given = await town.whistle("county_centre", lead="east_town", matter="0201", region=TOWN)
    await town.act(given, "east_town", "task.signed")
    asked = {"reason_code": "not_in_remit", "reason": "不属本镇"}
    await town.act(given, "east_town", "task.return_proposed", **asked)
    await town.read_all()
    for days, decider in ((20, "city_centre"), (40, "party_office")):
        await town.project()
        later = datetime.now(UTC) + timedelta(days=days)
        assert await town.due_moments().publish(later, town.publisher) > 0
        await town.went()
        (told,) = await town.got(decider, "referral.escalated")
        assert (told["superior"], told["why"], told["returns"]) == (decider, "overdue", 1)
    decided = await town.act(given, "party_office", "return.decided", agreed=True, reassign_to="west_town")
    after = derived_id("party_office", decided, "task")
    await town.act(given, "west_town", "task.signed", task=after)
    await town.went()
    kept = await town.got("east_town", "ownership.changed")
    assert [(one["owner"], one["ground"]) for one in kept] == [("east_town", "first_receiver")]
    await town.act(given, "west_town", "task.return_proposed", task=after, **asked)
    await town.act(given, "west_town", "task.accepted", task=after)
    await town.went()
    (final,) = await town.got("west_town", "message.refused")
    assert (final["reason"], final["allowed"]) == ("limit_reached", ["task.accepted"])
    kept = await town.got("east_town", "ownership.changed")
    assert [(one["owner"], one["ground"]) for one in kept][1:] == [("west_town", "accepted")]


@pytest.mark.covers("N13", "N14", "N82", "N87", "N89", "N106", "N110", "H4", "H23")
async def test_who_owns_it_and_how_pressing_it_is(town: Town) -> None:
    leader = {"leader": "测试员丙", "leader_id": "L-1"}
    received = await town.whistle("county_centre", lead="east_town", matter="0201", region=TOWN, **leader)
    joint = await town.whistle(
        "county_centre", matter="0701", region=TOWN, track="complex", priority="urgent"
    )
    await town.act(received, "east_town", "task.signed")
    low = await town.act(received, "east_town", "task.handed_over", to_officer="测试员乙", officer_id="E-17")
    await town.act(
        received, "east_town", "task.handed_over", to_officer="测试员丁", officer_id="L-2", rank="leader"
    )
    risk = {"fact": "risk_level", "value": "critical", "legal_at": AT}
    await town.send(town.message("county_centre", "case.fact_recorded", joint.case, risk))
    await town.went()
    (named,) = await town.got("east_town", "owner.named")
    assert (named["officer_id"], named["rank"], named["ground"]) == ("L-1", "leader", "reception")
    (refused,) = await town.got("east_town", "message.refused")
    assert (refused["message"], refused["reason"]) == (low, "owner_rank_too_low")
    assert [event.officer for event in await town.events("owner_named")] == ["L-1", "L-2"]
    assigned = [(await town.got(who, "task.assigned"))[0] for who in ("labour", "housing", "justice")]
    assert [one["role"] for one in assigned] == ["lead", "co_handler", "co_handler"]
    assert [one["channels"] for one in assigned] == [["duty_phone"]] * 3
    (wanted,) = await town.got("labour", "owner.wanted")
    assert (wanted["rank"], wanted["priority"]) == ("leader", "emergency")
    limits = [event for event in await town.events("deadline_started") if event.task == joint.task]
    assert [event.clock for event in limits if event.place < 0] == ["delivered"]
    written = "".join(entry.to_bytes().decode() for entry in await town.entries())
    assert "测试员" not in written
