"""Duplicates: which two open matters are alike enough to be offered, to whom, and what people say to it."""

from datetime import timedelta

import pytest

from hub.domain.comparing import Agreement, Found, agreement, came_later
from hub.errors import Refusal, RefusalName
from tests.unit.domain.play import LEGAL_AT, OTHER_CASE, Play, play, rules

FLOW, OTHER_FLOW, CRIMINAL = (rules().flows[code][-1] for code in ("F21", "F24", "F1"))
DATA = rules().duplicates
NUMBER: Agreement = {"id_number": b"1"}
NAME, NEXT_NAME, PHONE = {"name": b"z"}, {"name": b"l"}, {"name": b"z", "phone": b"p"}
ABOUT = {"matter": "0305", "region": "990101001002"}
OFFER = {
    "other_case": OTHER_CASE,
    "combination": "number_and_kind",
    "agrees": ["id_number", "matter_kind"],
    "rests_with": ["court"],
}


def two(*, days: int = 0, flow: str = "F24", **other: str | None) -> tuple[Play, Play]:
    """A petition at the court, and later a matter that the governance centre gave to the street office."""
    first, _, _ = play(FLOW, lead="court", **ABOUT)
    under = rules().flows[flow][-1]
    lead = {"lead": "street"} if flow == "F24" else {}
    second = Play(number="乙号", opener="governance" if flow == "F24" else "public_security")
    second.at += timedelta(hours=1)
    at = f"2026-03-{2 + days:02}T09:30:00+08:00" if days < 30 else "2027-06-02T09:30:00+08:00"
    second.raise_(under, legal_at=at, **lead, **(ABOUT | other))
    return first, second


def why(first: Play, second: Play, *persons: Agreement) -> Found | None:
    """By which combination the two are offered."""
    return agreement(DATA, second.case, first.case, persons)


KIND = {"region": None}
ALIKE = [
    ([NUMBER], KIND, ("number_and_kind", ["id_number", "matter_kind"])),
    ([NUMBER], {"matter": "0901"}, ("number_and_town", ["id_number", "place_12"])),
    ([NUMBER], {"matter": "0901", "region": "990101001009"}, ("number_and_town", ["id_number", "place_9"])),
    ([NUMBER], {"matter": "0901", "region": "990101002"}, None),
    ([PHONE], KIND, ("phone_and_kind", ["name", "phone", "matter_kind"])),
    ([PHONE], {"matter": "0901"}, ("phone_and_town", ["name", "phone", "place_12"])),
    ([NAME], {}, ("name_village_kind", ["name", "place_12", "matter_kind"])),
    ([NAME], {"region": "990101001"}, None),
    ([NAME, NEXT_NAME], {"region": "990101", "matter": "0301"}, ("both_sides", ["name", "place_6", "matter_class"])),
    # The same person named in two messages is one person.
    ([NAME, NAME], {"region": "990101", "matter": "0301"}, None),
    ([], {}, None),
    ([NUMBER], {"matter": None, "region": None}, None),
]  # fmt: skip


@pytest.mark.covers("P5", "P18")
@pytest.mark.parametrize(("persons", "other", "found"), ALIKE)
def test_people_count_only_together_with_place_or_matter_and_what_agrees_is_said(
    persons: list[Agreement], other: dict[str, str | None], found: tuple[str, list[str]] | None
) -> None:
    first, second = two(**other)
    assert why(first, second, *persons) == found
    assert agreement(DATA, first.case, second.case, persons) == found


def test_dates_far_apart_are_not_one_matter() -> None:
    assert why(*two(days=30), NAME) is None
    assert why(*two(days=20), NAME) is not None


def test_only_open_matters_of_the_named_flows_are_compared() -> None:
    first, second = two(flow="F1")
    assert second.case.referrals
    assert why(first, second, NUMBER) is None
    first, second = two()
    assert came_later(second.case, first.case)
    assert not came_later(first.case, second.case)
    for one in (first, second):
        closed = one.case.copy()
        closed.referrals = {}
        other = second if one is first else first
        assert agreement(DATA, closed, other.case, [NUMBER]) is None


def test_a_sealed_record_is_never_compared_or_offered() -> None:
    first, second = two()
    kind = rules().record_sealing.kinds[0].code
    first.send("court", "case.fact_recorded", fact="record_sealed", value=kind, legal_at=LEGAL_AT)
    assert why(first, second, NUMBER) is None
    assert first.send("hub", "hub.duplicate_found", **OFFER) == []
    first.send("court", "case.fact_recorded", fact="record_sealed", value="lifted", legal_at=LEGAL_AT)
    assert why(first, second, NUMBER) is not None
    assert first.send("hub", "hub.duplicate_found", **OFFER) != []


def offered() -> Play:
    """A matter of the court that was offered another case."""
    stage, _, _ = play(FLOW, lead="court", **ABOUT)
    stage.send("hub", "hub.duplicate_found", **OFFER)
    return stage


def test_the_offer_goes_to_whom_the_case_rests_on_once_and_links_nothing() -> None:
    stage = offered()
    (told,) = [one for one in stage.told("court") if one.type == "duplicate.offered.v1"]
    assert told.own == OFFER
    assert [one.type for one in stage.told("petition")] == []
    assert (stage.case.links, stage.case.merged_into) == ((), None)
    assert stage.case.duplicates == {OTHER_CASE: "offered"}
    assert stage.send("hub", "hub.duplicate_found", **OFFER) == []


def test_people_link_or_merge_or_say_that_it_is_not_the_same() -> None:
    answers = {
        "case.linked": ({"other_case": OTHER_CASE, "relation": "duplicate"}, "linked"),
        "case.merged": ({"into_case": OTHER_CASE}, "merged"),
        "duplicate.dismissed": ({"other_case": OTHER_CASE, "reason": "诉求不同"}, "dismissed"),
    }
    for step, (data, verdict) in answers.items():
        stage = offered()
        stage.send("court", step, legal_at=LEGAL_AT, **data)
        assert stage.case.duplicates == {OTHER_CASE: verdict}, step
        (answered,) = [event for event in stage.events if event.e == "duplicate_answered"]
        assert (answered.verdict, answered.by) == (verdict, "court")
        if verdict != "merged":
            assert stage.send("hub", "hub.duplicate_found", **OFFER) == []
    assert [one.type for one in stage.told("petition")][-1:] == ["duplicate.dismissed.v1"]


def test_a_link_made_in_the_other_case_answers_too_and_is_not_offered() -> None:
    for relation, verdict in (("duplicate", "linked"), ("merged_from", "merged")):
        stage = offered()
        stage.send("hub", "hub.link_mirrored", other_case=OTHER_CASE, relation=relation, legal_at=LEGAL_AT)
        assert stage.case.duplicates == {OTHER_CASE: verdict}
    stage, _, _ = play(FLOW, lead="court")
    stage.send("court", "case.linked", legal_at=LEGAL_AT, other_case=OTHER_CASE, relation="same_incident")
    assert stage.case.duplicates == {}
    assert stage.send("hub", "hub.duplicate_found", **OFFER) == []


def test_only_a_party_answers_and_only_what_stands_offered() -> None:
    stage = offered()
    said = {"legal_at": LEGAL_AT, "other_case": OTHER_CASE, "reason": "诉求不同"}
    with pytest.raises(Refusal) as refused:
        stage.send("procuratorate", "duplicate.dismissed", **said)
    assert refused.value.name is RefusalName.NOT_A_PARTY
    with pytest.raises(Refusal) as refused:
        stage.send("court", "duplicate.dismissed", **(said | {"other_case": stage.case.id}))
    assert (refused.value.name, list(refused.value.allowed)) == (RefusalName.ILLEGAL_STEP, [OTHER_CASE])
    stage.send("court", "duplicate.dismissed", **said)
    with pytest.raises(Refusal):
        stage.send("court", "duplicate.dismissed", **said)
