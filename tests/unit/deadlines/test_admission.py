"""What a clock's rule does not allow is refused by field, value and what is allowed."""

from datetime import date, datetime

import pytest

from hub.domain.clock_set import Clocks
from hub.domain.deadline_admission import admit
from hub.domain.deadline_facts import (
    SHANGHAI,
    CustodyChanged,
    Excluded,
    Extended,
    Fact,
    Restarted,
    Started,
)
from hub.errors import FactNotAllowed

DAY, LATER = date(2026, 3, 2), date(2026, 3, 20)
MOMENT = datetime(2026, 3, 2, 10, 15, tzinfo=SHANGHAI)
STARTED = Started(DAY)
RETURNED = Restarted(LATER, "supplement_returned")

REFUSED: list[tuple[str, list[Fact], Fact, str]] = [
    ("C4", [], Started(DAY), "start 2026-03-02: C4 counts hours: give date and time"),
    ("C4", [], Started(datetime(2026, 3, 2, 10, 15)), "a moment needs its zone"),  # noqa: DTZ001
    ("C37", [], Started(DAY, nth=3), "nth 3: C37 may be started 2 times in a case"),
    ("C37", [], Started(DAY, nth=0), "nth 0: C37"),
    ("X9", [], Started(DAY, nth=2), "nth 2: X9 may be started 1 times in a case"),
    ("X1", [], Started(DAY, nth=2), "nth 2: X1 has no counter"),
    ("X1", [], Started(DAY, since=DAY), "since 2026-03-02: X1 has no cap"),
    ("CD2", [], Started(DAY, since=LATER), "since 2026-03-20: not after the start 2026-03-02"),
    ("J19j", [], Started(DAY, circumstance="flood"), "circumstance flood: allowed: real_estate"),
    ("X1", [], Started(DAY, circumstance="flood"), "circumstance flood: allowed: none"),
    ("X1", [], Started(DAY, until=LATER), "until 2026-03-20: the term of X1 is the law's"),
    ("X14", [], Started(LATER, until=DAY), "until 2026-03-02: not before the start 2026-03-20"),
    ("X1", [STARTED], Extended(1, LATER), "extend 1: X1 can't be extended"),
    ("C21", [STARTED], Extended(5, LATER), "extend 5: C21 may be extended by 1 to 4 D"),
    ("C21", [STARTED], Extended(0, LATER), "extend 0: C21 may be extended by 1 to 4 D"),
    ("C21", [STARTED, Extended(2, DAY)], Extended(2, LATER), "extend 2: C21 may be extended 1 time"),
    ("A1", [STARTED, Extended(30, DAY), Extended(30, DAY)], Extended(30, LATER), "A1 may be extended 2 times"),
    ("X7", [STARTED, Extended(20, DAY)], Extended(11, LATER), "extend 11: X7 may be extended by 1 to 10 D"),
    ("X7", [STARTED, Extended(30, DAY)], Extended(1, LATER), "extend 1: X7 may be extended by no more D"),
    ("J6", [STARTED], Extended(0, LATER), "extend 0: J6 may be extended by 1 or more M"),
    ("J4", [STARTED], Excluded(LATER, DAY, "appraisal"), "exclude 2026-03-20..2026-03-02: the last day"),
    ("J4", [STARTED], Excluded(DAY, LATER, "hearing"), "exclude hearing: J4 allows public_notice"),
    ("X1", [STARTED], Excluded(DAY, LATER, "travel"), "exclude travel: X1 allows none"),
    ("CD5", [STARTED], Excluded(DAY, LATER, "travel"), "exclude travel: CD5 allows none"),
    ("X1", [STARTED], Restarted(LATER, "supplemented"), "restart supplemented: X1 allows none"),
    ("J1", [STARTED], Restarted(LATER, "remanded"), "restart remanded: J1 allows supplemented"),
    ("J1", [Started(LATER)], Restarted(DAY, "supplemented"), "restart 2026-03-02: not before the start"),
    ("C36", [STARTED, RETURNED, RETURNED], RETURNED, "restart supplement_returned: at most 2 times in a case"),
    ("A2", [Started(MOMENT)], Restarted(LATER, "jurisdiction_changed"), "restart 2026-03-20: A2 counts hours"),
]  # fmt: skip


@pytest.mark.parametrize(("clock", "facts", "fact", "says"), REFUSED, ids=[f"{r[0]} {r[3]}" for r in REFUSED])
def test_refused(clocks: Clocks, clock: str, facts: list[Fact], fact: Fact, says: str) -> None:
    with pytest.raises(FactNotAllowed) as refused:
        admit(clocks.get(clock), facts, fact)
    assert says in str(refused.value)
    assert str(refused.value) == f"{refused.value.field} {refused.value.value}: {refused.value.allowed}"


ALLOWED: list[tuple[str, list[Fact], Fact]] = [
    ("C4", [], Started(MOMENT)),
    ("C37", [], Started(DAY, nth=2)),
    ("J19j", [], Started(DAY, since=DAY, circumstance="real_estate")),
    ("X14", [], Started(DAY, until=LATER)),
    ("A1", [STARTED, Extended(30, DAY)], Extended(30, LATER)),
    ("X7", [STARTED, Extended(20, DAY)], Extended(10, LATER)),
    ("J4", [STARTED, Extended(6, DAY)], Extended(6, LATER)),
    ("C21", [STARTED], CustodyChanged(LATER, False)),
    ("C5", [STARTED], Excluded(DAY, LATER, "travel")),
    ("C36", [STARTED, RETURNED], RETURNED),
    # Extensions of the run before the restart are gone with it.
    ("C36", [STARTED, Extended(15, DAY), RETURNED], Extended(15, LATER)),
]


@pytest.mark.parametrize(("clock", "facts", "fact"), ALLOWED, ids=[f"{r[0]} {r[2]}" for r in ALLOWED])
def test_allowed(clocks: Clocks, clock: str, facts: list[Fact], fact: Fact) -> None:
    admit(clocks.get(clock), facts, fact)


def test_what_is_allowed_is_said_in_words_too(clocks: Clocks) -> None:
    with pytest.raises(FactNotAllowed, match="X11 allows hearing 听证"):
        admit(clocks.get("X11"), [STARTED], Excluded(DAY, LATER, "audit"), clocks.terms.grounds)
