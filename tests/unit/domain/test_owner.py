"""The person on whom a matter rests, and how pressing it is: 包案, 领导接访, 风险升级, 预警, 平急战, 两条线."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from hub.domain import events as ev
from hub.domain.case import Case
from hub.domain.evolve import evolve
from hub.errors import Refusal, RefusalName
from tests.unit.domain.play import LEGAL_AT, Play
from tests.unit.domain.town import stage_of, town_rules, whistle

WHERE = {"lead": "east_town", "region": "990101001", "matter": "0201"}


def given(**said: Any) -> tuple[Play, Any, Any]:
    stage = stage_of("county_centre")
    referral, task = whistle(stage, **{**WHERE, **said})
    return stage, referral, task


def risk(stage: Play, value: str, by: str = "county_centre") -> None:
    stage.send(by, "case.fact_recorded", fact="risk_level", value=value, legal_at=LEGAL_AT)


def due(stage: Play, task: Any) -> timedelta:
    """How long after the start the step that the task waits for is due."""
    (one,) = [d for d in stage.case.deadlines.values() if d.task == task.id and d.place < 0]
    return datetime.fromisoformat(one.due) - stage.at


def hand_over(stage: Play, task: Any, **data: Any) -> None:
    stage.act(task, "task.handed_over", to_officer="测试员乙", **data)


def test_a_task_rests_with_a_named_person_and_is_handed_over_to_another() -> None:
    stage, _, task = given()
    stage.act(task, "task.signed")
    hand_over(stage, task, officer_id="E-17", rank="section")
    assert (stage.case.tasks[task.id].officer, stage.case.tasks[task.id].rank) == ("E-17", "section")
    hand_over(stage, task, officer_id="E-18")
    assert (stage.case.tasks[task.id].officer, stage.case.tasks[task.id].rank) == ("E-18", "officer")
    hand_over(stage, task)
    assert stage.case.tasks[task.id].officer is None
    assert [one.type for one in stage.told("county_centre")].count("task.handed_over.v1") == 3
    assert "测试员乙" not in stage.case.to_bytes().decode()


def test_the_leader_who_received_the_citizen_owns_the_matter() -> None:
    stage, referral, task = given(leader="测试员丙", leader_id="L-1")
    assert (stage.case.tasks[task.id].officer, stage.case.tasks[task.id].rank) == ("L-1", "leader")
    assigned, named = stage.told("east_town")
    assert (assigned.type, named.type) == ("task.assigned.v1", "owner.named.v1")
    assert named.own == {
        "referral": referral.id, "task": task.id, "officer_id": "L-1", "rank": "leader", "ground": "reception"
    }  # fmt: skip
    stage.act(task, "task.signed")
    with pytest.raises(Refusal) as refused:
        hand_over(stage, task, officer_id="E-17", rank="section")
    assert (refused.value.name, list(refused.value.allowed)) == (RefusalName.OWNER_RANK_TOO_LOW, ["leader"])
    hand_over(stage, task, officer_id="L-2", rank="leader")
    assert stage.case.tasks[task.id].officer == "L-2"


def test_a_risk_that_rises_makes_it_pressing_and_wants_a_higher_owner() -> None:
    stage, referral, task = given()
    stage.act(task, "task.signed")
    ordinary = due(stage, task)
    risk(stage, "high")
    now = stage.case.referrals[referral.id]
    assert (now.priority, now.owner_rank) == ("urgent", "leader")
    assert due(stage, task) == timedelta(hours=4) < ordinary
    wanted = stage.told("east_town")[-1]
    assert wanted.type == "owner.wanted.v1"
    assert wanted.own["rank"] == "leader"
    with pytest.raises(Refusal) as refused:
        hand_over(stage, task, officer_id="E-17")
    assert refused.value.name is RefusalName.OWNER_RANK_TOO_LOW
    hand_over(stage, task, officer_id="L-1", rank="leader")
    told = len(stage.told("east_town"))
    risk(stage, "critical")
    assert stage.case.referrals[referral.id].priority == "emergency"
    assert [one.type for one in stage.told("east_town")[told:]] == ["case.fact_recorded.v1"]


def test_the_hub_lowers_nothing() -> None:
    stage, referral, task = given(priority="emergency")
    risk(stage, "critical")
    before = stage.case.referrals[referral.id]
    risk(stage, "low")
    assert stage.case.referrals[referral.id] == before
    assert due(stage, task) <= timedelta(hours=1)


def test_a_risk_that_the_rules_do_not_know_is_refused() -> None:
    stage, _, _ = given()
    with pytest.raises(Refusal) as refused:
        risk(stage, "terrible")
    assert (refused.value.name, list(refused.value.allowed)) == (
        RefusalName.UNKNOWN_RISK,
        ["critical", "high", "low", "medium"],
    )


def test_what_is_raised_later_in_a_case_of_risk_is_pressing_from_the_start() -> None:
    stage, first, _ = given()
    risk(stage, "high")
    told = len(stage.told("east_town"))
    second, task = whistle(stage, matter="1104", region="990101001", lead="works")
    now = stage.case.referrals[second.id]
    assert (now.priority, now.owner_rank) == ("urgent", "leader")
    assert stage.told("works")[-1].type == "owner.wanted.v1"
    assert len(stage.told("east_town")) == told
    assert first.id != second.id
    assert due(stage, task) == timedelta(hours=1)


LIMITS = [
    ("normal", "ordinary", timedelta(hours=4), []),
    ("urgent", "ordinary", timedelta(hours=1), ["duty_phone"]),
    ("emergency", "complex", timedelta(hours=1), ["duty_phone", "duty_officer", "command_centre"]),
]


@pytest.mark.parametrize(("priority", "track", "signed", "channels"), LIMITS)
def test_each_class_has_its_own_limits_and_channels(
    priority: str, track: str, signed: timedelta, channels: list[str]
) -> None:
    stage, _, task = given(priority=priority, track=track)
    assert stage.told("east_town")[0].own.get("channels", []) == channels
    stage.act(task, "task.received")
    assert due(stage, task) == signed


def test_the_complex_track_has_its_own_limits_and_helpers() -> None:
    limits = {
        track: town_rules().limits("F24", 1, "east_town", track)["accepted"]
        for track in ("ordinary", "complex")
    }
    assert {track: str(within) for track, within in limits.items()} == {"ordinary": "1 WD", "complex": "2 WD"}
    stage = stage_of("county_centre")
    referral, _ = whistle(stage, matter="0701", region="990101001", track="complex")
    assert [one.role for one in stage.case.tasks_of(referral.id)] == ["lead", "co_handler", "co_handler"]
    stage = stage_of("county_centre")
    referral, _ = whistle(stage, matter="0701", region="990101001")
    assert [one.role for one in stage.case.tasks_of(referral.id)] == ["lead"]


def test_who_takes_a_matter_in_does_not_handle_it() -> None:
    stage = stage_of("county_centre")
    with pytest.raises(Refusal) as refused:
        whistle(stage, lead="county_centre")
    assert refused.value.name is RefusalName.RECEIVER_TWICE


# The colour, who is told of it beside the parties, and the risk that the case has then.
COLOURS = [
    ("green", set(), None),
    ("blue", {"village_1"}, "medium"),
    ("yellow", {"village_1", "county_centre", "village_centre"}, "high"),
    ("orange", {"village_1", "county_centre", "village_centre", "public_security"}, "high"),
    ("red", {"village_1", "county_centre", "village_centre", "public_security", "party_office"}, "critical"),
]  # fmt: skip


def warn(stage: Play, colour: str, by: str) -> None:
    stage.send(
        by, "warning.raised", colour=colour, matter="0201", region="990101001001", local_number="预1", text="矛盾激化",
        legal_at=LEGAL_AT,
    )  # fmt: skip


@pytest.mark.parametrize(("colour", "told", "level"), COLOURS)
def test_a_colour_tells_whom_the_rules_name_and_sets_the_risk(
    colour: str, told: set[str], level: str | None
) -> None:
    stage = stage_of("town_centre")
    warn(stage, colour, "town_centre")
    assert {event.to for event in stage.events if event.e == "notified"} == told
    assert stage.case.facts.get("risk_level") == level


def test_a_warning_in_a_known_case_raises_what_is_open_there() -> None:
    stage, referral, task = given()
    warn(stage, "red", "county_centre")
    now = stage.case.referrals[referral.id]
    assert (now.priority, now.owner_rank) == ("emergency", "leader")
    types = [one.type for one in stage.told("east_town")]
    assert types == ["task.assigned.v1", "warning.raised.v1", "owner.wanted.v1"]
    assert due(stage, task) <= timedelta(hours=1)


@pytest.mark.parametrize("rank", ["officer", "director"])
def test_the_state_is_the_same_bytes_made_live_and_from_the_journal(rank: str) -> None:
    stage, _, task = given()
    live = ev.OwnerNamed(task.id, "A01", rank, "handed_over", LEGAL_AT)
    read = msgspec.json.decode(msgspec.json.encode(live), type=ev.OwnerNamed)
    made = [evolve(Case.from_bytes(stage.case.to_bytes()), event).to_bytes() for event in (live, read)]
    assert made[0] == made[1]
    assert (b'"rank"' in made[0]) == (rank != "officer")
