"""What a message names persons by, in one form."""

import pytest

from hub.domain.person import Named, normal, normal_number, persons

RAISED = {
    "title": "邻里纠纷",
    "officer": "李 警官",
    "parties": [
        {"role": "petitioner", "name": "阿依古丽•买买提", "phone": "+86 138-0000-0001"},
        {"role": "other", "name": "某某公司", "credit_code": "91330100ma27w3gx2k"},
    ],
}


def test_parties_and_officers_are_found_each_at_a_place() -> None:
    assert sorted(persons("referral.raised.v1", RAISED)) == [
        Named("officer", "name", "李警官"),
        Named("parties/0", "name", "阿依古丽·买买提"),
        Named("parties/0", "phone", "13800000001"),
        Named("parties/1", "credit_code", "91330100MA27W3GX2K"),
        Named("parties/1", "name", "某某公司"),
    ]


def test_what_was_erased_or_is_of_no_department_names_nobody() -> None:
    assert list(persons("referral.raised.v1", {"flow": "F20", "parties": [], "officer": None})) == []
    assert list(persons("hub.parked_retried.v1", {"content": "AAAA"})) == []
    assert list(persons("nothing.such.v1", {"officer": "李"})) == []


def test_a_citizen_who_was_asked_and_a_corrected_party_are_persons_too() -> None:
    assert list(persons("followup.recorded.v1", {"citizen": "王 五", "opinion": "王五说好"})) == [
        Named("citizen", "name", "王五")
    ]
    corrected = {"fields": ["parties"], "parties": [{"role": "other", "name": "赵六"}]}
    assert list(persons("referral.corrected.v1", corrected)) == [Named("parties/0", "name", "赵六")]


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("name", ["测试员甲", " 测试员 甲 ", "测试员\u3000甲"]),
        ("name", ["Ａda Lovelace", "ada lovelace", "ADA  LOVELACE"]),
        ("name", ["买买提·吐尔逊", "买买提•吐尔逊", "买买提・吐尔逊"]),
        ("id_number", ["11010519491231002X", "11010519491231002x", "110105 19491231 002X"]),
        ("phone", ["13800000001", "+86 138 0000 0001", "0086-138-0000-0001", "１３８０００００００１"]),
        ("phone", ["057188880000", "0571-8888 0000", "(0571)88880000"]),
    ],
)
def test_one_form_for_what_people_write_in_several(field: str, written: list[str]) -> None:
    assert len({normal(field, text) for text in written}) == 1


def test_numbers_of_departments_are_told_apart_by_what_matters() -> None:
    same = ["（2026）浙01民终12号", "(2026)浙01民终12号", " (2026) 浙01民终 12号", "〔2026〕浙01民终12号"]
    assert len({normal_number(text) for text in same}) == 1
    assert normal_number("XF-2026-1") != normal_number("XF-20261")
