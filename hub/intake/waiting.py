"""What waits in a case: taken up when what it builds on has come, refused when it has waited too long (5)."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from hub.domain import events as ev
from hub.domain.case import Case, MessageRef
from hub.domain.decide import ALIAS, Decision, decide
from hub.domain.decision import Message
from hub.domain.entry import Entry
from hub.domain.evolve import evolve
from hub.domain.rules import Rules
from hub.errors import Parking, ParkingName, Refusal, RefusalName
from hub.intake.entries import later_entry, park, refuse
from hub.store.ports import Changes

log = logging.getLogger(__name__)


class Deciding(Protocol):
    """Where messages are decided one after the other: a batch of intake, or a trial of other rules."""

    rules: Rules
    cases: dict[str, Case]
    held: dict[MessageRef, Entry]
    aliases: Mapping[str, Sequence[str]]
    changes: Changes

    def keep(self, case: Case) -> None: ...
    def append(self, entry: Entry, at: datetime) -> None: ...


def decide_in_turn(
    case: Case, message: Message, rules: Rules, at: datetime, aliases: Mapping[str, Sequence[str]]
) -> Decision:
    """Decide a message unless it has to wait behind an earlier one of its sender (5). Raises as `decide`, Parking (held).

    Under a department's number all go on in order. A department without a part in the case holds itself back from the first
    message on that would be refused for that: with what is early it may come to have one.
    """
    own = [one for one in case.waiting if one.message.source == message.source]
    if not own:
        return decide(case, message, rules, at, aliases)
    held = Parking(ParkingName.HELD, f"waits behind {own[0].message.id} of {message.source}", "decide")
    has_part = case.born and message.source in case.parties()
    if case.id.startswith(ALIAS) or has_part or any(one.held for one in own):
        raise held
    try:
        return decide(case, message, rules, at, aliases)
    except Refusal as refusal:
        if refusal.name is RefusalName.NOT_A_PARTY:
            raise held from None
        raise


def after(batch: Deciding, case_id: str, type_: str, opened: Mapping[str, Any], at: datetime) -> None:
    """What a decided message means for those that wait in its case."""
    if type_ == "hub.early_expired.v1":
        expire(batch, case_id, opened["before"], at)
    if batch.cases[case_id].waiting:
        take_up(batch, case_id, at)


def take_up(batch: Deciding, case_id: str, at: datetime) -> None:
    """Decide again what waits, in its order, until nothing more can be; a sender's later message never overtakes."""
    progress = True
    while progress:
        progress, blocked = False, set[str]()
        for waiting in batch.cases[case_id].waiting:
            ref = waiting.message
            if ref.source in blocked:
                continue
            stored = batch.held[ref]
            message = Message(ref.source, ref.id, stored.type or "", case_id, stored.open or {})
            entry = later_entry(stored, ref, at, batch.rules)
            try:
                decision = decide(batch.cases[case_id], message, batch.rules, at, batch.aliases)
                taken = ev.MessageTakenUp(ref)
                entry.events = [*decision.events, taken]
                batch.keep(evolve(decision.case, taken))
                batch.changes.unparked.append(ref)
            except Parking:
                blocked.add(ref.source)
                continue
            except Refusal as refusal:
                _give_up(batch, entry, refusal)
            except Exception:
                log.exception("hub.defect: %s %s of %s, taken up", stored.type, ref.id, ref.source)
                detail = f"deciding {stored.type} failed when it was taken up"
                _give_up(batch, entry, Parking(ParkingName.DEFECT, detail, "decide"))
            batch.append(entry, at)
            progress = True


def expire(batch: Deciding, case_id: str, before: str, at: datetime) -> None:
    """Refuse what has waited too long, one after the other: the end of one may let those behind it go on."""
    limit = datetime.fromisoformat(before)
    while late := [w for w in batch.cases[case_id].waiting if datetime.fromisoformat(w.since) < limit]:
        first = late[0]
        entry = later_entry(batch.held[first.message], first.message, at, batch.rules)
        _give_up(batch, entry, Refusal(RefusalName.EARLY_EXPIRED, f"waited since {first.since}"))
        batch.append(entry, at)
        take_up(batch, case_id, at)


def _give_up(batch: Deciding, entry: Entry, problem: Parking | Refusal) -> None:
    """End the waiting of a message: refused, or parked for good (the entry that it refers to holds it)."""
    assert entry.case is not None
    assert entry.refers is not None
    if isinstance(problem, Refusal):
        refuse(entry, problem)
    else:
        batch.changes.parked.append(park(entry, problem))
    taken = ev.MessageTakenUp(entry.refers)
    entry.events = [taken]
    batch.keep(evolve(batch.cases[entry.case], taken))
    batch.changes.unparked.append(entry.refers)
