"""The hub's own books: journal without gaps, leaves that verify, state and tables that follow from it, nothing read twice."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.sdk.store.outbox import DOUBT
from hub.domain.case import Case
from hub.domain.entry import Entry, Outcome
from hub.domain.evolve import fold
from hub.domain.merkle import Frontier, leaf_hash
from hub.errors import ParkingName, RefusalName
from hub.projector.rows import Projection
from hub.store.memory import Projected, _project

if TYPE_CHECKING:
    from tests.simulation.world import World

_NOT_KEPT = {RefusalName.ID_REUSED.value, ParkingName.DEFECT.value}


class Books:
    """Read once at the end. `told`: by department and case, how many records the journal says it was sent."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.told: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._entries: list[list[Entry]] = []
        for shard in range(world.plan.shards):
            self._entries.append([Entry.from_bytes(row.raw) for row in world.server.journal(shard)])
        for entry in self._all():
            for event in entry.events:
                if event.e == "notified" and entry.case is not None:
                    self.told[event.to][entry.case] += 1

    def problems(self) -> Iterator[str]:
        """What does not hold."""
        yield from self._chain()
        yield from self._states()
        yield from self._tables()
        yield from self._inbox()
        yield from self._read_once()
        yield from self._senders_order()
        yield from self._not_called_late()

    def _all(self) -> Iterator[Entry]:
        for entries in self._entries:
            yield from entries

    def _chain(self) -> Iterator[str]:
        for shard, entries in enumerate(self._entries):
            frontier, last = Frontier(), ""
            for due, (row, entry) in enumerate(
                zip(self._world.server.journal(shard), entries, strict=True), 1
            ):
                if (row.seq, entry.seq, entry.shard) != (due, due, shard):
                    yield f"journal {shard}: entry {row.seq} where {due} is due"
                if row.leaf != leaf_hash(row.raw):
                    yield f"journal {shard}: the leaf of entry {due} does not verify"
                if entry.received_at < last:
                    yield f"journal {shard}: entry {due} was received before the one before it"
                if entry.reason == ParkingName.DEFECT.value:
                    yield f"journal {shard}: entry {due} met a defect of the hub: {entry.detail}"
                last = entry.received_at
                frontier.append(row.leaf)
            if frontier.pack() != self._world.server.frontier(shard):
                yield f"journal {shard}: the frontier is not that of its leaves"

    def _states(self) -> Iterator[str]:
        by_case: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self._all():
            if entry.case is not None:
                by_case[entry.case].append(entry)
        for case, entries in by_case.items():
            try:
                folded = fold(Case(case), (event for entry in entries for event in entry.events))
            except (KeyError, ValueError, TypeError) as problem:
                yield f"case {case}: its events can't be folded: {problem!r}"
                continue
            stored = self._world.server.states.get(case)
            if folded.version == 0 and stored is None:
                continue
            if stored != (folded.version, folded.to_bytes()):
                yield f"case {case}: the state is not what its events give"

    def _tables(self) -> Iterator[str]:
        made = Projected()
        for entry in self._all():
            projection = Projection()
            projection.take([entry])
            _project(made, projection)
        found = self._world.server.projected
        for table in ("referral", "task", "alias", "tally"):
            if getattr(made, table) != getattr(found, table):
                yield f"table {table} is not what the journal gives"

    def _inbox(self) -> Iterator[str]:
        kept: Counter[tuple[str, str]] = Counter()
        for entry in self._all():
            again = entry.outcome is Outcome.DUPLICATE or entry.reason in _NOT_KEPT
            if entry.source and entry.message and entry.refers is None and not again:
                kept[entry.source, entry.message] += 1
        yield from (f"message {ref} counted {n} times" for ref, n in kept.items() if n > 1)
        if kept.keys() != {tuple(ref) for ref in self._world.server.inbox}:
            yield "the inbox does not hold the messages of the journal"

    def _read_once(self) -> Iterator[str]:
        """4: each record that lies in a source topic became one entry, whoever tried."""
        cluster = self._world.cluster
        read: Counter[tuple[str, int, int]] = Counter()
        ids: defaultdict[tuple[str, int, int], set[str | None]] = defaultdict(set)
        for entry in self._all():
            if (entry.origin is not None and entry.refers is None) or entry.outcome is Outcome.DUPLICATE:
                assert entry.origin is not None
                at = (entry.origin.topic, entry.origin.partition, entry.origin.offset)
                read[at] += 1
                ids[at].add(entry.message)
        there = Counter((r.topic, r.partition, r.offset) for _, r in cluster.kept)
        for at, times in read.items():
            # After a remedy records may be read again from an earlier offset.
            if times > there[at] + self._world.remedies[at[:2]]:
                yield f"record {at} was read {times} times"
        for place, log in cluster.logs.items():
            if self._world.names.owner(place[0]) is None:
                continue
            unread = [r.offset for r in log if not read[place[0], place[1], r.offset]]
            if unread:
                yield f"{place[0]}/{place[1]}: {len(unread)} records from {unread[0]} on were never read"

    def _senders_order(self) -> Iterator[str]:
        """3: what a department wrote about a case counted in the order in which it was written."""
        for department, office in self._world.offices.items():
            written = {office.message_id(c.local_id): (n, c.case) for n, c in enumerate(office.changes)}
            last: dict[str, str] = {}
            topic = self._world.names.out_of(department)
            for entry in self._all():
                if entry.origin is None or entry.origin.topic != topic or entry.refers is not None:
                    continue
                message = (entry.message or "").removesuffix("~alias")
                if message not in written or entry.outcome is Outcome.DUPLICATE or not entry.verified:
                    continue
                number, case = written[message]
                if case in last and number < written[last[case]][0]:
                    lost = self._world.cluster.lost[topic, entry.origin.partition]
                    if not (lost and self._just_sent(department, message, last[case])):
                        yield f"{department}: {entry.type} {message} of case {case} counted after a later one"
                else:
                    last[case] = message

    def _just_sent(self, department: str, earlier: str, later: str) -> bool:
        """Whether the receipt of the earlier one could still be on its way when the later one was taken."""
        row = self._world.connectors[department].store._database.row(
            "SELECT taken_at FROM outbox WHERE message = ?", (later,)
        )
        sent = self._world.acknowledged[department, later][:1] or [float("inf")]
        before = [at for at in self._world.acknowledged[department, earlier] if at < sent[0]]
        return row is not None and bool(before) and row["taken_at"] < before[-1] + DOUBT

    def _not_called_late(self) -> Iterator[str]:
        """5: nothing was refused for having waited while what it waited for lay in the topic."""
        from tests.simulation.world import EARLY_LIMIT

        if any(fault.kind == "broker_clock" for fault in self._world.plan.faults):
            return
        stamped = {
            (r.topic, r.partition, r.offset, (r.value or b"")): r.timestamp
            for _, r in self._world.cluster.kept
        }
        opened: dict[str, int] = {}
        for entry in self._all():
            if entry.origin is None:
                continue
            at = (entry.origin.topic, entry.origin.partition, entry.origin.offset)
            for event in entry.events:
                if event.e == "referral_raised":
                    opened[event.referral] = max(t for key, t in stamped.items() if key[:3] == at)
        about = {
            (department, office.message_id(change.local_id)): change.data.get("referral")
            for department, office in self._world.offices.items()
            for change in office.changes
        }
        for entry in self._all():
            # What is about a referral that was refused waits in vain.
            referral = about.get((entry.source or "", entry.message or ""))
            if entry.reason != RefusalName.EARLY_EXPIRED.value or referral not in opened:
                continue
            since = datetime.fromisoformat((entry.detail or "").removeprefix("waited since "))
            limit = (since + EARLY_LIMIT).timestamp() * 1000
            if opened[referral] < limit:
                yield f"{entry.type} {entry.message} was called late while its referral lay in the topic"
