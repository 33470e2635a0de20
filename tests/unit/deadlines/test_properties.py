"""What holds of every clock, whatever happens to it."""

import json
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.domain.calendar import Calendar
from hub.domain.clock import Clock
from hub.domain.clock_set import Clocks
from hub.domain.deadline import compute
from hub.domain.deadline_admission import admit, grounds
from hub.domain.deadline_change import begin_clock, tell
from hub.domain.deadline_facts import (
    SHANGHAI,
    CustodyChanged,
    Excluded,
    Extended,
    Fact,
    Point,
    Restarted,
    Started,
    day_of,
    facts_from_data,
    facts_to_data,
)
from hub.domain.derivation import follow
from hub.errors import FactNotAllowed
from hub.rules.calendar_files import load_calendar
from hub.rules.deadline_files import load_clocks


@cache
def rules() -> tuple[Clocks, Calendar]:
    return load_clocks(), load_calendar()


TIMED = [clock for clock in load_clocks().by_id.values() if clock.amount is not None]
FORWARD = [clock for clock in TIMED if (clock.amount or 0) > 0]
CAPPED = [clock for clock in FORWARD if clock.cap is not None and clock.cap.since is None]
# Where something can happen, more is to be found.
MOVED = [clock for clock in FORWARD if clock.extension or clock.excludes or clock.restarts or clock.custody]
MANY = settings(max_examples=100, deadline=None)
DAYS = st.dates(date(2003, 6, 1), date(2027, 6, 1))


def at(clock: Clock, day: date, minute: int) -> Point:
    if clock.unit != "H":
        return day
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=SHANGHAI)


@st.composite
def begun(draw: st.DrawFn, among: list[Clock] = TIMED) -> tuple[Clock, Started]:
    """A clock and its start, with the earlier event where its cap counts from one."""
    clock = draw(st.sampled_from(among))
    start = at(clock, draw(DAYS), draw(st.integers(0, 1439)))
    since = None
    if clock.cap is not None and clock.cap.since is not None:
        since = day_of(start) - timedelta(days=draw(st.integers(0, 200)))
    return clock, Started(start, since)


@st.composite
def stories(draw: st.DrawFn, among: list[Clock] = FORWARD + 4 * MOVED) -> tuple[Clock, list[Fact]]:
    """A clock with facts that its rule admits, in the order in which they were told."""
    clock, started = draw(begun(among))
    facts: list[Fact] = [started]
    begin = day_of(started.at)
    for kind in draw(st.lists(st.sampled_from(["extend", "exclude", "restart", "custody"]), max_size=5)):
        day = begin + timedelta(days=draw(st.integers(0, 150)))
        fact: Fact
        if kind == "extend":
            fact = Extended(draw(st.integers(1, 30)), day)
        elif kind == "exclude":
            ground = draw(st.sampled_from(grounds(clock) or ("none",)))
            fact = Excluded(day, day + timedelta(days=draw(st.integers(0, 40))), ground)
        elif kind == "restart":
            reason = draw(st.sampled_from(clock.restart_reasons or ("none",)))
            fact = Restarted(at(clock, day, draw(st.integers(0, 1439))), reason)
        else:
            fact = CustodyChanged(day, draw(st.booleans()))
        try:
            admit(clock, facts, fact)
        except FactNotAllowed:
            continue
        facts.append(fact)
    return clock, facts


@MANY
@given(begun(), st.integers(0, 400))
def test_a_later_start_is_never_due_earlier(given: tuple[Clock, Started], later: int) -> None:
    clock, started = given
    _, calendar = rules()
    moved = Started(started.at + timedelta(days=later), started.since)
    before, after = compute(clock, [started], calendar), compute(clock, [moved], calendar)
    assert after.due >= before.due
    assert after.raw >= before.raw


@MANY
@given(
    st.sampled_from([one for one in TIMED if one.unit == "H"]),
    DAYS,
    st.integers(0, 1439),
    st.integers(0, 2000),
)
def test_a_later_minute_is_never_due_earlier(clock: Clock, day: date, minute: int, later: int) -> None:
    _, calendar = rules()
    start = at(clock, day, minute)
    first, second = (compute(clock, [Started(start + timedelta(minutes=n))], calendar) for n in (0, later))
    assert second.due >= first.due


@MANY
@given(stories())
def test_one_fact_after_another_is_as_all_at_once(story: tuple[Clock, list[Fact]]) -> None:
    clock, facts = story
    _, calendar = rules()
    started = facts[0]
    assert isinstance(started, Started)
    deadline = begin_clock(clock, started, calendar).after
    for fact in facts[1:]:
        deadline = tell(deadline, clock, fact, calendar).after
    at_once = compute(clock, facts, calendar)
    assert json.dumps(deadline.data()) == json.dumps(at_once.data())


@MANY
@given(stories(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_come_to_be_known_does_not_matter(
    story: tuple[Clock, list[Fact]], random: Random
) -> None:
    clock, facts = story
    _, calendar = rules()
    known = compute(clock, facts, calendar)
    # Of facts of one kind and one day the later told decides, as in a correction.
    days = [fact.on for fact in facts if isinstance(fact, CustodyChanged)]
    assume(len(set(days)) == len(days))
    shuffled = facts.copy()
    random.shuffle(shuffled)
    other = compute(clock, shuffled, calendar)
    assert (other.raw, other.due, other.provisional) == (known.raw, known.due, known.provisional)


@MANY
@given(stories(), st.integers(1, 30), st.integers(0, 150))
def test_an_extension_never_makes_it_due_earlier(
    story: tuple[Clock, list[Fact]], amount: int, day: int
) -> None:
    clock, facts = story
    _, calendar = rules()
    extension = Extended(amount, day_of(facts[0].at) + timedelta(days=day))  # type: ignore[union-attr]
    without, extended = compute(clock, facts, calendar), compute(clock, [*facts, extension], calendar)
    assert extended.raw >= without.raw
    held = any(isinstance(fact, CustodyChanged) for fact in facts)
    assert held or extended.due >= without.due


@MANY
@given(stories())
def test_custody_is_never_due_later_than_not_in_custody(story: tuple[Clock, list[Fact]]) -> None:
    clock, facts = story
    _, calendar = rules()
    free = [fact for fact in facts if not isinstance(fact, CustodyChanged)]
    held = [*free, CustodyChanged(date(2000, 1, 1), True)]
    assert compute(clock, held, calendar).due <= compute(clock, free, calendar).due


@MANY
@given(stories())
def test_an_exclusion_never_makes_it_due_earlier(story: tuple[Clock, list[Fact]]) -> None:
    clock, facts = story
    _, calendar = rules()
    counted = [fact for fact in facts if not isinstance(fact, Excluded | CustodyChanged)]
    periods = [fact for fact in facts if isinstance(fact, Excluded)]
    assert compute(clock, [*counted, *periods], calendar).due >= compute(clock, counted, calendar).due


@MANY
@given(stories(TIMED + 4 * MOVED))
def test_every_due_date_has_a_derivation_that_leads_to_it(story: tuple[Clock, list[Fact]]) -> None:
    clock, facts = story
    _, calendar = rules()
    deadline = compute(clock, facts, calendar)
    assert clock.unit is not None
    assert follow(deadline.steps, clock.basis, clock.unit, calendar) == deadline.due
    assert deadline.raw <= deadline.due
    assert deadline.earliest <= deadline.due


@MANY
@given(stories(CAPPED))
def test_no_end_lies_beyond_the_cap(story: tuple[Clock, list[Fact]]) -> None:
    clock, facts = story
    _, calendar = rules()
    assert clock.cap is not None
    kept = [fact for fact in facts if isinstance(fact, Started | Extended)]
    deadline = compute(clock, kept, calendar)
    day = deadline.steps[0].to
    months = clock.cap.span.M + 12 * clock.cap.span.Y
    # Generous by three days for months of different lengths; exact in days and hours.
    if clock.cap.span.WD:
        assert (
            calendar.working_between(day_of(day) + timedelta(days=1), day_of(deadline.raw))
            <= clock.cap.span.WD
        )
    elif months == 0:
        assert deadline.raw <= day + timedelta(days=clock.cap.span.D, hours=clock.cap.span.H)
    else:
        assert deadline.raw <= day + timedelta(days=31 * months + clock.cap.span.D)


@MANY
@given(stories(TIMED + 4 * MOVED))
def test_facts_survive_the_journal(story: tuple[Clock, list[Fact]]) -> None:
    clock, facts = story
    _, calendar = rules()
    kept = json.loads(json.dumps(facts_to_data(tuple(facts))))
    read = facts_from_data(kept)
    assert read == tuple(facts)
    again, first = compute(clock, read, calendar), compute(clock, facts, calendar)
    assert json.dumps(again.data()) == json.dumps(first.data())


@MANY
@given(stories(TIMED + 4 * MOVED))
def test_inside_the_calendar_nothing_is_provisional_and_beyond_it_what_needs_it_is(
    story: tuple[Clock, list[Fact]],
) -> None:
    clock, facts = story
    _, calendar = rules()
    deadline = compute(clock, facts, calendar)
    days = [day_of(deadline.steps[0].frm), day_of(deadline.raw), day_of(deadline.due)]
    if all(calendar.covers(day) for day in days):
        assert not deadline.provisional
    elif clock.unit == "WD":
        assert deadline.provisional
    elif not clock.roll:
        assert not deadline.provisional
