"""What the projector counts of entries and of their events. Pure."""

from collections.abc import Callable, Iterable
from typing import Any

from hub.domain import events as ev
from hub.domain.entry import Entry, Outcome

# Of a matter that went through more hands than this, how many does not matter.
MANY = 6
# What is counted, of which department, flow and reason.
Key = tuple[str, str, str, str]


def key_of(entry: Entry) -> Key:
    """As what an entry itself counts."""
    if entry.outcome is Outcome.DUPLICATE:
        return "duplicate", _source_of(entry), "", ""
    what = "submitted" if entry.outcome is Outcome.DECIDED else entry.outcome.value
    return what, _source_of(entry), "", entry.reason or ("taken_up" if entry.refers is not None else "")


def tally(entries: Iterable[Entry]) -> dict[Key, int]:
    """How many there are of each in these entries."""
    found: dict[Key, int] = {}
    for entry in entries:
        key: Key | None = key_of(entry)
        assert key is not None
        found[key] = found.get(key, 0) + 1
        for event in entry.events:
            rule = COUNTED.get(event.e)
            if rule is not None and (key := rule(event)) is not None:
                found[key] = found.get(key, 0) + 1
    return found


def _returned(event: ev.RequestOpened) -> Key | None:
    if event.task is None or event.request != "return":
        return None
    return "return_proposed", event.by, "", ""


def _passed_on(event: ev.LeadChanged) -> Key:
    return "passed_on", event.lead, "", f"hands_{event.hands}" if event.hands < MANY else "hands_more"


def _escalated(event: ev.ReferralEscalated) -> Key:
    return "escalated", event.to or "", "", f"{event.stage}_{event.why}"


COUNTED: dict[str, Callable[[Any], Key | None]] = {
    "request_opened": _returned,
    "lead_changed": _passed_on,
    "referral_escalated": _escalated,
}
"""As what an event counts, by its kind; None: not this one."""


def _source_of(entry: Entry) -> str:
    if entry.source is not None:
        return entry.source
    topic = entry.origin.topic if entry.origin is not None else ""
    return topic.rpartition("dept.")[2].removesuffix(".out")
