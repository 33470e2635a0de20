"""What a department's developer relies on: schema and model agree, producers are strict, readers are not."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import ValidationError

from schemas.classes import nested_models, sealed_fields
from schemas.messages import BY_TYPE, KINDS, MessageKind, reader
from schemas.messages.base import Party
from schemas.messages.referral import ReferralCorrected, ReferralRaised
from schemas.messages.task import RedeliveryRequested, ReturnDecided, TaskExcluded
from schemas.publish import message_schema
from tests.unit.schemas.samples import full, small

FORMATS = FormatChecker(["date", "uuid"])
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or bool(MOMENT.fullmatch(value)))
WRONG: list[Any] = [
    None,
    "",
    " ",
    "a\u0000b",
    "a\nb",
    "yes",
    "3",
    "x" * 20_001,
    0,
    -1,
    3,
    1772415000,
    True,
    [],
    {},
    ["x"],
    [None],
    "2026-03-02",
    "2026-03-02 09:30:00+08:00",
    "2026-03-02T09:30:00",
    "2026-03-02T09:30:00+08:00",
    "f69faf12-e351-58a5-80fb-00b935a69853",
    "F69FAF12-E351-58A5-80FB-00B935A69853",
    "３３０１９９",
]
REFERRAL = "f69faf12-e351-58a5-80fb-00b935a69853"
ACT = {"legal_at": "2026-03-02T09:30:00+08:00", "referral": REFERRAL}
TASK_ACT = {**ACT, "task": "9517d017-b06c-5472-b8ab-9feae0bfe72b"}
by_type = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)


def document(kind: MessageKind) -> dict[str, Any]:
    """A full document that also fits what the schema can't say."""
    data = full(message_schema(kind))
    if kind.model is ReferralCorrected:
        data["fields"] = ["title", "summary", "parties", "matter", "region", "in_custody", "legal_at"]
    return data


def accepts(kind: MessageKind, data: Any) -> bool:
    """Whether the producer's model takes it, what only the model can say left aside."""
    try:
        kind.model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        return all(_says_more_than_a_schema(problem) for problem in error.errors())
    return True


def _says_more_than_a_schema(problem: Any) -> bool:
    """A rule over several fields, or a check digit; not one of the narrow scalars."""
    scalar = any(
        part in problem["msg"] for part in ("must be a date", "must be a UUID", "must be 18 characters")
    )
    return problem["type"] == "value_error" and not scalar


def _places(data: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if place:
        yield place
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in inner:
        yield from _places(value, (*place, name))


@by_type
def test_a_document_after_the_schema_is_taken(kind: MessageKind) -> None:
    validator = Draft202012Validator(message_schema(kind), format_checker=FORMATS)
    least = small(message_schema(kind)) | ({"fields": ["matter"]} if kind.model is ReferralCorrected else {})
    for data in (document(kind), least):
        validator.validate(data)
        kind.model.model_validate_json(json.dumps(data))


@by_type
def test_schema_and_model_agree_on_every_wrong_value_in_every_place(kind: MessageKind) -> None:
    validator = Draft202012Validator(message_schema(kind), format_checker=FORMATS)
    whole = document(kind)
    for place in _places(whole):
        for value in WRONG:
            data = deepcopy(whole)
            holder = data
            for step in place[:-1]:
                holder = holder[step]  # type: ignore[index]
            holder[place[-1]] = value  # type: ignore[index]
            assert accepts(kind, data) == validator.is_valid(data), (place, value)


@by_type
def test_a_missing_field_is_missed_by_both(kind: MessageKind) -> None:
    validator = Draft202012Validator(message_schema(kind))
    whole = document(kind)
    for name in whole:
        rest = {other: value for other, value in whole.items() if other != name}
        assert accepts(kind, rest) == validator.is_valid(rest), name


@by_type
def test_a_producer_may_add_nothing_and_a_reader_ignores_it_at_every_level(kind: MessageKind) -> None:
    data = _with_news(document(kind))
    with pytest.raises(ValidationError) as caught:
        kind.model.model_validate(data)
    assert {problem["type"] for problem in caught.value.errors()} == {"extra_forbidden"}
    assert not Draft202012Validator(message_schema(kind)).is_valid(data)
    read = reader(kind.model).model_validate(data)
    assert read.model_dump() == kind.model.model_validate(document(kind)).model_dump()
    assert isinstance(read, kind.model)


@by_type
def test_a_reader_keeps_checks_classes_and_defaults(kind: MessageKind) -> None:
    reading = reader(kind.model)
    assert reading is reader(kind.model)
    assert sealed_fields(reading) == sealed_fields(kind.model)
    least = small(message_schema(kind)) | ({"fields": ["matter"]} if kind.model is ReferralCorrected else {})
    assert reading.model_validate(least).model_dump() == kind.model.model_validate(least).model_dump()
    for name in least:
        with pytest.raises(ValidationError, match=name):
            reading.model_validate({other: value for other, value in least.items() if other != name})


def test_types_are_named_once_and_someone_sends_each() -> None:
    assert len(BY_TYPE) == len(KINDS)
    assert all(kind.inbound or kind.outbound for kind in KINDS)


def test_errors_do_not_repeat_what_may_be_personal() -> None:
    data = {**full(message_schema(BY_TYPE["referral.raised.v1"])), "title": "测试甲" * 200}
    with pytest.raises(ValidationError) as caught:
        ReferralRaised.model_validate(data)
    assert "title" in str(caught.value)
    assert "测试甲" not in str(caught.value)
    with pytest.raises(ValidationError, match="birth") as caught:
        Party.model_validate({"role": "suspect", "name": "测试甲", "birth": "1990/01/01"})
    assert "1990/01/01" not in str(caught.value)


def test_a_resident_id_of_a_party_is_checked_and_named_but_not_repeated() -> None:
    Party.model_validate(
        {"role": "suspect", "name": "测试甲", "id_type": "111", "id_number": "810000199001010019"}
    )
    Party.model_validate(
        {"role": "suspect", "name": "测试甲", "id_type": "414", "id_number": "810000199001010010"}
    )
    with pytest.raises(ValidationError, match="id_number: 公民身份号码") as caught:
        Party.model_validate(
            {"role": "suspect", "name": "测试甲", "id_type": "111", "id_number": "810000199001010010"}
        )
    assert "810000199001010010" not in str(caught.value)


@pytest.mark.parametrize("name", ["local_number", "title", "summary", "note", "document"])
def test_a_text_holds_no_nul_which_no_database_could_store(name: str) -> None:
    data = {**full(message_schema(BY_TYPE["referral.raised.v1"])), name: "a\x00b"}
    with pytest.raises(ValidationError, match=name):
        ReferralRaised.model_validate_json(json.dumps(data))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fields": []}, "must name one or more"),
        ({"fields": ["lead"], "title": "x"}, "lead"),
        ({"fields": ["title"]}, "title: fields names"),
        ({"fields": ["parties"]}, "parties: fields names"),
        ({"fields": ["legal_at"]}, "corrected_legal_at: fields names"),
        ({"fields": ["matter"], "title": "x"}, "title: is given"),
        (
            {"fields": ["matter"], "corrected_legal_at": "2026-03-01T00:00:00+08:00"},
            "corrected_legal_at: is given",
        ),
    ],
)
def test_a_correction_names_what_it_gives_and_gives_what_it_names(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        ReferralCorrected.model_validate({**ACT, "reason": "写错", **change})


def test_a_correction_may_empty_what_may_be_empty() -> None:
    corrected = ReferralCorrected.model_validate(
        {**ACT, "reason": "写错", "fields": ["summary", "in_custody"]}
    )
    assert corrected.summary is None
    assert corrected.in_custody is None


def test_rules_over_two_fields_name_both() -> None:
    with pytest.raises(ValidationError, match=r"to_on 2026-03-01 must not be before from_on 2026-03-02"):
        TaskExcluded.model_validate(
            {**TASK_ACT, "kind": "appraisal", "from_on": "2026-03-02", "to_on": "2026-03-01"}
        )
    with pytest.raises(ValidationError, match="to_sequence 1 must not be below 2"):
        RedeliveryRequested.model_validate({"from_sequence": 2, "to_sequence": 1})
    with pytest.raises(ValidationError, match="reassign_to 'court'"):
        ReturnDecided.model_validate({**TASK_ACT, "agreed": False, "reassign_to": "court"})


def _with_news(data: Any) -> Any:
    if isinstance(data, dict):
        return {**{name: _with_news(value) for name, value in data.items()}, "added_later": 1}
    return [_with_news(value) for value in data] if isinstance(data, list) else data


def test_the_samples_reach_into_nested_models() -> None:
    nested = [
        kind
        for kind in KINDS
        if any(any(nested_models(f.annotation)) for f in kind.model.model_fields.values())
    ]
    assert len(nested) >= 8
    assert "added_later" in _with_news(document(BY_TYPE["referral.raised.v1"]))["parties"][0]
