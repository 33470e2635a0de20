"""处理通知单, 六联责任单: one referral as each of its receivers was given it, and the sender's record of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from hub.domain.case import MessageRef
from hub.domain.entry import Entry
from hub.domain.events import Notified
from hub.domain.view import Content, assigned, compose
from schemas.classes import FieldClass

RECORD = "sender"


@dataclass(frozen=True, slots=True)
class Notice:
    """One part. `part` of `parts` of its referral; `role`: of the receiver, or `sender` for the record that stays with it.

    `data`: the fields of `task.assigned` as this receiver was given them, corrections that it was told of included.
    """

    referral: str
    part: int
    parts: int
    to: str
    role: str
    at: str
    data: Mapping[str, Any]

    @property
    def file_name(self) -> str:
        """Tells apart the parts of all referrals of a case."""
        return f"{self.referral[:8]}-{self.part:02}-{self.to}.html"


def notices(entries: Sequence[Entry], contents: Mapping[MessageRef, Content]) -> list[Notice]:
    """The parts of every referral of a case, by its entries and the opened messages that they hold. Pure.

    A receiver that came later has a part of its own; one that gave the task back keeps what it was given.
    """
    given: dict[str, tuple[str, Notified]] = {}
    raised: dict[str, tuple[str, str, list[MessageRef]]] = {}
    for entry in entries:
        decided = entry.refers or MessageRef(entry.source or "", entry.message or "")
        for event in entry.events:
            if event.e == "referral_raised":
                raised[event.referral] = entry.received_at, event.sender, [event.content]
            elif event.e == "referral_corrected":
                raised[event.referral][2].append(decided)
            elif event.e == "notified" and event.type == "task.assigned.v1":
                given[event.own["task"]] = entry.received_at, event
            elif event.e == "notified" and event.type == "referral.corrected.v1":
                _learn(given, contents[decided][1]["referral"], event.to, decided)
    made: list[Notice] = []
    for referral, (at, sender, refs) in raised.items():
        parts = [one for one in given.values() if one[1].own["referral"] == referral]
        for part, (when, event) in enumerate(parts, 1):
            data = compose(event, None, contents)
            to, role = event.to, event.own["role"]
            made.append(Notice(referral, part, len(parts) + 1, to, role, when, data))
        record = assigned(refs, contents, FieldClass.SENSITIVE)
        made.append(Notice(referral, len(parts) + 1, len(parts) + 1, sender, RECORD, at, record))
    return made


def _learn(given: dict[str, tuple[str, Notified]], referral: str, to: str, correction: MessageRef) -> None:
    for task, (at, event) in given.items():
        if (event.own["referral"], event.to) == (referral, to) and correction not in event.contents:
            given[task] = at, replace(event, contents=[*event.contents, correction])
