"""One case decided again under other rules: the messages as they were recorded, at the moments when they were received.

What follows from a decision follows here too: a message that other rules refuse leaves the case as it was for those after
it; one that waits is taken up when what it builds on has come; and the hub's clock speaks at the moments that the
other rules give. Pure: nothing is read or written.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from hub.audit.time_limits import Limit, Limits
from hub.domain import events as ev
from hub.domain.case import Case, MessageRef
from hub.domain.decide import HUB
from hub.domain.decision import Message
from hub.domain.entry import Entry, Origin, Outcome
from hub.domain.evolve import evolve
from hub.domain.merkle import Frontier
from hub.domain.rules import Rules
from hub.errors import Parking, ParkingName, Refusal, RefusalName
from hub.intake import waiting
from hub.intake.entries import park, refuse
from hub.store.ports import Changes, Head
from schemas.identifiers import derived_id

log = logging.getLogger(__name__)
DUE = ("hub.deadline_due.v1", "hub.receipt_due.v1")
# Messages that name a time limit by its number in the case.
_NUMBERED = (*DUE, "hub.date_set.v1", "hub.date_lifted.v1")


class Trial:
    """Begins with the case as it was recorded up to some entry; see `hub.intake.waiting.Deciding`.

    `held`: the entries of the messages that wait in it.
    """

    def __init__(self, case: Case, limits: Limits, held: Mapping[MessageRef, Entry], rules: Rules) -> None:
        self.id, self.rules = case.id, rules
        self.cases, self.held = {case.id: case.copy()}, dict(held)
        self.limits = limits.copy()
        self.aliases: Mapping[str, Sequence[str]] = {}
        self.changes = Changes(Head(0, Frontier(0, []), None))
        self._made: list[Entry] = []
        self._at = ""
        self._spoken: set[tuple[Limit, str]] = set()

    @property
    def case(self) -> Case:
        """The case as it stands under the other rules."""
        return self.cases[self.id]

    def again(self, recorded: Sequence[Entry], limits: Limits) -> list[Entry]:
        """Decide the message of the first of these entries, and what is taken up by it (the others) where it is.

        `limits`: those of the recorded course, by which a message of the hub's clock is understood.
        """
        first = recorded[0]
        self.aliases = {self.id: _named(recorded)}
        opened = first.open or {}
        if first.type in _NUMBERED:
            limit = limits.by_number.get(opened["deadline"])
            number = None if limit is None else self.limits.number(limit)
            opened = {**opened, "deadline": -1 if number is None else number}
        message = Message(first.source or "", first.message or "", first.type or "", self.id, opened)
        return self._decide(first, message)

    def due(self, before: str, recorded: Case, limits: Limits) -> Iterator[Entry]:
        """What the hub's clock says before a moment and did not say in the recorded course.

        A moment for which the recorded course waits as well is left to the message that was recorded of it.
        """
        while True:
            said = {
                (limits.by_number[number], running.next) for number, running in recorded.deadlines.items()
            }
            said |= self._spoken
            own = [
                (running.next, number)
                for number, running in self.case.deadlines.items()
                if running.next is not None
                and running.next < before
                and (self.limits.by_number[number], running.next) not in said
            ]
            if not own:
                return
            moment, number = min(own)
            self._spoken.add((self.limits.by_number[number], moment))
            yield from self._strike(moment, number)

    def _strike(self, moment: str, number: int) -> list[Entry]:
        running = self.case.deadlines[number]
        type_ = DUE[running.place < 0]
        name = derived_id(HUB, f"{self.id}/{number}", f"due/{moment}")
        opened = {"deadline": number, "moment": moment}
        entry = Entry(0, 0, max(moment, self._at), Outcome.DECIDED, self.rules.digest, self.id)
        entry.origin, entry.source, entry.message = Origin(type_, 0, 0), HUB, name
        entry.type, entry.open = type_, opened
        return self._decide(entry, Message(HUB, name, type_, self.id, opened))

    def _decide(self, stored: Entry, message: Message) -> list[Entry]:
        self._made, self._at = [], stored.received_at
        at = datetime.fromisoformat(stored.received_at)
        entry = Entry(
            stored.shard, 0, stored.received_at, Outcome.DECIDED, self.rules.digest, self.id, stored.origin
        )
        entry.source, entry.message, entry.type, entry.open = *message.ref, message.type, message.open
        try:
            decision = waiting.decide_in_turn(self.case, message, self.rules, at, self.aliases)
        except Refusal as refusal:
            refuse(entry, refusal)
        except Parking as parking:
            park(entry, parking)
            waits = ev.MessageWaits(message.ref, stored.received_at, parking.name is ParkingName.HELD)
            entry.events = [waits]
            self.held[message.ref] = stored
            self.keep(evolve(self.case, waits))
        except Exception as problem:
            log.debug("%s %s", message.type, message.id, exc_info=True)
            park(entry, Parking(ParkingName.DEFECT, f"deciding {message.type} failed: {problem!r}", "decide"))
        else:
            entry.events = decision.events
            if decision.events:
                self.keep(decision.case)
        self.append(entry, at)
        if entry.outcome is Outcome.DECIDED:
            waiting.after(self, self.id, message.type, message.open, at)
        return self._made

    def keep(self, case: Case) -> None:
        """The case as it is from now on."""
        self.cases[case.id] = case

    def append(self, entry: Entry, at: datetime) -> None:
        """Take in an entry that would have been made."""
        self.limits.learn(entry.events)
        for event in entry.events:
            if event.e in ("deadline_recomputed", "date_set", "date_lifted", "breach_annulled"):
                # It waits anew, perhaps for a moment that has been there before.
                limit = self.limits.by_number[event.deadline]
                self._spoken = {one for one in self._spoken if one[0] != limit}
        self._made.append(entry)


def _named(recorded: Sequence[Entry]) -> Sequence[str]:
    """The cases that a department's number named at the time, as the recorded decision shows."""
    for entry in recorded:
        if entry.reason == RefusalName.AMBIGUOUS_NUMBER.value:
            return entry.allowed
        for event in entry.events:
            if event.e == "passed_on":
                return [event.case]
    return ()
