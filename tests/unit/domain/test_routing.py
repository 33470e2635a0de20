"""Whose matter it is: whistles without a named receiver, levels, admission, and refusals that say what would do."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hub.domain.region import above, inside, level_of
from hub.errors import Refusal, RefusalName
from tests.unit.domain.play import Play
from tests.unit.domain.town import stage_of, town_rules, whistle, without

VILLAGE, OTHER_VILLAGE, TOWN, COUNTY = "990101001001", "990101001002", "990101001", "990101"

# Who raises it, what the referral says, whose matter it is, who helps.
WHISTLES: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("county_centre", {"matter": "0502", "region": VILLAGE}, "county_health", []),
    ("county_centre", {"cause": "医疗损害责任纠纷", "region": VILLAGE}, "county_health", []),
    ("city_centre", {"matter": "0502", "region": "990102"}, "city_health", []),
    ("county_centre", {"matter": "0502", "region": VILLAGE, "track": "complex"}, "county_health", ["justice", "town_mediation"]),
    ("county_centre", {"matter": "0201", "region": VILLAGE}, "village_1", []),
    ("county_centre", {"matter": "0201", "region": OTHER_VILLAGE, "weight": "minor"}, "village_2", []),
    ("county_centre", {"matter": "0201", "region": VILLAGE, "weight": "major"}, "east_town", ["town_mediation"]),
    ("county_centre", {"matter": "0201", "region": "990101002", "weight": "major"}, "west_town", ["mediation"]),
    ("county_centre", {"weight": "private", "region": VILLAGE}, "village_1", []),
    ("county_centre", {"weight": "minor", "region": VILLAGE}, "town_mediation", []),
    ("county_centre", {"weight": "major", "region": VILLAGE}, "east_town", []),
    ("town_centre", {"cause": "离婚纠纷", "region": TOWN}, "town_mediation", ["women"]),
    ("village_1", {"matter": "1104", "region": VILLAGE}, "works", []),
    ("east_town", {"matter": "0701", "region": TOWN, "track": "complex"}, "labour", ["housing", "justice"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "said", "lead", "helpers"), WHISTLES)
def test_a_whistle_without_a_receiver_finds_whose_matter_it_is(
    source: str, said: dict[str, Any], lead: str, helpers: list[str]
) -> None:
    stage = stage_of(source)
    referral, task = whistle(stage, **said)
    assert (referral.lead, task.department, task.role) == (lead, lead, "lead")
    others = [one.department for one in stage.case.tasks_of(referral.id) if one.role == "co_handler"]
    assert others == helpers
    assigned = stage.told(lead)[0]
    assert (assigned.type, assigned.own["lead"]) == ("task.assigned.v1", lead)
    (told,) = stage.told(source)
    (routed,) = [event for event in stage.events if event.e == "referral_routed"]
    assert told.type == "referral.routed.v1"
    assert told.own == {
        "referral": referral.id, "task": task.id, "lead": lead, "by": "local", "article": routed.article
    }  # fmt: skip
    row = town_rules().routing.duties[0].rows[routed.row - 1]
    assert row.article == routed.article


def refusal(stage: Play, **said: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        whistle(stage, **said)
    assert stage.case.referrals == {}
    return refused.value


def test_a_matter_that_no_row_covers_is_refused_with_what_would_fit() -> None:
    refused = refusal(stage_of("county_centre"), matter="15", region=VILLAGE)
    assert refused.name is RefusalName.NO_ROUTE
    assert "weights: private, micro, minor, major" in refused.allowed
    assert any(one.startswith("matters: 01, 02") for one in refused.allowed)


def test_a_whistle_that_says_nothing_is_refused() -> None:
    assert refusal(stage_of("county_centre")).name is RefusalName.NO_ROUTE


def test_a_row_whose_owner_nobody_here_is_names_who_plays_the_role_elsewhere() -> None:
    refused = refusal(stage_of("county_centre", without("city_health")), matter="0502", region="990102")
    assert (refused.name, list(refused.allowed)) == (RefusalName.NO_ROUTE, ["county_health"])
    assert "nobody here is it for region 990102" in refused.detail


def test_two_owners_equally_near_are_left_to_a_person() -> None:
    known = town_rules().departments
    second = known["county_health"].model_copy(update={"id": "second_health"})
    under = replace(town_rules(), departments={**known, "second_health": second})
    refused = refusal(stage_of("county_centre", under), matter="0502", region=VILLAGE)
    assert list(refused.allowed) == ["county_health", "second_health"]


def test_the_sender_s_own_matter_is_no_whistle() -> None:
    refused = refusal(stage_of("works"), matter="1104", region=COUNTY)
    assert refused.name is RefusalName.NO_ROUTE
    assert "the sender's own matter" in refused.detail


def test_a_flow_without_a_duty_list_takes_no_whistle() -> None:
    refused = refusal(stage_of("mediation"), flow="LSC", kind="request", papers=[], matter="0101")
    assert (refused.name, list(refused.allowed)) == (RefusalName.NO_ROUTE, ["F21", "F23", "F24"])


def test_before_the_list_was_in_force_there_is_no_owner() -> None:
    known = town_rules()
    later = known.routing.duties[0].model_copy(update={"effective_from": date(2026, 4, 1)})
    under = replace(known, routing=replace(known.routing, duties=(later,)))
    assert refusal(stage_of("county_centre", under), matter="0502").name is RefusalName.NO_ROUTE


def test_what_may_be_settled_below_does_not_go_up() -> None:
    stage = stage_of("village_centre")
    refused = refusal(stage, matter="0201", weight="minor", lead="east_town", region=VILLAGE)
    assert (refused.name, list(refused.allowed)) == (RefusalName.ABOVE_ITS_LEVEL, ["village_1"])
    assert "settled at village level" in refused.detail
    for said in ({"weight": "major"}, {"weight": "minor", "priority": "emergency"}, {}):
        whistle(stage_of("village_centre"), matter="0201", lead="east_town", region=VILLAGE, **said)


def test_only_a_department_has_the_matter_so_it_goes_to_the_department_at_any_weight() -> None:
    stage = stage_of("village_centre")
    referral, _ = whistle(stage, matter="1104", weight="minor", lead="works", region=VILLAGE)
    assert referral.lead == "works"


def test_what_was_tried_below_goes_up_one_level_and_not_two() -> None:
    stage = stage_of("village_centre")
    first, task = whistle(stage, matter="0201", weight="minor", region=VILLAGE)
    stage.act(task, "task.signed")
    stage.act(task, "task.accepted")
    said = {"matter": "0201", "weight": "minor", "region": VILLAGE, "opened_by": first.id}
    with pytest.raises(Refusal) as refused:
        whistle(stage, lead="east_town", **said)
    assert refused.value.name is RefusalName.ABOVE_ITS_LEVEL
    stage.act(task, "task.replied", reply="handling_result", outcome="not_resolved")
    stage.act(task, "reply.confirmed")
    with pytest.raises(Refusal) as refused:
        whistle(stage, lead="mediation", **said)
    assert refused.value.name is RefusalName.ABOVE_ITS_LEVEL
    up, _ = whistle(stage, lead="east_town", **said)
    assert up.lead == "east_town"


def test_what_may_not_be_handed_to_a_community_is_refused_with_reason_and_article() -> None:
    stage = stage_of("county_centre")
    refused = refusal(stage, matter="0701", lead="village_1", region=VILLAGE)
    assert (refused.name, list(refused.allowed)) == (RefusalName.NOT_ADMITTED, ["labour"])
    assert "劳动人事争议属部门职责" in refused.detail
    assert "城市居民委员会组织法 20" in refused.detail
    referral, _ = whistle(stage, matter="0701", lead="village_1", admission="甲政发〔2026〕3号")
    assert referral.lead == "village_1"


def test_a_community_does_not_get_it_as_a_helper_or_by_a_return_either() -> None:
    stage = stage_of("county_centre")
    said = {"matter": "1104", "region": VILLAGE}
    assert refusal(stage, co_handlers=["village_1"], **said).name is RefusalName.NOT_ADMITTED
    _, task = whistle(stage, copies=["village_2"], **said)
    stage.act(task, "task.signed")
    stage.act(task, "task.return_proposed", reason_code="not_in_remit", reason="不属本局")
    with pytest.raises(Refusal) as refused:
        stage.act(task, "return.decided", agreed=True, reassign_to="village_1")
    assert refused.value.name is RefusalName.NOT_ADMITTED
    stage.act(task, "return.decided", agreed=True, reassign_to="village_1", admission="甲政发〔2026〕3号")


def test_a_correction_of_the_matter_counts_for_where_it_may_go() -> None:
    stage = stage_of("county_centre")
    referral, task = whistle(stage, matter="0201", region=VILLAGE, lead="east_town")
    stage.send(
        "county_centre", "referral.corrected", referral=referral.id, legal_at="2026-03-03T09:00:00+08:00",
        fields=["matter"], matter="1103", reason="事项类别有误",
    )  # fmt: skip
    assert stage.case.referrals[referral.id].matter == "1103"
    assert stage.case.referrals[referral.id].region == VILLAGE
    stage.act(task, "task.signed")
    stage.act(task, "task.return_proposed", reason_code="not_in_remit", reason="不属本镇")
    with pytest.raises(Refusal) as refused:
        stage.act(task, "return.decided", agreed=True, reassign_to="village_1")
    assert refused.value.name is RefusalName.NOT_ADMITTED


def test_regions_are_places_inside_each_other() -> None:
    levels = {"990000": "province", "990100": "city", "990101": "county", TOWN: "town", VILLAGE: "village"}
    assert {code: level_of(code) for code in levels} == levels
    assert level_of("990101001000") == "town"
    assert all(inside(VILLAGE, region) for region in ("990100", TOWN, VILLAGE))
    assert not inside("990100", COUNTY)
    assert not inside("990102", COUNTY)
    assert (above("village"), above("province")) == ("town", "province")
