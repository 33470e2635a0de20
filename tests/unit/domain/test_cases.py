"""Whole cases: which messages open one, facts, links, merges, splits, redelivery, parties."""

import pytest

from hub.errors import Parking, ParkingName, Refusal, RefusalName
from schemas.identifiers import mint_case_id
from tests.unit.domain.play import LEGAL_AT, OTHER_CASE, Play, play, rules, to_state

FLOW = rules().flows["F21"][-1]


def test_only_a_minted_id_opens_a_case() -> None:
    stage = Play()
    with pytest.raises(Parking) as parked:
        stage.raise_(FLOW, local_number="另一个号", lead="court")
    assert parked.value.name is ParkingName.EARLY
    stage.raise_(FLOW, lead="court")
    assert stage.case.born
    stage.raise_(FLOW, lead="justice", local_number="另一个号")


def test_what_is_not_known_yet_is_early() -> None:
    stage = Play()
    early = [("court", "case.fact_recorded", {"fact": "custody", "value": "x"})]
    early += [("court", "task.signed", {"referral": OTHER_CASE, "task": OTHER_CASE})]
    for source, step, data in early:
        with pytest.raises(Parking) as parked:
            stage.send(source, step, legal_at=LEGAL_AT, **data)
        assert parked.value.name is ParkingName.EARLY
    stage, referral, task = play(FLOW, lead="court")
    for ids in ({"referral": OTHER_CASE, "task": task.id}, {"referral": referral.id, "task": OTHER_CASE}):
        with pytest.raises(Parking):
            stage.send("court", "task.signed", legal_at=LEGAL_AT, **ids)
    with pytest.raises(Parking):
        stage.raise_(FLOW, lead="justice", opened_by=OTHER_CASE)


def test_strangers_have_no_part() -> None:
    stage, referral, task = play(FLOW, lead="court")
    steps = {
        "case.fact_recorded": {"fact": "custody", "value": "x"},
        "case.linked": {"other_case": OTHER_CASE, "relation": "same_incident"},
        "case.merged": {"into_case": OTHER_CASE},
        "case.split": {"new_local_number": "新", "referrals": [referral.id]},
        "referral.corrected": {"referral": referral.id, "fields": ["summary"], "reason": "x"},
        "followup.recorded": {"referral": referral.id, "reached": True},
        "task.signed": {"referral": referral.id, "task": task.id},
    }
    for step, data in steps.items():
        with pytest.raises(Refusal) as refused:
            stage.send("procuratorate", step, legal_at=LEGAL_AT, **data)
        assert refused.value.name is RefusalName.NOT_A_PARTY, step
    with pytest.raises(Refusal) as refused:
        stage.send("procuratorate", "redelivery.requested", from_sequence=1)
    assert refused.value.name is RefusalName.NOT_A_PARTY
    with pytest.raises(Refusal) as refused:
        stage.raise_(rules().flows["F1"][-1], source="public_security", lead="procuratorate", kind="request")
    assert refused.value.name is RefusalName.NOT_A_PARTY


def test_link_merge_and_split_write_one_half_and_send_the_other() -> None:
    for step, data, other in (
        ("case.linked", {"other_case": OTHER_CASE, "relation": "same_incident"}, OTHER_CASE),
        ("case.merged", {"into_case": OTHER_CASE}, OTHER_CASE),
        ("case.split", {"new_local_number": "新1", "referrals": []}, mint_case_id("court", "新1")),
    ):
        stage, _, _ = play(FLOW, lead="court")
        events = stage.send("court", step, legal_at=LEGAL_AT, **data)
        issued = [event for event in events if event.e == "hub_message_issued"]
        assert [(event.type, event.case) for event in issued] == [("hub.link_mirrored.v1", other)]
        assert issued[0].data["other_case"] == stage.case.id
        mirror = Play(number="别的案")
        mirror.send("hub", "hub.link_mirrored", **issued[0].data)
        assert mirror.case.links == (stage.case.id,)
        assert not mirror.case.born
        assert [event.e for event in mirror.events] == ["case_linked"]


def test_a_merged_case_names_where_it_goes_on() -> None:
    stage, _, task = play(FLOW, lead="court")
    stage.send("court", "case.merged", legal_at=LEGAL_AT, into_case=OTHER_CASE)
    with pytest.raises(Refusal) as refused:
        stage.act(task, "task.signed")
    assert refused.value.name is RefusalName.CASE_MERGED
    assert list(refused.value.allowed) == [OTHER_CASE]
    stage, _, _ = play(FLOW, lead="court")
    with pytest.raises(Refusal):
        stage.send("court", "case.merged", legal_at=LEGAL_AT, into_case=stage.case.id)


def test_redelivery_of_what_was_sent_and_not_beyond() -> None:
    stage, _, task = play(FLOW, lead="court")
    to_state(stage, task, "handling")
    sent = stage.case.sequences["petition"]
    assert sent == 4
    (granted,) = stage.send("petition", "redelivery.requested", from_sequence=2)
    assert granted.e == "redelivery_granted"
    assert (granted.to, granted.first, granted.last) == ("petition", 2, sent)
    (granted,) = stage.send("petition", "redelivery.requested", from_sequence=1, to_sequence=1)
    assert granted.e == "redelivery_granted"
    assert (granted.first, granted.last) == (1, 1)
    (refusals,) = stage.send("petition", "redelivery.requested", from_sequence=sent + 1)
    assert refusals.e == "redelivery_granted"
    assert (refusals.first, refusals.last) == (sent + 1, sent)
    for data in ({"from_sequence": sent + 2}, {"from_sequence": 1, "to_sequence": sent + 1}):
        with pytest.raises(Refusal) as refused:
            stage.send("petition", "redelivery.requested", **data)
        assert list(refused.value.allowed) == [f"1..{sent}"]
    assert stage.case.sequences["petition"] == sent


def test_a_warning_opens_a_case_of_its_own_for_whom_it_is_a_matter_later() -> None:
    """A warning may be followed by a referral of the same department under the same number."""
    stage = Play()
    stage.send(
        "petition", "warning.raised", legal_at=LEGAL_AT, colour="red", local_number=stage.number, text="x"
    )
    assert stage.case.born
    stage.raise_(FLOW, lead="court")
    assert len(stage.case.tasks) == 1


def test_numbers_are_learned_once() -> None:
    stage, referral, task = play(FLOW, lead="court")
    stage.act(task, "task.received", local_number="（2026）浙9901民初1号")
    stage.act(task, "task.signed")
    stage.act(task, "task.accepted", local_number="（2026）浙9901民初1号")
    stage.act(task, "task.received", local_number="（2026）浙9901民初2号")
    learned = [(e.department, e.number) for e in stage.events if e.e == "number_learned"]
    assert learned == [
        ("petition", stage.number),
        ("court", "（2026）浙9901民初1号"),
        ("court", "（2026）浙9901民初2号"),
    ]
    assert stage.case.tasks[task.id].local_number == "（2026）浙9901民初1号"
    assert referral.local_number == stage.number
