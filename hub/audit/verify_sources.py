"""What was read from departments' topics: each record below intake's position against the entry that says so, and back.

A record that a person decided to leave out, or that is of a cluster before this one, is explained by that decision.
"""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from hub.audit.made import CHANGED
from hub.audit.report import Report
from hub.audit.verify_checkpoints import Trust
from hub.audit.verify_shard import Moment
from hub.bus.ports import InRecord, Log, TopicPartition
from hub.bus.topics import TopicNames
from hub.domain.decide import HUB
from hub.domain.entry import Entry, Outcome
from hub.errors import Parking, Refusal
from hub.intake.entries import claim_of, hold_message
from hub.intake.reading import PASSED_ON, Read, read, unwrap
from hub.store import read_tables
from hub.store.reading import Snapshot
from schemas.signature import verify


@dataclass(slots=True)
class _Source:
    """One topic's partition: `next` was not looked at yet; `left_out`: parts that a person passed over."""

    place: TopicPartition
    start: int
    position: int
    next: int
    left_out: list[tuple[int, int]] = field(default_factory=list)
    at_hand: deque[InRecord] = field(default_factory=deque)

    def explained(self, offset: int) -> bool:
        """Whether a person decided not to read it."""
        return any(first <= offset < last for first, last in self.left_out)


@dataclass(slots=True)
class Sources:
    """Those of one shard, beside its entries in their order."""

    log: Log
    names: TopicNames
    shard: int
    shards: int
    since: datetime
    trust: Trust
    report: Report
    _sources: dict[str, _Source]

    @classmethod
    async def of(
        cls,
        view: Snapshot,
        log: Log,
        names: TopicNames,
        shard: int,
        moment: Moment,
        trust: Trust,
        report: Report,
    ) -> Self:
        """All topics that intake has a position of. Tells those that end before it. Raises BusTrouble."""
        positions = await read_tables.positions(view, shard)
        bounds = await log.bounds((topic, shard) for topic in positions)
        sources = {}
        for topic, (position, _) in sorted(positions.items()):
            found = bounds[topic, shard]
            if found.end < position:
                what = f"{topic}/{shard}: end of the topic"
                report.differs(what, f"at least intake's position {position}", found.end, shard)
            position = min(position, found.end)
            left_out = _left_out(moment.notes, topic, shard)
            sources[topic] = _Source((topic, shard), found.start, position, found.start, left_out)
        since = max((_when(name) for name in moment.notes if name.startswith("cluster/")), default=None)
        return cls(
            log,
            names,
            shard,
            len(moment.heads),
            since or datetime.min.replace(tzinfo=UTC),
            trust,
            report,
            sources,
        )

    async def take(self, entries: Sequence[Entry]) -> None:
        """The next entries. One that took up what had waited was read before."""
        for entry in entries:
            at = entry.origin
            if at is None or (entry.refers is not None and entry.outcome is not Outcome.DUPLICATE):
                continue
            source = self._sources.get(at.topic)
            if (
                source is None
                or datetime.fromisoformat(entry.received_at) < self.since
                or at.offset < source.start
            ):
                self.report.topic_past += 1
            elif at.offset >= source.next:
                await self._reached(source, entry, at.offset)

    async def end(self) -> None:
        """The journal of the shard ends: so do the records that intake has read."""
        for source in self._sources.values():
            while (record := await self._record(source)) is not None and record.offset < source.position:
                self._left(source, source.at_hand.popleft())

    async def _reached(self, source: _Source, entry: Entry, offset: int) -> None:
        while (record := await self._record(source)) is not None and record.offset < offset:
            self._left(source, source.at_hand.popleft())
        source.next = offset + 1
        if record is None or record.offset != offset:
            what = f"{source.place[0]}/{source.place[1]}: record at offset {offset}"
            self.report.differs(
                what, "a record, as the entry says", "none", self.shard, entry.seq, entry.case
            )
            return
        source.at_hand.popleft()
        self.report.topic_sources += 1
        try:
            self._compare(entry, record)
        except CHANGED as problem:
            what = f"{_name(record)}: record that can be compared"
            self.report.differs(what, "a record", repr(problem), self.shard, entry.seq, entry.case)

    async def _record(self, source: _Source) -> InRecord | None:
        """The next that was not looked at, left where it is."""
        if not source.at_hand:
            if source.next >= source.position:
                return None
            found = await self.log.read(source.place, source.next)
            source.at_hand.extend(found)
            if not found:
                return None
        return source.at_hand[0]

    def _left(self, source: _Source, record: InRecord) -> None:
        source.next = record.offset + 1
        if not source.explained(record.offset):
            self.report.differs(_name(record), "an entry of the journal", "none", self.shard)

    def _compare(self, entry: Entry, record: InRecord) -> None:
        """What the entry holds of the message. What could not be read is held by its place alone."""
        if entry.claim is not None and entry.claim != claim_of(record):
            self._tell(record, entry, entry.claim, claim_of(record), "id that it claims")
        if entry.source is None or entry.message is None:
            return
        try:
            message = read(record, self.names, self.shards)
            if message.envelope.type == PASSED_ON and entry.source != HUB:
                message = unwrap(message)
        except (Parking, Refusal):
            if entry.outcome is Outcome.DECIDED:
                self._tell(record, entry, "a message", "what is none")
            return
        if (message.ref.source, message.ref.id) != (entry.source, entry.message):
            self._tell(record, entry, f"{entry.source}/{entry.message}", "/".join(message.ref))
        elif entry.attributes is not None:
            self._whole(entry, message, record)

    def _whole(self, entry: Entry, message: Read, record: InRecord) -> None:
        again = Entry(entry.shard, entry.seq, entry.received_at, entry.outcome, entry.rules, entry.case)
        again.source, again.message, again.type = entry.source, entry.message, entry.type
        hold_message(again, message)
        for what, said, found in (
            ("attributes", entry.attributes, again.attributes),
            ("open fields", entry.open, again.open),
        ):
            if said != found:
                name = next(
                    n
                    for n in sorted({*(said or {}), *(found or {})})
                    if (said or {}).get(n) != (found or {}).get(n)
                )
                self._tell(record, entry, (said or {}).get(name), (found or {}).get(name), f"{what}, {name}")
                return
        keys = None if self.trust.keys is None else self.trust.keys.get(entry.source or "", ())
        if keys is None or not entry.verified:
            return
        # The journal holds the same signature: so the sealed fields are those that were signed, without opening them.
        content = message.record.value or b""
        if not any(verify(message.attributes, content, key) for key in keys):
            self._tell(record, entry, "what the signature in the journal covers", "something else")

    def _tell(
        self, record: InRecord, entry: Entry, expected: object, found: object, what: str = "message"
    ) -> None:
        self.report.differs(f"{_name(record)}, {what}", expected, found, self.shard, entry.seq, entry.case)


def _name(record: InRecord) -> str:
    return f"{record.topic}/{record.partition}: record at offset {record.offset}"


def _left_out(notes: Mapping[str, str], topic: str, shard: int) -> list[tuple[int, int]]:
    found = []
    for name, note in notes.items():
        if name.startswith(f"position/{topic}/{shard}/"):
            decided = json.loads(note)
            found.append((int(decided["from"] or 0), int(decided["to"])))
    return found


def _when(name: str) -> datetime:
    return datetime.fromisoformat(name.rpartition("/")[2])
