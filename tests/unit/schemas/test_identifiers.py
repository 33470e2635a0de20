"""Check digits by the standards' own examples and by what they promise; case numbers; derived ids."""

from datetime import date
from uuid import UUID, uuid5

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.identifiers import (
    CASE_NAMESPACE,
    DERIVED_NAMESPACE,
    RegionCode,
    Uuid,
    court_case_number,
    credit_code,
    credit_code_check,
    derived_id,
    mint_case_id,
    resident_id,
    resident_id_check,
)

RESIDENT_IDS = ["11010519491231002X", "440524188001010014", "810000199001010019", "330113199003077711"]
CREDIT_CODES = ["91350100M000100Y43", "11620000013900001B", "N2110113MB1234567T"]
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

residents = st.builds(
    lambda region, born, sequence: f"{region:06d}{born:%Y%m%d}{sequence:03d}",
    st.integers(0, 999999),
    st.dates(date(1800, 1, 1), date(2200, 12, 31)),
    st.integers(0, 999),
).map(lambda first: first + resident_id_check(first))
companies = st.text(ALPHABET, min_size=17, max_size=17).map(lambda first: first + credit_code_check(first))


@pytest.mark.parametrize("number", RESIDENT_IDS)
def test_examples_of_gb_11643_are_valid(number: str) -> None:
    assert resident_id(number) == number
    assert resident_id(f" {number.lower()} ") == number


@pytest.mark.parametrize("code", CREDIT_CODES)
def test_examples_of_gb_32100_are_valid(code: str) -> None:
    assert credit_code(code) == code
    assert credit_code(f" {code.lower()} ") == code


@given(residents, st.integers(0, 17), st.sampled_from("0123456789"))
def test_one_changed_digit_makes_a_resident_id_invalid(number: str, place: int, digit: str) -> None:
    assume(number[place] != digit)
    with pytest.raises(ValueError, match="公民身份号码"):
        resident_id(number[:place] + digit + number[place + 1 :])


@given(residents, st.integers(0, 16))
def test_two_swapped_neighbours_make_a_resident_id_invalid(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(ValueError, match="公民身份号码"):
        resident_id(swapped)


@given(companies, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_changed_character_makes_a_credit_code_invalid(code: str, place: int, char: str) -> None:
    assume(code[place] != char)
    with pytest.raises(ValueError, match="统一社会信用代码"):
        credit_code(code[:place] + char + code[place + 1 :])


@given(companies, st.integers(0, 16))
def test_two_swapped_neighbours_make_a_credit_code_invalid(code: str, place: int) -> None:
    assume(code[place] != code[place + 1])
    with pytest.raises(ValueError, match="统一社会信用代码"):
        credit_code(code[:place] + code[place + 1] + code[place] + code[place + 2 :])


@pytest.mark.parametrize(
    "number",
    [
        "",
        "11010519491231002",
        "1101051949123100２X",
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",
        "11010519491331002X",
        "11010517991231002X",
    ],
)
def test_a_wrong_resident_id_is_refused_without_being_repeated(number: str) -> None:
    with pytest.raises(ValueError, match="公民身份号码") as caught:
        resident_id(number)
    assert not number or number not in str(caught.value)


@pytest.mark.parametrize("code", ["", "91350100M000100Y4", "91350100M000100Y4I", "９1350100M000100Y43"])
def test_a_wrong_credit_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="统一社会信用代码"):
        credit_code(code)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("（2017）京04民终367号", "（2017）京04民终367号"),
        ("(2017)京04民终367号", "（2017）京04民终367号"),
        ("〔2017〕京04民终367号", "（2017）京04民终367号"),
        ("（２０１７）京０４民终３６７号", "（2017）京04民终367号"),
        (" (2026) 浙9901 民初 1 号 ", "（2026）浙9901民初1号"),
        ("（2026）最高法民终8号之一", "（2026）最高法民终8号之一"),
        ("(2025)浙9901刑更12345678号", "（2025）浙9901刑更12345678号"),
        ("（2024）浙9901执恢3号", "（2024）浙9901执恢3号"),
    ],
)
def test_a_court_case_number_is_written_one_way(written: str, number: str) -> None:
    assert court_case_number(written) == number
    assert court_case_number(number) == number


@pytest.mark.parametrize(
    "written", ["", "2017京04民终367号", "（17）京04民终367号", "（2017）京04民终号", "（2017）367号"]
)
def test_what_is_no_court_case_number_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match="（2017）京04民终367号"):
        court_case_number(written)


def test_ids_are_uuid5_of_what_the_contract_says() -> None:
    assert mint_case_id("court", "（2026）浙9901民初1号") == str(
        uuid5(CASE_NAMESPACE, "court/（2026）浙9901民初1号")
    )
    assert derived_id("court", "m-1", "task", 2) == str(uuid5(DERIVED_NAMESPACE, "court/m-1/task/2"))
    assert UUID("e190207d-9de2-552f-bcff-b3c70ac34358") == CASE_NAMESPACE
    assert UUID("a1a31d47-750c-5f1f-abf8-13302b838b92") == DERIVED_NAMESPACE


def test_a_local_number_can_t_be_chosen_to_hit_a_derived_id() -> None:
    assert mint_case_id("court", "m-1/referral/0") != derived_id("court", "m-1", "referral", 0)


@pytest.mark.parametrize(
    "text", ["F69FAF12-E351-58A5-80FB-00B935A69853", "f69faf12-e351-58a5-80fb-00b935a69853"]
)
def test_a_uuid_is_lower_case_after_reading(text: str) -> None:
    assert TypeAdapter(Uuid).validate_python(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["f69faf12e35158a580fb00b935a69853", "{f69faf12-e351-58a5-80fb-00b935a69853}", "f69faf12", "x" * 36],
)
def test_other_spellings_of_a_uuid_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="must be a UUID"):
        TypeAdapter(Uuid).validate_python(text)


@pytest.mark.parametrize(
    ("code", "good"), [("999900", True), ("999900001002", True), ("9999", False), ("９９９９００", False)]
)
def test_a_region_is_digits_of_the_standard(code: str, good: bool) -> None:
    try:
        TypeAdapter(RegionCode).validate_python(code)
    except ValidationError:
        assert not good
    else:
        assert good
