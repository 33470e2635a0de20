"""What each recipient sees (promise 8), and what a correction makes of what was sent."""

from typing import Any

import pytest
from msgspec.json import encode
from pydantic import BaseModel

from hub.domain.case import MessageRef
from hub.domain.events import Notified
from hub.domain.view import Alike, Content, compose, composed
from schemas.classes import FieldClass, field_classes, nested_models
from schemas.messages import BY_TYPE, KINDS
from schemas.messages.outbound import TaskAssigned
from tests.unit.domain.play import LEGAL_AT, papers, play, rules, to_state, walk
from tests.unit.schemas.samples import full

FIRST, SECOND = MessageRef("petition", "m1"), MessageRef("petition", "m2")
PERSON = {
    "role": "petitioner",
    "name": "测试员甲",
    "id_type": "111",
    "id_number": "99010019900101001X",
    "phone": "19900000000",
    "address": "测试路1号",
    "gender": "1",
    "birth": "1990-01-01",
}
RAISED: dict[str, Any] = {
    "legal_at": LEGAL_AT,
    "flow": "F21",
    "kind": "forward",
    "local_number": "信2026-1",
    "title": "噪声扰民",
    "summary": "楼下施工",
    "parties": [PERSON],
    "papers": papers(["forward_letter"]),
    "lead": "court",
    "officer": "承办员乙",
    "matter": "0102",
}
OWN = {
    "referral": "r",
    "task": "t",
    "role": "copy",
    "sender": "petition",
    "sender_number": "信2026-1",
    "lead": "court",
}


def assigned(ceiling: FieldClass, *contents: MessageRef) -> Notified:
    return Notified(
        "x", "task.assigned.v1", 1, int(ceiling), own=dict(OWN), contents=list(contents or (FIRST,))
    )


def above(model: type[BaseModel], data: dict[str, Any], ceiling: FieldClass) -> list[str]:
    """Names of the fields in data, at any depth, that are above a ceiling or that the model doesn't know."""
    found = []
    classes = field_classes(model)
    for name, value in data.items():
        if name not in classes or classes[name].level > ceiling:
            found.append(name)
            continue
        inner = next(nested_models(model.model_fields[name].annotation), None)
        for item in value if isinstance(value, list) else [value]:
            if inner is not None and isinstance(item, dict):
                found += above(inner, item, ceiling)
    return found


@pytest.mark.parametrize("kind", [k for k in KINDS if k.inbound and k.outbound], ids=lambda kind: kind.type)
@pytest.mark.parametrize("ceiling", list(FieldClass))
def test_a_step_passed_on_shows_nothing_above_the_ceiling(kind: Any, ceiling: FieldClass) -> None:
    data = full(kind.model.model_json_schema())
    told = Notified("x", kind.type, 1, int(ceiling), actor="court")
    seen = compose(told, (kind.type, data), {})
    assert above(kind.model, seen, ceiling) == []
    kept = {name for name, mark in field_classes(kind.model).items() if mark.level <= ceiling}
    assert set(seen) == kept & set(data)


def test_a_copy_sees_no_person() -> None:
    contents: dict[MessageRef, Content] = {FIRST: ("referral.raised.v1", RAISED)}
    seen = compose(assigned(FieldClass.INTERNAL), None, contents)
    texts = {str(value) for value in walk(seen)}
    assert not texts & {PERSON[name] for name in ("name", "id_number", "phone", "address", "birth")}
    assert "parties" not in seen
    assert "承办员乙" not in texts
    assert seen["title"] == "噪声扰民"
    assert seen["papers"] == RAISED["papers"]
    assert set(seen) <= set(TaskAssigned.model_fields)


def test_roles_see_as_their_flow_says() -> None:
    contents: dict[MessageRef, Content] = {FIRST: ("referral.raised.v1", RAISED)}
    assert compose(assigned(FieldClass.SENSITIVE), None, contents)["parties"] == [PERSON]
    personal = compose(assigned(FieldClass.PERSONAL), None, contents)["parties"][0]
    assert set(personal) == {"role", "name", "id_type", "address", "gender"}
    assert "parties" not in compose(assigned(FieldClass.INTERNAL), None, contents)


def test_every_record_for_a_copy_has_the_copys_ceiling() -> None:
    stage, referral, task = play(
        rules().flows["F21"][-1], lead="court", copies=["street"], co_handlers=["justice"]
    )
    to_state(stage, task, "handling")
    corrected = {"fields": ["summary"], "summary": "更正", "reason": "笔误"}
    stage.send("petition", "referral.corrected", referral=referral.id, legal_at=LEGAL_AT, **corrected)
    stage.send("court", "case.fact_recorded", legal_at=LEGAL_AT, fact="custody", value="released")
    to_state(stage, task, "confirmed")
    told = stage.told("street")
    assert [event.type for event in told] == [
        "task.assigned.v1",
        "referral.corrected.v1",
        "case.fact_recorded.v1",
    ]
    assert {event.ceiling for event in told} == {FieldClass.INTERNAL}
    assert {event.ceiling for event in stage.told("court") if event.contents} == {FieldClass.SENSITIVE}


def test_a_correction_overrides_what_it_names_and_no_more() -> None:
    correction = {
        "referral": "r",
        "legal_at": "2026-03-05T09:00:00+08:00",
        "fields": ["title", "parties", "legal_at"],
        "reason": "身份核实",
        "title": "施工噪声",
        "parties": [{**PERSON, "name": "测试员丙"}],
        "corrected_legal_at": "2026-03-01T09:00:00+08:00",
        "officer": "更正人",
    }
    contents: dict[MessageRef, Content] = {
        FIRST: ("referral.raised.v1", RAISED),
        SECOND: ("referral.corrected.v1", correction),
    }
    seen = compose(assigned(FieldClass.SENSITIVE, FIRST, SECOND), None, contents)
    assert (seen["title"], seen["summary"]) == ("施工噪声", "楼下施工")
    assert seen["parties"][0]["name"] == "测试员丙"
    assert seen["legal_at"] == "2026-03-01T09:00:00+08:00"
    assert "officer" not in seen


def test_a_correction_empties_what_it_names_without_a_value() -> None:
    for correction in ({"fields": ["summary", "matter"]}, {"fields": ["summary", "matter"], "summary": None}):
        contents: dict[MessageRef, Content] = {
            FIRST: ("referral.raised.v1", RAISED),
            SECOND: (
                "referral.corrected.v1",
                {"referral": "r", "legal_at": LEGAL_AT, "reason": "误录", **correction},
            ),
        }
        seen = compose(assigned(FieldClass.SENSITIVE, FIRST, SECOND), None, contents)
        assert seen.get("summary") is None
        assert seen.get("matter") is None
        assert seen["title"] == "噪声扰民"


def test_a_correction_of_the_legal_moment_moves_the_referral() -> None:
    stage, referral, _ = play(rules().flows["F21"][-1], lead="court")
    new = "2026-02-27T09:00:00+08:00"
    data = {"fields": ["legal_at"], "reason": "笔误", "corrected_legal_at": new}
    stage.send("petition", "referral.corrected", referral=referral.id, legal_at=LEGAL_AT, **data)
    assert stage.case.referrals[referral.id].legal_at == new
    assert len(stage.case.referrals[referral.id].contents) == 2


def test_missing_content_is_said() -> None:
    with pytest.raises(KeyError):
        compose(assigned(FieldClass.SENSITIVE), None, {})
    with pytest.raises(KeyError, match=r"task.signed.v1 to x: the message it passes on is missing"):
        compose(Notified("x", "task.signed.v1", 1, 3, actor="court"), None, {})


def test_every_type_that_is_passed_on_may_be_written_by_the_hub() -> None:
    """A record that `decide` announces without a type of its own keeps the message's type."""
    assert [kind.type for kind in KINDS if kind.outbound and kind.type not in BY_TYPE] == []


# Who is given which papers: `x` is what the role and the raising message make of it.
HANDED = [
    ("lead", [], ["all", "lead", "copy", "both"]),
    # A copy that the sender named, and one that it did not: the superior in a dispute.
    ("copy", ["x"], ["all", "copy", "both"]),
    ("copy", [], ["all", "lead", "copy", "both"]),
    ("co_handler", [], ["all", "copy", "both"]),
]


@pytest.mark.parametrize(("role", "copies", "given"), HANDED)
def test_papers_reach_whom_they_are_for_and_do_not_say_whom_else(
    role: str, copies: list[str], given: list[str]
) -> None:
    handed = papers(["all", "lead", "copy", "other", "both"])
    handed[1]["to"], handed[2]["to"], handed[3]["to"], handed[4]["to"] = ["lead"], ["x"], ["y"], ["lead", "x"]
    contents: dict[MessageRef, Content] = {
        FIRST: ("referral.raised.v1", RAISED | {"papers": handed, "copies": copies})
    }
    told = Notified(
        "x", "task.assigned.v1", 1, int(FieldClass.SENSITIVE), own={**OWN, "role": role}, contents=[FIRST]
    )
    alike: Alike = {}
    for _ in range(2):
        data = compose(told, None, contents)
        assert composed(told, None, contents, alike) == encode(data)
        assert [paper["code"] for paper in data["papers"]] == given
        assert not any("to" in paper for paper in data["papers"])


@pytest.mark.parametrize("ceiling", list(FieldClass))
@pytest.mark.parametrize("named", [(FIRST,), (FIRST, SECOND)])
def test_bytes_that_receivers_share_say_what_each_is_to_see(
    ceiling: FieldClass, named: tuple[MessageRef, ...]
) -> None:
    correction = {"referral": "r", "legal_at": LEGAL_AT, "fields": ["title"], "reason": "x", "title": "施工"}
    contents: dict[MessageRef, Content] = {
        FIRST: ("referral.raised.v1", RAISED),
        SECOND: ("referral.corrected.v1", correction),
    }
    alike: Alike = {}
    for task in ("t1", "t2"):
        told = assigned(ceiling, *named)
        told.own["task"] = task
        assert composed(told, None, contents, alike) == encode(compose(told, None, contents))
    assert len(alike) == 1
    bare = Notified("x", "task.assigned.v1", 1, int(ceiling), contents=list(named))
    assert composed(bare, None, contents, alike) == encode(compose(bare, None, contents))
