"""The court's words and codes: what is written is read again, and both sides' lists are the same."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.court.codes import CODES
from connectors.court.words import BEIJING, WORDS, word
from connectors.transports.soap import document
from deploy.sandbox.court import codes as own
from deploy.sandbox.court.words import WORDS as OWN_WORDS
from schemas.messages import BY_TYPE

FLOWS = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(Path("hub/rules/flows").glob("*.yaml"))]
OWN_LISTS = {
    "flows": own.FLOWS,
    "ways": own.WAYS,
    "roles": own.ROLES,
    "tracks": own.TRACKS,
    "priorities": own.PRIORITIES,
    "party_roles": own.PARTY_ROLES,
    "replies": own.REPLIES,
    "outcomes": own.OUTCOMES,
    "reasons": own.REASONS,
    "papers": own.PAPERS,
}
EXAMPLES: dict[str, Any] = {
    "title": '示例 <甲> & "乙"',
    "legal_at": datetime(2026, 11, 2, 9, 30, tzinfo=BEIJING),
    "due_on": date(2026, 12, 1),
    "in_custody": False,
    "agreed": True,
    "rating": 4,
    "co_handlers": ["justice", "public_security"],
    "flow": "F6",
    "role": "co_handler",
    "outcome": "guilty",
    "reply": "a_reply_of_no_list",
    "parties": [
        {"role": "bystander", "name": "示例乙", "birth": date(1999, 2, 28)},
        {"role": "victim", "name": "示例丙"},
    ],
    "papers": [
        {"code": "judgment", "title": "判决书", "sha256": "0" * 64, "size": 3, "media_type": "text/plain"}
    ],
}


@pytest.mark.parametrize("field", sorted(EXAMPLES))
def test_what_is_written_is_read_again(field: str) -> None:
    value = EXAMPLES[field]
    element = document("x", WORDS[field].write(_as_json(value)))
    assert WORDS[field].read(element) == value


@pytest.mark.parametrize("field", sorted(WORDS))
def test_missing_and_empty_are_none(field: str) -> None:
    assert WORDS[field].read(document("x", {})) is None
    assert WORDS[field].read(document("x", WORDS[field].write(None))) is None


def test_a_moment_is_written_in_beijing_time() -> None:
    assert WORDS["legal_at"].write("2026-11-02T01:30:00Z") == {"flsj": "20261102 09:30:00"}


@pytest.mark.parametrize(
    ("field", "elements", "named"),
    [
        ("legal_at", {"flsj": "2026-11-02"}, "flsj '2026-11-02' must be yyyyMMdd HH:mm:ss"),
        ("legal_at", {"flsj": "20261302 09:30:00"}, "flsj"),
        ("due_on", {"sxrq": "20261131"}, "sxrq '20261131' must be yyyyMMdd"),
        ("agreed", {"sfty": "是"}, "sfty '是' must be 0 or 1"),
        ("rating", {"mydpf": "-1"}, "mydpf '-1' must be a whole number"),
        ("flow", {"lcdm": "99"}, "lcdm '99' must be one of .*'2101'"),
        ("outcome", {"jafs": "99"}, "jafs '99' must be one of"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    field: str, elements: dict[str, str], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        WORDS[field].read(document("x", elements))


def test_the_lists_are_those_of_the_court() -> None:
    for name, listed in CODES.lists.items():
        theirs = OWN_LISTS[name]
        assert (dict(listed.codes), listed.open) == (dict(theirs.codes), theirs.open), name
        assert len(set(listed.codes.values())) == len(listed.codes), f"{name}: a code stands for two"
    assert set(CODES.changes) == set(own.CHANGES.codes.values())
    assert {*CODES.deliveries.values(), CODES.other, CODES.withdrawn} == set(own.DELIVERIES.codes.values())


def test_every_code_of_a_flow_that_the_court_takes_part_in_is_on_its_lists() -> None:
    with_court = [
        flow for flow in FLOWS if "court" in [*flow["senders"], *flow["lead"], *flow["co_handlers"]]
    ]
    known = [flow for flow in with_court if flow["flow"] in CODES.lists["flows"].codes]
    assert {"F6", "F9", "F17", "F21", "F22", "LSC"} <= {flow["flow"] for flow in known}
    for flow in known:
        used = {
            "flows": [flow["flow"]],
            "ways": flow["kinds"],
            "replies": [reply["code"] for reply in flow["replies"]],
            "outcomes": [outcome["code"] for outcome in flow["outcomes"]],
            "papers": [paper["code"] for paper in flow["papers"]],
        }
        if "court" in flow["lead"]:
            used["reasons"] = [reason["code"] for reason in flow["return_reasons"]]
        for name, used_codes in used.items():
            assert set(used_codes) <= set(CODES.lists[name].codes), (flow["flow"], name)


def test_every_change_has_a_message_and_every_field_of_it_a_word() -> None:
    without = {
        (type_, field)
        for type_ in CODES.changes.values()
        for field in BY_TYPE[type_].model.model_fields
        if word(type_, field) is None
    }
    of_the_connector = {"local_number", "number_kind"}
    not_in_the_courts_books = {"backdated_reason", "corrected_legal_at", "citizen"}
    # Optional, and of those who assign owners or find them by the duty list: a court names its lead and its judge.
    of_routing = {"weight", "admission", "leader", "leader_id", "officer_id", "rank"}
    of_the_hub = {"satisfied", "reopened"}
    assert {field for _, field in without} == (
        of_the_connector | not_in_the_courts_books | of_routing | of_the_hub
    )


def test_every_word_of_the_books_has_the_same_element_outside() -> None:
    ours = {element for found in WORDS.values() for element in found.write(None)}
    theirs = {found.element for found in OWN_WORDS.values()}
    assert theirs - ours == {"wbaj", "ztdw"}
    assert ours <= theirs


def _as_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items()}
    return value.isoformat() if isinstance(value, date) else value
