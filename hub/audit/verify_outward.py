"""What departments were told: each record in their topics beside the one that the relay makes of its entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from pydantic_core import from_json, to_json

from hub.audit.report import Report
from hub.audit.topic_stream import Item, Stream
from hub.audit.verify_cases import first_difference
from hub.bus.ports import Bounds, InRecord, Log, OutRecord, TopicPartition
from hub.bus.topics import RETENTION_MS, TopicNames
from hub.domain.entry import Committed, Entry
from hub.relay.contents import Contents
from hub.relay.outgoing import Outgoing
from hub.relay.records import receipts
from schemas.classes import sealed_fields
from schemas.messages import BY_TYPE

_RECEIPTS = b"receipts.issued.v1"
_ROOM = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Topics:
    """Where they are. `retention`: how long a record stays in one."""

    log: Log
    names: TopicNames
    departments: Sequence[str]
    retention: timedelta = timedelta(milliseconds=RETENTION_MS)

    async def ends(self, shards: Sequence[int]) -> dict[TopicPartition, Bounds]:
        """Of all topics that departments read, now. Raises BusTrouble."""
        return await self.log.bounds((self.names.into(one), s) for one in self.departments for s in shards)


class Outward:
    """One shard's partition of each department's topic."""

    def __init__(
        self,
        topics: Topics,
        shard: int,
        before: Mapping[TopicPartition, Bounds],
        after: Mapping[TopicPartition, Bounds],
        report: Report,
        erased: set[str],
        keyed: bool,
    ) -> None:
        self._topics, self._shard, self._report = topics, shard, report
        self._erased, self._keyed = erased, keyed
        self._gone_before = datetime.now(UTC) - topics.retention + _ROOM
        self._partitions = {}
        for department in topics.departments:
            place = (topics.names.into(department), shard)
            self._partitions[place[0]] = _Partition(
                topics.log, place, before[place].end, after[place], self._tell
            )

    def _tell(self, what: str, expected: object, found: object, seq: int | None, case: str | None) -> None:
        self._report.differs(what, expected, found, self._shard, seq, case)

    async def take(
        self, entries: Sequence[Entry], contents: Contents, outgoing: Outgoing, relayed: int
    ) -> None:
        """What the relay makes of these entries is expected next."""
        held = await contents.of([Committed(entry) for entry in entries])
        for entry in entries:
            gone = datetime.fromisoformat(entry.received_at) < self._gone_before
            must = entry.seq <= relayed
            records = outgoing.told(entry, held)
            for event in entry.events:
                if event.e == "redelivery_granted":
                    records += await outgoing.again(entry, event)
            for record in records:
                await self._expect(entry, record, gone, must)
            for record in receipts(
                self._topics.names, self._shard, [Committed(entry)], self._topics.departments
            ):
                partition = self._partitions[record.topic]
                [one] = _receipts(record.value, entry.seq)
                have = await partition.receipts.expect(one, gone=gone, must=must)
                if have is not None and have.value != one.value:
                    self._tell(f"{partition.name}: {one.name}", one.value, have.value, entry.seq, entry.case)

    async def _expect(self, entry: Entry, record: OutRecord, gone: bool, must: bool) -> None:
        partition = self._partitions[record.topic]
        want = _item(record.key, record.value, record.headers, entry.seq)
        have = await partition.records.expect(want, gone=gone, must=must)
        if have is None:
            return
        what = f"{partition.name}: {want.name} at offset {have.at}"
        for name in sorted(want.headers.keys() | have.headers.keys()):
            one, other = want.headers.get(name), have.headers.get(name)
            if one != other:
                self._tell(f"{what}, {name}", _text(one), _text(other), entry.seq, entry.case)
        if want.value == have.value:
            self._report.topic_exact += self._keyed
        elif self._keyed and entry.case not in self._erased:
            self._value(what, want.value, have.value, entry)
        else:
            kind = BY_TYPE.get((want.headers.get("ce_type") or b"").decode())
            hidden = frozenset[str]() if kind is None else frozenset(sealed_fields(kind.model))
            expected, found = _open(want.value, hidden), _open(have.value, hidden)
            if expected != found:
                self._value(what, expected, found, entry)

    def _value(self, what: str, expected: bytes, found: bytes, entry: Entry) -> None:
        """A difference in the data. What is sealed is not told: digests stand for it."""
        where, one, other = first_difference(expected, found)
        if self._keyed:
            one, other = (f"sha256 {sha256(repr(side).encode()).hexdigest()[:16]}" for side in (one, other))
        self._tell(f"{what}, data at {where}", one, other, entry.seq, entry.case)

    async def end(self) -> None:
        """The journal of the shard ends."""
        for partition in self._partitions.values():
            for stream in (partition.records, partition.receipts):
                await stream.end(partition.before)
                self._report.topic_records += stream.matched
                self._report.topic_repeated += stream.repeated
                self._report.topic_past += stream.past


class _Partition:
    """A topic's partition, read on when either stream wants more."""

    def __init__(
        self, log: Log, place: TopicPartition, before: int, bounds: Bounds, tell: Callable[..., None]
    ) -> None:
        self.name, self.before = f"{place[0]}/{place[1]}", before
        self._log, self._place, self._next, self._end = log, place, bounds.start, bounds.end
        self.records = Stream(self.name, self._pull, tell)
        self.receipts = Stream(self.name, self._pull, tell)

    async def _pull(self) -> bool:
        if self._next >= self._end:
            return False
        found = await self._log.read(self._place, self._next)
        for record in found:
            self._add(record)
        self._next = found[-1].offset + 1 if found else self._end
        return True

    def _add(self, record: InRecord) -> None:
        item = _item(record.key, record.value, record.headers, record.offset)
        if item.headers.get("ce_type") != _RECEIPTS:
            self.records.add(item)
            return
        try:
            said = _receipts(item.value, item.at)
        except (ValueError, LookupError, TypeError):
            self.records.add(item)  # no receipts of ours: of no entry
            return
        for one in said:
            self.receipts.add(one)


def _item(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]], at: int) -> Item:
    said = {"key": key or b"", **dict(headers)}
    name = (said.get("ce_id") or b"without id").decode(errors="replace")
    if "ce_redelivery" in said:
        name += f" by order {said['ce_redelivery'].decode(errors='replace')}"
    type_ = (said.get("ce_type") or b"").decode(errors="replace")
    return Item(f"{type_} {name}", value or b"", said, at, _text(said.get("ce_subject")))


def _receipts(value: bytes, at: int) -> list[Item]:
    """Each receipt of a record by itself: which ones stand in one record is chance."""
    return [
        Item(f"receipt of {one['topic']}/{one['partition']}/{one['offset']}", to_json(one), {}, at)
        for one in from_json(value)["receipts"]
    ]


def _open(value: bytes, hidden: frozenset[str]) -> bytes:
    """The fields that are not sealed."""
    try:
        data = from_json(value)
    except ValueError:
        return value
    if not isinstance(data, dict):
        return value
    return to_json({name: data[name] for name in sorted(data) if name not in hidden})


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
