"""Field classes: what is reported, what is sealed, what a receiver sees."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from schemas.classes import (
    FieldClass,
    FreeText,
    Internal,
    Personal,
    Public,
    Sensitive,
    class_problems,
    field_classes,
    sealed_fields,
    visible,
)
from schemas.messages import KINDS
from schemas.messages.referral import ReferralRaised


class Person(BaseModel):
    role: Internal[str]
    name: Personal[str]
    phone: Sensitive[str | None] = None


class Matter(BaseModel):
    number: Public[Annotated[int, Field(ge=0)]]
    state: Internal[str]
    story: FreeText[str | None] = None
    people: Personal[list[Person]] = []
    chief: Personal[Person | None] = None


class Unclassified(BaseModel):
    number: Internal[str]
    remark: str | None = None


class Twice(BaseModel):
    number: Public[Internal[str]]


class Leaky(BaseModel):
    people: Internal[list[Person]]


class DeepLeak(BaseModel):
    matter: Personal[list[Unclassified]]


MATTER = {
    "number": 1,
    "state": "open",
    "story": "…",
    "people": [{"role": "a", "name": "测试甲", "phone": "0"}, {"role": "b", "name": "测试乙", "new": 1}],
    "chief": {"role": "c", "name": "测试丙", "phone": "1"},
    "unknown": "x",
}


def test_a_field_without_a_class_is_reported_by_model_and_field() -> None:
    assert list(class_problems(Unclassified)) == [
        "Unclassified.remark: has 0 field classes, needs exactly one"
    ]
    with pytest.raises(TypeError, match=r"Unclassified\.remark"):
        field_classes(Unclassified)


def test_a_field_with_two_classes_is_reported() -> None:
    assert list(class_problems(Twice)) == ["Twice.number: has 2 field classes, needs exactly one"]


def test_an_open_field_that_holds_a_sealed_one_is_reported() -> None:
    assert list(class_problems(Leaky)) == ["Leaky.people: open, but Person holds sealed ['name', 'phone']"]


def test_a_problem_inside_is_reported_through_the_outer_model() -> None:
    assert list(class_problems(DeepLeak)) == ["Unclassified.remark: has 0 field classes, needs exactly one"]


def test_the_contract_has_no_such_problem() -> None:
    assert [problem for kind in KINDS for problem in class_problems(kind.model)] == []


def test_personal_sensitive_and_free_text_are_sealed() -> None:
    assert sealed_fields(Matter) == {"story", "people", "chief"}
    assert sealed_fields(Person) == {"name", "phone"}
    assert sealed_fields(ReferralRaised) == {
        "backdated_reason",
        "leader",
        "note",
        "officer",
        "parties",
        "summary",
        "title",
    }


@pytest.mark.parametrize(
    ("ceiling", "shown"),
    [
        (FieldClass.PUBLIC, {"number": 1}),
        (FieldClass.INTERNAL, {"number": 1, "state": "open", "story": "…"}),
        (
            FieldClass.PERSONAL,
            {
                "number": 1,
                "state": "open",
                "story": "…",
                "people": [{"role": "a", "name": "测试甲"}, {"role": "b", "name": "测试乙"}],
                "chief": {"role": "c", "name": "测试丙"},
            },
        ),
        (
            FieldClass.SENSITIVE,
            {
                "number": 1,
                "state": "open",
                "story": "…",
                "people": [{"role": "a", "name": "测试甲", "phone": "0"}, {"role": "b", "name": "测试乙"}],
                "chief": {"role": "c", "name": "测试丙", "phone": "1"},
            },
        ),
    ],
)
def test_a_receiver_sees_up_to_its_ceiling_at_every_level(
    ceiling: FieldClass, shown: dict[str, object]
) -> None:
    assert visible(Matter, MATTER, ceiling) == shown


def test_what_has_no_class_is_never_shown() -> None:
    assert "unknown" not in visible(Matter, MATTER, FieldClass.SENSITIVE)


def test_an_empty_inner_value_stays_empty() -> None:
    data = {"number": 1, "people": [], "chief": None}
    assert visible(Matter, data, FieldClass.SENSITIVE) == data
