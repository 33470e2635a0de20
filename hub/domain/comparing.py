"""Comparing two open cases: whether they may be one matter, and why. Pure; what it compares by is `hub.domain.duplicates`."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub.domain.case import OPEN, Case, Referral
from hub.domain.decision import legal_day
from hub.domain.duplicates import Combination, Duplicates
from hub.domain.person import FIELDS
from hub.domain.record_sealing import sealed_by

# Digits of a matter's code that name its class; all of them name its kind.
_CLASS = 2
_PLACES = (12, 9, 6)

Agreement = Mapping[str, bytes]
"""The fields in which a person of one matter and one of the other agree, and the token of each."""


class Found(NamedTuple):
    """Why two cases are offered: the combination, and everything that agrees, by code."""

    combination: str
    agrees: list[str]


def comparable(case: Case) -> bool:
    """Whether a case may be compared at all: it is open, and its record is not sealed. Whether it was erased is not here."""
    return case.merged_into is None and sealed_by(case.facts) is None and bool(open_referrals(case))


def open_referrals(case: Case) -> list[Referral]:
    """The referrals that make the case an open matter."""
    return [one for one in case.referrals.values() if one.state == OPEN]


def came_later(one: Case, other: Case) -> bool:
    """Which of two cases is offered the other: the one whose first referral the hub decided later."""
    return _first(one) > _first(other)


def agreement(rules: Duplicates, one: Case, other: Case, persons: Sequence[Agreement]) -> Found | None:
    """The first combination that two cases fulfil. `persons`: for each two persons that agree in something, in what.

    What has been linked, offered or answered already is for the caller to know.
    """
    if not (comparable(one) and comparable(other)):
        return None
    pairs = [
        (a, b)
        for a in open_referrals(one)
        for b in open_referrals(other)
        if a.flow in rules.flows and b.flow in rules.flows
    ]
    for combination in rules.combinations:
        named = [person for person in persons if all(field in person for field in combination.person)]
        if (
            len({tuple(person[field] for field in combination.person) for person in named})
            < combination.persons
        ):
            continue
        for a, b in pairs:
            if _fits(combination, a, b):
                fields = [field for field in FIELDS if any(field in person for person in named)]
                return Found(combination.code, fields + _common(a, b))
    return None


def _fits(combination: Combination, a: Referral, b: Referral) -> bool:
    same = _common(a, b)
    return (
        (combination.place is None or any(f"place_{n}" in same for n in _PLACES if n >= combination.place))
        and (combination.matter is None or f"matter_{combination.matter}" in same or "matter_kind" in same)
        and (
            combination.days is None
            or abs((legal_day(a.legal_at) - legal_day(b.legal_at)).days) <= combination.days
        )
    )


def _common(a: Referral, b: Referral) -> list[str]:
    """The narrowest place and the narrowest kind of matter that both have."""
    found = []
    if a.region is not None and b.region is not None:
        found += [f"place_{n}" for n in _PLACES if a.region[:n] == b.region[:n] and len(a.region) >= n][:1]
    if a.matter is not None and b.matter is not None:
        if a.matter == b.matter and len(a.matter) > _CLASS:
            found.append("matter_kind")
        elif a.matter[:_CLASS] == b.matter[:_CLASS]:
            found.append("matter_class")
    return found


def _first(case: Case) -> tuple[str, str]:
    return min(one.raised_at for one in case.referrals.values()), case.id
