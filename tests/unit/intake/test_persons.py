"""Keys per person: each person of a message alone, free text apart, and what is left after some are gone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode

from hub.domain.entry import Entry, Outcome
from hub.store.case_key import CaseKey
from hub.store.crypto import SealBroken
from hub.store.sealed_message import message_mac, open_message, seal_message
from hub.store.sealing import Sealer

NAMES = ("parties", "citizen")
JIA = {"role": "petitioner", "name": "测试员甲", "id_number": "110101199001010010", "phone": "13900000001"}
YI = {"role": "respondent", "name": "测试员乙", "phone": "13900000002"}
HIDDEN = {"title": "邻里纠纷", "parties": [JIA, YI], "citizen": "测试员乙", "officer": "测试员丙"}


def _entry(message: str = "m1") -> Entry:
    return Entry(
        1, 1, "2026-03-02T01:00:00.000Z", Outcome.DECIDED, "r", "c1", source="court", message=message
    )


def _sealed(key: CaseKey, hidden: Any = HIDDEN, raw: bytes | None = None, message: str = "m1") -> Entry:
    entry = _entry(message)
    seal_message(entry, key, hidden, NAMES, b"content", raw)
    return Entry.from_bytes(entry.to_bytes())


def test_all_of_it_comes_back() -> None:
    key = CaseKey.new()
    entry = _sealed(key)
    assert [number for number, _ in entry.persons] == [1, 2]
    opened = open_message(entry, CaseKey.from_bytes(key.to_bytes()))
    assert (opened.hidden, opened.raw, opened.whole) == (HIDDEN, None, True)
    assert entry.mac == (message_mac(key, HIDDEN, NAMES, b"content") or b"").hex()


def test_one_person_goes_alone() -> None:
    key = CaseKey.new()
    entry = _sealed(key)
    (gone,) = key.destroy([1], text=False)
    assert gone not in key.ids()
    assert set(key.ids().values()) == {None, 2}
    left = CaseKey.from_bytes(key.to_bytes())
    opened = open_message(entry, left)
    assert opened.hidden == {**HIDDEN, "parties": [YI]}
    assert not opened.whole
    assert message_mac(left, HIDDEN, NAMES, b"content") is None
    assert not left.whole
    with pytest.raises(KeyError):
        left.open_person(1, entry.persons[0][1], b"court/m1/1")
    for number, sealed in entry.persons:
        bound = f"court/m1/{number}".encode()
        others = [n for n in left.persons if n != number]
        for other in others:
            with pytest.raises(SealBroken):
                left.open_person(other, sealed, bound)
    with pytest.raises(SealBroken):
        left.open(entry.persons[0][1], b"court/m1/1")


def test_free_text_goes_and_persons_stay() -> None:
    key = CaseKey.new()
    entry = _sealed(key)
    assert len(key.destroy([], text=True)) == 1
    assert open_message(entry, key).hidden == {"parties": [JIA, YI], "citizen": "测试员乙"}
    later = _sealed(key, message="m2")
    assert (later.key, key.generation) == (2, 2)
    left = CaseKey.from_bytes(key.to_bytes())
    assert open_message(later, left).hidden == HIDDEN
    assert "title" not in open_message(entry, left).hidden
    assert [number for number, _ in later.persons] == [1, 2]


def test_bytes_as_sent_go_with_any_of_their_persons() -> None:
    raw = b" { other bytes } " + encode(HIDDEN)
    for persons, text in (([1], False), ([2], False), ([], True)):
        key = CaseKey.new()
        entry = _sealed(key, raw=raw)
        assert open_message(entry, key).raw == raw
        key.destroy(persons, text)
        opened = open_message(entry, key)
        assert (opened.raw, opened.whole) == (None, False)
    key = CaseKey.new()
    plain = _sealed(key, {"title": "邻里纠纷"}, raw=raw)
    assert open_message(plain, key).raw == raw


def test_a_person_is_known_again() -> None:
    key = CaseKey.new()
    assert key.named({"name": "测试员甲"}) == 1
    assert key.named({"name": " 测试员甲", "id_number": "1"}) == 1
    assert key.named({"name": "测试员甲"}) == 1
    assert key.named({"name": "测试员甲", "id_number": "2"}) == 2
    assert key.named({"name": "测试员（曾用名）", "id_number": "1"}) == 1
    assert key.named({"name": "测试员乙"}) == 3
    key.destroy([3], text=False)
    assert key.known({"name": "测试员乙"}) is None
    assert key.named({"name": "测试员乙"}) == 4
    assert CaseKey.from_bytes(key.to_bytes()).numbered == 4


def test_what_is_wrapped_names_nobody_and_forgets_whom_it_lost() -> None:
    sealer = Sealer(bytes(range(32)))
    key, _ = sealer.new_key("c1")
    _sealed(key)
    before = key.to_bytes()
    lost = key.persons[1]
    assert "测试员甲".encode() not in before
    assert lost.key in before
    key.destroy([1], text=False)
    after = key.to_bytes()
    for forgotten in (lost.key, lost.name, lost.identity):
        assert forgotten not in after
    assert sealer.unwrap("c1", sealer.wrap("c1", key)).to_bytes() == after


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.sets(st.integers(1, 6)))
def test_what_is_left_is_what_was_not_erased(who: list[int], gone: set[int]) -> None:
    parties = [{"role": "party", "name": f"测试员{n}", "place": place} for place, n in enumerate(who)]
    key = CaseKey.new()
    entry = _sealed(key, {"title": "t", "parties": parties})
    numbers = [key.known(party) for party in parties]
    key.destroy(gone, text=False)
    opened = open_message(entry, CaseKey.from_bytes(key.to_bytes()))
    left = [party for party, number in zip(parties, numbers, strict=True) if number not in gone]
    assert opened.hidden.get("parties", []) == left
    assert opened.whole == (len(left) == len(parties))
