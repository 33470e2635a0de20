from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.procuratorate import columns, dictionary, incoming
from connectors.procuratorate.columns import EXCLUSION, PAPER, PARTY, PLACES
from deploy.sandbox.procuratorate import dictionary as theirs
from deploy.sandbox.procuratorate import fields, text

FLOWS = [yaml.safe_load(path.read_text()) for path in Path("hub/rules/flows").glob("*.yaml")]
OURS = ("F1", "F4", "F5", "F6", "F9", "F21", "F22")


@given(st.text())
@example("示例{U+20}𠮷䶮{U+")
@example("{U+7B}U+41}")
@example("{{U+{U+7B}")
def test_text_comes_back_as_it_was_from_either_side(original: str) -> None:
    raw = columns.to_gbk(original)
    assert raw == text.to_gbk(original)
    assert columns.from_gbk(raw) == text.from_gbk(raw) == original
    raw.decode("gbk")


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_list_of_texts_comes_back_as_it_was(lines: list[str]) -> None:
    place = PLACES["papers_wanted"]
    assert place.read(place.write(lines)) == lines == fields.PLACES["papers_wanted"].read(place.write(lines))


def test_a_character_outside_gbk_is_readable_to_a_person() -> None:
    assert columns.to_gbk("𠮷某") == b"{U+20BB7}" + "某".encode("gbk")


@pytest.mark.parametrize(
    "name",
    ["FLOWS", "WAYS", "UNITS", "ROLES", "TRACKS", "PRIORITIES", "PAPERS", "REPLIES", "OUTCOMES", "REASONS"],
)
def test_both_sides_hold_the_same_code_list(name: str) -> None:
    assert {code: word for word, code in getattr(theirs, name).items()} == getattr(dictionary, name)


@pytest.mark.parametrize(
    "flow", [flow for flow in FLOWS if flow["flow"] in OURS], ids=lambda flow: flow["flow"]
)
def test_the_code_lists_hold_every_code_of_the_flows_that_it_takes_part_in(
    flow: dict[str, list[dict[str, str]]],
) -> None:
    lists = {"papers": "PAPERS", "replies": "REPLIES", "outcomes": "OUTCOMES", "return_reasons": "REASONS"}
    for part, name in lists.items():
        known = set(getattr(dictionary, name).values())
        assert {entry["code"] for entry in flow[part]} <= known


def test_an_unknown_code_from_there_is_named_and_an_unknown_code_to_there_is_starred() -> None:
    with pytest.raises(ValueError, match=r"jgdm '4711' \(outcome\): must be one of \['2011'"):
        columns.read({"jgdm": "4711"}, ["outcome"], PLACES)
    assert columns.written({"outcome": "brand_new"}, ["outcome"]) == {"jgdm": "*brand_new"}
    assert columns.read({"jgdm": "*brand_new"}, ["outcome"], PLACES) == {"outcome": "brand_new"}


@pytest.mark.parametrize(
    ("column", "name", "value"),
    [("flsj", "legal_at", "20261399000000"), ("sfty", "agreed", "是"), ("ajmc", "title", b"\x81")],
)
def test_a_value_that_cannot_be_read_is_named_with_its_column(column: str, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{column} .*\\({name}\\)"):
        columns.read({column: value}, [name], PLACES)


def test_blank_and_absent_columns_are_missing_fields() -> None:
    assert columns.read({"ajmc": b"", "sflb": ""}, ["title", "matter", "cause"], PLACES) == {}


def test_both_sides_put_a_field_into_the_same_column() -> None:
    for mine, other in ((PLACES, fields.PLACES), (PARTY, fields.PARTY), (PAPER, fields.PAPER)):
        shared = set(mine) & set(other)
        assert {name: mine[name].column for name in shared} == {name: other[name].column for name in shared}
        assert set(mine) <= set(other)
    assert EXCLUSION["kind"].column == fields.PLACES["exclude_kind"].column
    assert set(incoming.TASK) <= set(fields.TASK)
    for code, names in incoming.NOTES.values():
        kind = theirs.from_code(theirs.NOTES, code)
        assert set(names) <= set(fields.note_fields(kind))
