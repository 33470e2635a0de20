"""The brake counts junk by topic, over a window, and forgets (5)."""

from hub.domain.case import MessageRef
from hub.domain.entry import Entry, Origin, Outcome
from hub.errors import ParkingName
from hub.intake.batch import Committed
from hub.intake.brake import Brake


def entries(topic: str, *reasons: ParkingName | None, refers: bool = False) -> list[Committed]:
    made = []
    for reason in reasons:
        outcome = Outcome.DECIDED if reason is None else Outcome.PARKED
        entry = Entry(0, 1, "t", outcome, "d", origin=Origin(topic, 0, 0), reason=reason and reason.value)
        entry.refers = MessageRef("a", "b") if refers else None
        made.append(Committed(entry))
    return made


def brake() -> tuple[Brake, list[float]]:
    now = [100.0]
    return Brake(window=4, share=0.5, pause=30.0, clock=lambda: now[0]), now


JUNK, EARLY, HELD = ParkingName.UNREADABLE, ParkingName.EARLY, ParkingName.HELD


def test_half_of_a_window_of_junk_pauses_for_a_while() -> None:
    made, now = brake()
    made.count(entries("a", JUNK, JUNK, JUNK))
    assert not made.holds("a")
    made.count(entries("a", JUNK))
    assert made.holds("a")
    assert made.held() == ["a"]
    assert not made.holds("b")
    now[0] += 29.9
    assert made.holds("a")
    now[0] += 0.2
    assert not made.holds("a")
    assert made.held() == []
    made.count(entries("a", JUNK))
    assert not made.holds("a")


def test_less_than_the_share_does_not() -> None:
    made, _ = brake()
    for _ in range(20):
        made.count(entries("a", None, None, None, JUNK))
    assert not made.holds("a")


def test_waiting_messages_are_no_junk() -> None:
    made, _ = brake()
    made.count(entries("a", *[EARLY, HELD] * 10))
    made.count(entries("a", *[JUNK] * 10, refers=True))
    assert not made.holds("a")


def test_a_defect_is_junk() -> None:
    made, _ = brake()
    made.count(entries("a", *[ParkingName.DEFECT] * 4))
    assert made.holds("a")
