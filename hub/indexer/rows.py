"""What entries change in the indexes. Pure but for the token: entries and opened messages in, rows out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.domain.case import MessageRef
from hub.domain.decide import ALIAS
from hub.domain.entry import Entry
from hub.domain.person import normal_number, persons
from hub.domain.view import Content
from hub.store.person_index import PersonRow

Token = Callable[[str, str], bytes]
DOCUMENT = "document"
_ABOUT = ("region", "matter", "cause")
_PARTIES = "parties/"


class NumberRow(NamedTuple):
    """A number in the form of `normal_number`. `kind`: the department's own kind, or `document` 文号 of a step."""

    number: str
    department: str
    kind: str
    case: str


class AboutRow(NamedTuple):
    """What a referral is about."""

    referral: str
    case: str
    region: str | None
    matter: str | None
    cause: str | None


@dataclass(slots=True)
class IndexRows:
    """`about`: of referrals that are new; `corrections`: columns to set afterwards by referral, the last value wins.

    `compared`: cases of which something is new by which duplicates are found.
    """

    persons: set[PersonRow] = field(default_factory=set)
    numbers: set[NumberRow] = field(default_factory=set)
    about: dict[str, AboutRow] = field(default_factory=dict)
    corrections: dict[str, dict[str, str | None]] = field(default_factory=dict)
    compared: set[str] = field(default_factory=set)


def needed(entries: Iterable[Entry]) -> set[MessageRef]:
    """The messages of referrals that were raised or corrected here, wherever they are held."""
    return {
        event.content
        for entry in entries
        for event in entry.events
        if event.e == "referral_raised" or event.e == "referral_corrected"
    }


def rows_of(entries: Sequence[Entry], contents: Mapping[MessageRef, Content], token: Token) -> IndexRows:
    """The rows of entries. `contents`: type and data of their messages and of those `needed`, as far as they open."""
    rows = IndexRows()
    for entry in entries:
        if entry.case is None or entry.case.startswith(ALIAS):
            continue
        if entry.open is not None:
            _message(rows, entry, entry.case, contents, token)
        for event in entry.events:
            if event.e == "number_learned":
                _number(rows, event.number, event.department, event.kind, entry.case)
            elif event.e == "referral_raised":
                data = contents[event.content][1]
                rows.about[event.referral] = AboutRow(
                    event.referral, entry.case, *(data.get(name) for name in _ABOUT)
                )
                rows.corrections.pop(event.referral, None)
                rows.compared.add(entry.case)
            elif event.e == "referral_corrected":
                data = contents[event.content][1]
                changed = {name: data.get(name) for name in _ABOUT if name in event.fields}
                rows.corrections.setdefault(event.referral, {}).update(changed)
                rows.compared.add(entry.case)
    return rows


def _message(
    rows: IndexRows, entry: Entry, case: str, contents: Mapping[MessageRef, Content], token: Token
) -> None:
    ref = MessageRef(entry.source or "", entry.message or "")
    type_, data = contents[ref]
    for place, by, value in persons(type_, data):
        rows.persons.add(PersonRow(token(by, value), case, ref.source, ref.id, place, by))
        if place.startswith(_PARTIES):
            rows.compared.add(case)
    document: Any = data.get(DOCUMENT)
    if document:
        _number(rows, document, ref.source, DOCUMENT, case)


def _number(rows: IndexRows, number: str, department: str, kind: str, case: str) -> None:
    rows.numbers.add(NumberRow(normal_number(number), department, kind, case))
