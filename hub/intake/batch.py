"""One batch of one shard: every record becomes one journal entry, in order, inside one unit of the store."""

import logging
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from hub.bus.ports import InRecord
from hub.domain import events as ev
from hub.domain.case import Case, MessageRef
from hub.domain.decide import decide
from hub.domain.decision import Message, moment
from hub.domain.entry import Entry, Origin, Outcome
from hub.domain.evolve import evolve
from hub.domain.merkle import Frontier, leaf_hash
from hub.domain.rules import Rules
from hub.domain.view import Content
from hub.errors import Parking, ParkingName, Refusal, RefusalName
from hub.intake.reading import Read, record_bytes, record_digest
from hub.store.ports import Changes, Head, InboxRow, JournalRow, ParkedRow, Seen
from hub.store.sealing import CaseKey, Sealer

log = logging.getLogger(__name__)
CASES: TypeAdapter[Case] = TypeAdapter(Case)
WAITING = (ParkingName.EARLY, ParkingName.HELD)


@dataclass(slots=True)
class Committed:
    """An entry as the followers get it in memory. `contents`: the messages' whole data while it is at hand."""

    entry: Entry
    contents: dict[MessageRef, Content] = field(default_factory=dict)


@dataclass(slots=True)
class Item:
    """A record after reading and verifying: a message, or what stands against it."""

    record: InRecord
    at: datetime
    read: Read | None = None
    problem: Parking | Refusal | None = None


@dataclass
class Batch:
    """What the deciding of one batch needs and makes. `cases`, `keys`, `seen` and `held` were loaded under the lock."""

    head: Head
    rules: Rules
    sealer: Sealer
    cases: dict[str, Case]
    keys: dict[str, CaseKey]
    seen: dict[MessageRef, Seen]
    held: dict[MessageRef, Entry]
    committed: list[Committed] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    changes: Changes = field(init=False)

    def __post_init__(self) -> None:
        self.changes = Changes(
            Head(self.head.shard, Frontier(self.head.seq, self.head.frontier.hashes), None)
        )
        self.changes.head.received_at = self.head.received_at

    def run(self, items: Sequence[Item]) -> None:
        """Decide all items in order and fill `changes` (all but the positions) and `committed`."""
        for item in items:
            self._one(item)
        for case_id in self.changed:
            case = self.cases[case_id]
            self.changes.states[case_id] = (case.version, CASES.dump_json(case))

    def _one(self, item: Item) -> None:
        if item.read is None:
            problem = item.problem
            assert problem is not None
            entry = self._entry(item)
            if isinstance(problem, Refusal):
                self._refuse(entry, problem)
                entry.mac = self.sealer.position_mac(record_digest(item.record)).hex()
            else:
                self._park(entry, problem, item.record)
            self._append(entry, item.at)
            return
        read = item.read
        ref = MessageRef(read.envelope.source, read.envelope.id)
        known = self.seen.get(ref)
        if known is not None:
            self._again(item, ref, known)
            return
        entry = self._entry(item)
        try:
            self._decide(entry, read, item)
        except (Parking, Refusal) as problem:
            self._set_aside(entry, problem, read, item)
        except Exception:
            log.exception(
                "hub.defect: %s %s of %s", read.envelope.type, read.envelope.id, read.envelope.source
            )
            defect = Parking(ParkingName.DEFECT, f"deciding {read.envelope.type} failed", "decide")
            self._park(entry, defect, item.record)
            self._append(entry, item.at)
            return
        content: Content = (read.envelope.type, read.data)
        self._append(entry, item.at, {ref: content})
        self._remember(entry, ref)
        if entry.outcome is Outcome.DECIDED:
            if read.envelope.type == "hub.early_expired.v1":
                self._expire(read.envelope.subject, read.open["before"], item.at)
            if self.cases[read.envelope.subject].waiting:
                self._take_up(read.envelope.subject, item.at)

    def _decide(self, entry: Entry, read: Read, item: Item) -> None:
        envelope = read.envelope
        case = self.cases[envelope.subject]
        if case.born and envelope.source in case.parties():
            first = next((w for w in case.waiting if w.message.source == envelope.source), None)
            if first is not None:
                raise Parking(
                    ParkingName.HELD, f"waits behind {first.message.id} of {envelope.source}", "decide"
                )
        message = Message(envelope.source, envelope.id, envelope.type, envelope.subject, read.open)
        decision = decide(case, message, self.rules, item.at)
        self._store_message(entry, read)
        entry.events = decision.events
        if decision.events:
            self._keep(decision.case)

    def _set_aside(self, entry: Entry, problem: Parking | Refusal, read: Read, item: Item) -> None:
        """Refused: journaled. Early or held: it waits in its case."""
        if isinstance(problem, Refusal):
            self._refuse(entry, problem)
            if read.envelope.subject in self.keys:
                self._store_message(entry, read)
            else:
                entry.mac = self.sealer.position_mac(record_digest(item.record)).hex()
            return
        self._store_message(entry, read)
        waits = ev.MessageWaits(
            MessageRef(read.envelope.source, read.envelope.id),
            moment(item.at),
            problem.name is ParkingName.HELD,
        )
        entry.events = [waits]
        self._keep(evolve(self.cases[read.envelope.subject], waits))
        self._park(entry, problem, item.record)

    def _again(self, item: Item, ref: MessageRef, known: Seen) -> None:
        """A known id: the recorded outcome again, or a refusal when the content is another."""
        assert item.read is not None
        entry = self._entry(item)
        key = self.keys.get(item.read.envelope.subject)
        digest = record_digest(item.record)
        # A message that was refused before its case had a key was remembered without one.
        macs = [self.sealer.position_mac(digest), *([key.mac(digest)] if key is not None else [])]
        if known.mac not in macs:
            self._refuse(
                entry, Refusal(RefusalName.ID_REUSED, f"id {ref.id!r} was used before for other content")
            )
            log.warning("id_reused: %s %s", ref.source, ref.id)
        else:
            entry.outcome, entry.refers = Outcome.DUPLICATE, ref
            entry.reason, entry.detail = known.reason, known.outcome
        self._append(entry, item.at)

    def _take_up(self, case_id: str, at: datetime) -> None:
        """Decide again what waits, in its order, until nothing more can be; a sender's later message never overtakes."""
        progress = True
        while progress:
            progress, blocked = False, set[str]()
            for waiting in self.cases[case_id].waiting:
                ref = waiting.message
                if ref.source in blocked:
                    continue
                stored = self.held[ref]
                message = Message(ref.source, ref.id, stored.type or "", case_id, stored.open or {})
                entry = self._later_entry(stored, ref, at)
                try:
                    decision = decide(self.cases[case_id], message, self.rules, at)
                    taken = ev.MessageTakenUp(ref)
                    entry.events = [*decision.events, taken]
                    self._keep(evolve(decision.case, taken))
                    self.changes.unparked.append(ref)
                except Parking:
                    blocked.add(ref.source)
                    continue
                except Refusal as refusal:
                    self._give_up(entry, refusal)
                except Exception:
                    log.exception("hub.defect: %s %s of %s, taken up", stored.type, ref.id, ref.source)
                    detail = f"deciding {stored.type} failed when it was taken up"
                    self._give_up(entry, Parking(ParkingName.DEFECT, detail, "decide"))
                self._append(entry, at)
                progress = True

    def _expire(self, case_id: str, before: str, at: datetime) -> None:
        """Refuse what has waited too long, one after the other: the end of one may let those behind it go on."""
        limit = datetime.fromisoformat(before)
        while late := [w for w in self.cases[case_id].waiting if datetime.fromisoformat(w.since) < limit]:
            first = next((waiting for waiting in late if not waiting.held), late[0])
            entry = self._later_entry(self.held[first.message], first.message, at)
            self._give_up(entry, Refusal(RefusalName.EARLY_EXPIRED, f"waited since {first.since}"))
            self._append(entry, at)
            self._take_up(case_id, at)

    def _give_up(self, entry: Entry, problem: Parking | Refusal) -> None:
        """End the waiting of a message: refused, or parked for good."""
        assert entry.case is not None
        assert entry.refers is not None
        if isinstance(problem, Refusal):
            self._refuse(entry, problem)
        else:
            self._park_later(entry, problem)
        taken = ev.MessageTakenUp(entry.refers)
        entry.events = [taken]
        self._keep(evolve(self.cases[entry.case], taken))
        self.changes.unparked.append(entry.refers)

    def _keep(self, case: Case) -> None:
        self.cases[case.id] = case
        self.changed.add(case.id)

    def _entry(self, item: Item) -> Entry:
        record, read = item.record, item.read
        entry = Entry(
            shard=self.head.shard,
            seq=0,
            received_at=moment(item.at),
            outcome=Outcome.DECIDED,
            rules=self.rules.digest,
            origin=Origin(record.topic, record.partition, record.offset),
        )
        if read is not None:
            entry.case, entry.source = read.envelope.subject, read.envelope.source
            entry.message, entry.type = read.envelope.id, read.envelope.type
            entry.verified = True
        return entry

    def _later_entry(self, stored: Entry, ref: MessageRef, at: datetime) -> Entry:
        return Entry(
            shard=self.head.shard,
            seq=0,
            received_at=moment(at),
            outcome=Outcome.DECIDED,
            rules=self.rules.digest,
            case=stored.case,
            origin=stored.origin,
            source=ref.source,
            message=ref.id,
            type=stored.type,
            refers=ref,
            verified=stored.verified,
        )

    def _store_message(self, entry: Entry, read: Read) -> None:
        """Put the message into its entry: open fields as they are, the others sealed under the case's key (5a.7)."""
        case_id = read.envelope.subject
        key = self.keys.get(case_id)
        if key is None:
            key, self.changes.keys[case_id] = self.sealer.new_key(case_id)
            self.keys[case_id] = key
        hidden: dict[str, Any] = read.hidden
        if not read.canonical:
            hidden = {**hidden, "~raw": b64encode(read.record.value or b"").decode()}
        if hidden:
            entry.sealed = key.seal(to_json(hidden), f"{read.envelope.source}/{read.envelope.id}".encode())
        entry.attributes, entry.open = read.attributes, read.open
        entry.mac = key.mac(record_digest(read.record)).hex()

    def _refuse(self, entry: Entry, refusal: Refusal) -> None:
        entry.outcome, entry.reason = Outcome.REFUSED, refusal.name.value
        entry.detail, entry.allowed = refusal.detail, [str(item) for item in refusal.allowed]
        entry.events = []

    def _park(self, entry: Entry, parking: Parking, record: InRecord) -> None:
        entry.outcome, entry.reason, entry.detail = Outcome.PARKED, parking.name.value, parking.detail
        row = ParkedRow(
            0, parking.name.value, parking.step, parking.detail, record.topic, record.partition, record.offset
        )
        row.source, row.message, row.case = entry.source, entry.message, entry.case
        if parking.name not in WAITING:
            entry.events = []
            name = f"parked:{record.topic}/{record.partition}/{record.offset}"
            key, self.changes.keys[name] = self.sealer.new_key(name)
            row.raw = key.seal(record_bytes(record), name.encode()).encode()
        self.changes.parked.append(row)

    def _park_later(self, entry: Entry, parking: Parking) -> None:
        """A waiting message that is parked for good: the entry that it refers to holds it."""
        entry.outcome, entry.reason, entry.detail = Outcome.PARKED, parking.name.value, parking.detail
        at = entry.origin
        assert at is not None
        row = ParkedRow(
            0, parking.name.value, parking.step, parking.detail, at.topic, at.partition, at.offset
        )
        row.source, row.message, row.case = entry.source, entry.message, entry.case
        self.changes.parked.append(row)

    def _append(self, entry: Entry, at: datetime, contents: dict[MessageRef, Content] | None = None) -> None:
        head = self.changes.head
        entry.seq = head.seq + 1
        if entry.outcome is Outcome.PARKED:
            self.changes.parked[-1].seq = entry.seq
        raw = entry.to_bytes()
        leaf = leaf_hash(raw)
        head.frontier.append(leaf)
        head.received_at = at
        self.changes.journal.append(JournalRow(entry.seq, entry.case, entry.outcome.value, at, raw, leaf))
        self.committed.append(Committed(entry, contents or {}))
        if (
            entry.outcome is Outcome.PARKED
            and entry.refers is None
            and entry.source is not None
            and entry.message is not None
            and entry.events
        ):
            self.held[MessageRef(entry.source, entry.message)] = entry

    def _remember(self, entry: Entry, ref: MessageRef) -> None:
        """The inbox holds the id for the life of the case."""
        mac = bytes.fromhex(entry.mac or "")
        self.changes.inbox.append(InboxRow(ref, entry.seq, mac, entry.outcome.value, entry.reason))
        self.seen[ref] = Seen(self.head.shard, entry.seq, mac, entry.outcome.value, entry.reason)
