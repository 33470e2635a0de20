"""One case as a person reads it: messages, receipts, decisions, clocks with their derivation and people, in one order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_core import to_json

from hub.audit.event_words import Both, Words
from hub.audit.time_limits import Limits
from hub.audit.timeline import TimelineRow, row_of
from hub.domain.case import Case, MessageRef
from hub.domain.deadline_events import DeadlineRecomputed, DeadlineStarted
from hub.domain.entry import Entry
from hub.domain.evolve import change
from hub.domain.person import NAME, persons
from hub.domain.rules import Rules
from hub.domain.view import Content


@dataclass(frozen=True, slots=True)
class ClockNote:
    """A time limit that started or moved. `why`: the derivation in Chinese and English, None where these rules give another.

    `beside`: the due moment is only computed; a person set another one.
    """

    number: int
    clock: str
    owner: str
    due: str
    provisional: bool
    title: Both
    why: Both | None
    beside: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A person whom the message names. `place`: as in `parties/0` or `officer`; `words`: the same for a reader."""

    place: str
    name: str
    words: Both


@dataclass(frozen=True, slots=True)
class StoryRow:
    """An entry with what it means. `words`: what was decided, in both languages. `people`: None unless they were opened."""

    row: TimelineRow
    title: Both
    by: Both
    words: tuple[Both, ...]
    told: tuple[tuple[Both, int], ...]
    clocks: tuple[ClockNote, ...]
    people: tuple[Person, ...] | None


@dataclass(frozen=True, slots=True)
class Story:
    """`state`: the case as it stands at the end of the rows."""

    case: str
    rows: tuple[StoryRow, ...]
    state: Case


def story(
    case: str,
    entries: Sequence[Entry],
    rules: Rules | None,
    contents: Mapping[MessageRef, Content] | None = None,
) -> Story:
    """Tell a case by its entries. Without `rules` clocks have no derivation and departments no names. Pure."""
    words, limits, state = Words(rules), Limits(), Case(case)
    rows = []
    for entry in entries:
        limits.learn(entry.events)
        for event in entry.events:
            change(state, event)
        rows.append(
            StoryRow(
                row_of(entry),
                words.message(entry.type or ""),
                words.department(entry.source or ""),
                tuple(words.event(event) for event in entry.events if event.e != "notified"),
                tuple((words.department(e.to), e.sequence) for e in entry.events if e.e == "notified"),
                tuple(_clocks(entry, limits, state, words, rules)),
                None if contents is None else tuple(_people(entry, contents, words)),
            )
        )
    return Story(case, tuple(rows), state)


def _clocks(
    entry: Entry, limits: Limits, state: Case, words: Words, rules: Rules | None
) -> Iterable[ClockNote]:
    for event in entry.events:
        if not isinstance(event, DeadlineStarted | DeadlineRecomputed):
            continue
        limit = limits.by_number[event.deadline]
        due = event.due if isinstance(event, DeadlineStarted) else event.after
        why = None
        if rules is not None:
            zh, en = (
                limits.derivation(limit, due, state, entry.received_at, rules, lang) for lang in ("zh", "en")
            )
            why = None if zh is None or en is None else (zh, en)
        yield ClockNote(
            event.deadline,
            limit.clock,
            limits.owner(limit),
            due,
            event.provisional,
            words.clock(limit.clock),
            why,
            isinstance(event, DeadlineRecomputed) and event.beside,
        )


def _people(entry: Entry, contents: Mapping[MessageRef, Content], words: Words) -> Iterable[Person]:
    type_, data = contents.get(MessageRef(entry.source or "", entry.message or ""), ("", {}))
    if entry.open is None:
        return
    for place, field, _ in persons(type_, data):
        if field == NAME:
            holder, _, number = place.partition("/")
            found: Any = data[holder]
            name = found[int(number)]["name"] if number else found
            yield Person(place, name, words.place(place))


def story_json(told: Story) -> bytes:
    """One JSON array, an object an entry: that of the timeline with clocks, words and people beside it."""
    return to_json(
        [
            {
                **asdict(one.row),
                "title": one.title,
                "words": one.words,
                "clocks": [asdict(clock) for clock in one.clocks],
                **({} if one.people is None else {"people": [asdict(person) for person in one.people]}),
            }
            for one in told.rows
        ],
        indent=2,
    )
