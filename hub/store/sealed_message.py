"""The sealed half of a message in its entry: free text under the case's key, what names a person under that person's.

Whoever opens an entry goes through here, so that what was erased is left out everywhere alike.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.json import decode, encode

from hub.domain.entry import Entry
from hub.store.case_key import CaseKey

RAW = "~raw"
# Under no person's number: the bytes as sent, under the keys of all whom they name.
_ALL = 0
Parts = dict[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Opened:
    """What could be opened. `raw`: the bytes as sent, where they were kept. `whole`: nothing of it was erased."""

    hidden: dict[str, Any]
    raw: bytes | None
    whole: bool


def seal_message(
    entry: Entry,
    key: CaseKey,
    hidden: Mapping[str, Any],
    names: Sequence[str],
    content: bytes,
    raw: bytes | None,
) -> None:
    """Put the sealed half and its HMAC into an entry that has its source and message id.

    `names`: the fields that name persons. `content`: what the HMAC is of. `raw`: the bytes as sent, where they can't be
    rebuilt. May give the case keys that it did not have (`CaseKey.changed`).
    """
    if not key.has_text:
        key.renew()
    bound = f"{entry.source}/{entry.message}"
    parts: Parts = {}
    if any(hidden.get(name) for name in names):
        hidden, parts = _apart(hidden, names, key)
    if raw is not None and not parts:
        hidden = {**hidden, RAW: b64encode(raw).decode()}
    if hidden:
        entry.sealed, entry.key = key.seal(encode(hidden), bound.encode()), key.generation
    if parts:
        entry.key = key.generation
        entry.persons = [
            (number, key.seal_person(number, encode(part), f"{bound}/{number}".encode()))
            for number, part in parts.items()
        ]
        if raw is not None:
            entry.persons.append((_ALL, key.seal_joint(parts, raw, f"{bound}/{_ALL}".encode())))
    entry.mac = key.mac(content, parts).hex()


def open_message(entry: Entry, key: CaseKey | None) -> Opened:
    """The sealed half of the message that an entry holds, without what was erased. Raises SealBroken."""
    if entry.sealed is None and not entry.persons:
        return Opened({}, None, whole=True)
    bound = f"{entry.source}/{entry.message}"
    has_text = key is not None and key.has_text and key.generation == entry.key
    hidden: dict[str, Any] = {}
    whole, raw = True, None
    if entry.sealed is not None:
        if key is not None and has_text:
            hidden = decode(key.open(entry.sealed, bound.encode()))
        else:
            whole = False
    there: Parts = {}
    for number, sealed in entry.persons:
        if number == _ALL:
            continue
        if key is None or number not in key.persons:
            whole = False
            continue
        there[number] = decode(key.open_person(number, sealed, f"{bound}/{number}".encode()))
    if key is not None and has_text and whole:
        raw = _raw(entry, key, there, hidden, f"{bound}/{_ALL}".encode())
    hidden.pop(RAW, None)
    _together(hidden, there)
    return Opened(hidden, raw, whole)


def message_mac(
    key: CaseKey, hidden: Mapping[str, Any], names: Sequence[str], content: bytes
) -> bytes | None:
    """The HMAC that `seal_message` gives the same message; None when it names somebody who has no key here."""
    if not key.has_text:
        return None
    numbers = {key.known(party) for _, _, party in _named(hidden, names)}
    return None if None in numbers else key.mac(content, {number for number in numbers if number is not None})


def _raw(entry: Entry, key: CaseKey, there: Parts, hidden: Mapping[str, Any], bound: bytes) -> bytes | None:
    if RAW in hidden:
        return b64decode(hidden[RAW])
    joint = next((sealed for number, sealed in entry.persons if number == _ALL), None)
    return None if joint is None else key.open_joint(there, joint, bound)


def _named(hidden: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, int, Mapping[str, Any]]]:
    """Field, place in it, and what names the person there."""
    found: list[tuple[str, int, Mapping[str, Any]]] = []
    for name in names:
        value = hidden.get(name)
        if isinstance(value, str) and value:
            found.append((name, -1, {"name": value}))
        elif value:
            found += [(name, place, party) for place, party in enumerate(value)]
    return found


def _apart(hidden: Mapping[str, Any], names: Sequence[str], key: CaseKey) -> tuple[dict[str, Any], Parts]:
    parts: Parts = {}
    split = set()
    for name, place, party in _named(hidden, names):
        part = parts.setdefault(key.named(party), {})
        split.add(name)
        if place < 0:
            part[name] = party["name"]
        else:
            part.setdefault(name, []).append((place, party))
    return {name: value for name, value in hidden.items() if name not in split}, parts


def _together(hidden: dict[str, Any], parts: Parts) -> None:
    """Put the parts into their fields again; of a list, those items that are left, in their order."""
    lists: dict[str, list[tuple[int, Any]]] = {}
    for part in parts.values():
        for name, value in part.items():
            if isinstance(value, str):
                hidden[name] = value
            else:
                lists.setdefault(name, []).extend(value)
    for name, items in lists.items():
        hidden[name] = [item for _, item in sorted(items, key=lambda pair: pair[0])]
