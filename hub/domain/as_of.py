"""A case at a moment, on either axis of time: as it was known to the hub, and as it was in law. Pure.

What was known at T is what had been received by T. What was so in law at T is told by everything known since: a step
counts from the moment in its document, however late it was received; a correction counts from the moment from which the
corrected fact should have been so; a breach from the moment that was due. A step never counts before what it builds on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.domain.case import Case, MessageRef
from hub.domain.entry import Entry
from hub.domain.events import Event, FactRecorded, ReferralCorrected, ReferralRaised
from hub.domain.evolve import change, fold

# What the hub told whom and what waits are facts of the hub, not of law.
_NOT_OF_LAW = frozenset({"notified", "message_waits", "message_taken_up", "redelivery_granted"})
# Steps that answer or undo the reply.
_AFTER_REPLY = frozenset({"reply.confirmed", "rework.requested"})
Key = tuple[str, ...]


def known(case: str, entries: Iterable[Entry], at: datetime) -> Case:
    """The case as the hub knew it: what it had received by then, to the byte as it was stored."""
    received = (entry for entry in entries if _moment(entry.received_at) <= at)
    return fold(Case(case), (event for entry in received for event in entry.events))


def in_law(case: str, entries: Sequence[Entry], at: datetime) -> Case:
    """The case as it was in law at `at`, by these entries: all, or those received by some later moment.

    Sequences and waiting messages are left empty; `version` counts the events that count.
    """
    found = Case(case)
    facts: list[tuple[datetime, FactRecorded]] = []
    for entry, since in zip(entries, effective(entries), strict=True):
        if since > at:
            continue
        for event in entry.events:
            if event.e == "fact_recorded":
                facts.append((_moment(event.legal_at), event))
            elif event.e not in _NOT_OF_LAW and _applies(found, event):
                change(found, event)
    # A fact that was told late comes before the later ones that were told in time.
    for _, fact in sorted(facts, key=lambda one: one[0]):
        change(found, fact)
    return found


def effective(entries: Sequence[Entry]) -> list[datetime]:
    """Since when each entry's events are so in law, in the order of the entries."""
    held = {_ref(entry): entry.open for entry in entries if entry.open is not None and entry.refers is None}
    corrected = {
        event.referral: event.legal_at
        for entry in entries
        for event in entry.events
        if isinstance(event, ReferralCorrected) and event.legal_at is not None
    }
    given: dict[Key, datetime] = {}
    found: list[datetime] = []
    for entry in entries:
        since = _stated(entry, held, corrected, given)
        since = max([since, *(given[key] for key in _needs(entry.events) if key in given)])
        for key in _gives(entry.events):
            given[key] = since
        found.append(since)
    return found


def _stated(
    entry: Entry,
    held: Mapping[MessageRef, dict[str, Any]],
    corrected: Mapping[str, str],
    given: Mapping[Key, datetime],
) -> datetime:
    """What the document says, or the hub's clock; a correction takes the place of what it corrects."""
    for event in entry.events:
        if isinstance(event, ReferralRaised):
            return _moment(corrected.get(event.referral, event.legal_at))
        if isinstance(event, ReferralCorrected) and ("referral", event.referral) in given:
            return given["referral", event.referral]
    said = held.get(entry.refers or _ref(entry), {})
    return _moment(said.get("legal_at") or said.get("moment") or entry.received_at)


def _needs(events: Iterable[Event]) -> Iterator[Key]:
    """What must be so before these events can be."""
    for event in events:
        for holder in ("referral", "task"):
            if (name := getattr(event, holder, None)) is not None:
                yield holder, name
        if event.e == "request_closed":
            yield _request(event)
        elif event.e == "task_stepped" and event.step in _AFTER_REPLY:
            yield "reply", event.task


def _gives(events: Iterable[Event]) -> Iterator[Key]:
    for event in events:
        if event.e == "referral_raised":
            yield "referral", event.referral
        elif event.e == "task_assigned":
            yield "task", event.task
        elif event.e == "request_opened":
            yield _request(event)
        elif event.e == "reply_given":
            yield "reply", event.task


def _request(event: Any) -> Key:
    return "request", event.request, event.task or event.referral


def _applies(case: Case, event: Event) -> bool:
    """Whether the time limit that an event is about runs: one that began later in law, or was met before, does not."""
    number = getattr(event, "deadline", None)
    return number is None or event.e == "deadline_started" or number in case.deadlines


def _ref(entry: Entry) -> MessageRef:
    return MessageRef(entry.source or "", entry.message or "")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
