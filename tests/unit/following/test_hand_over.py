"""Handing over in memory: only what follows the position without a gap is ever taken (5a.4)."""

from hub.domain.entry import Entry, Outcome
from hub.following.hand_over import HandOver
from hub.intake.batch import Committed


def entries(*seqs: int) -> list[Committed]:
    return [Committed(Entry(0, seq, "2026-03-02T01:00:00.000Z", Outcome.DECIDED, "r")) for seq in seqs]


def taken(hand_over: HandOver, position: int, limit: int = 500) -> list[int]:
    return [each.entry.seq for each in hand_over.take(position, limit)]


def test_what_follows_is_taken_up_to_the_limit() -> None:
    hand_over = HandOver()
    hand_over.put(entries(1, 2, 3))
    assert taken(hand_over, 0, 2) == [1, 2]
    assert taken(hand_over, 2) == [3]
    assert taken(hand_over, 3) == []
    assert not hand_over.hole


def test_what_was_passed_is_dropped() -> None:
    hand_over = HandOver()
    hand_over.put(entries(4, 5, 6))
    assert taken(hand_over, 5) == [6]


def test_a_hole_in_front_leaves_the_rest_for_later() -> None:
    hand_over = HandOver()
    hand_over.put(entries(4, 5))
    assert taken(hand_over, 1) == []
    assert hand_over.hole
    assert taken(hand_over, 3) == [4, 5]
    assert not hand_over.hole


def test_nothing_behind_a_hole_is_taken_with_what_is_before_it() -> None:
    """As when another worker had the shard for a moment and committed entries of its own."""
    hand_over = HandOver()
    hand_over.put(entries(1, 2))
    hand_over.put(entries(5, 6))
    assert taken(hand_over, 0) == [1, 2]
    assert not hand_over.hole
    assert taken(hand_over, 2) == []
    assert hand_over.hole
    assert taken(hand_over, 4) == [5, 6]


def test_too_much_is_dropped_and_shows_as_a_hole() -> None:
    hand_over = HandOver(limit=3)
    hand_over.put(entries(1, 2))
    hand_over.put(entries(3, 4))
    hand_over.put(entries(5))
    assert taken(hand_over, 0) == []
    assert hand_over.hole


async def test_a_put_wakes_and_an_empty_one_is_no_hole() -> None:
    hand_over = HandOver()
    assert not await hand_over.wait(0.001)
    hand_over.put(entries(1))
    assert await hand_over.wait(60)
    assert taken(hand_over, 0) == [1]
    assert taken(hand_over, 1) == []
    assert not hand_over.hole
