"""Positions in the source topics: checked on assignment, compared under the shard's lock, moved with the batch (5a.3)."""

from collections.abc import Container, Mapping, Sequence

from hub.bus.ports import InRecord, Source
from hub.errors import LogStartPassed, LostShard, Stopped, TopicWentBack
from hub.intake.reading import record_digest
from hub.store.ports import Position, SourcePartition
from hub.store.sealing import Sealer

Gap = tuple[SourcePartition, int, int]


class GapMet(LostShard):
    """A source partition jumps over offsets. Met again after a fresh seek, the gap is the log's own (transactions)."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(f"{gap[0]} jumps from {gap[1]} to {gap[2]}")
        self.gap = gap


async def check_positions(
    source: Source,
    positions: Mapping[SourcePartition, Position],
    topics: Sequence[str],
    shard: int,
    sealer: Sealer,
) -> dict[str, Stopped]:
    """Seek every topic of a shard to its position; return those that must not be read, with the remedy.

    log start ≤ position ≤ log end, and the record before the position is the one whose hash was stored.
    """
    places = [(topic, shard) for topic in topics]
    bounds = await source.bounds(places)
    stopped: dict[str, Stopped] = {}
    for place in places:
        topic, known = place[0], positions.get(place)
        start, end = bounds[place].start, bounds[place].end
        offset = known.next_offset if known is not None else 0
        go_on = f"fengqiao positions set {topic} {shard} OFFSET --reason TEXT"
        if offset > end:
            stopped[topic] = TopicWentBack(
                f"{topic}/{shard} ends at {end}, before our position {offset}",
                f"find out who recreated or truncated it; senders send again what has no receipt; then {go_on}",
            )
        elif offset < start:
            stopped[topic] = LogStartPassed(
                f"{topic}/{shard} starts at {start}, after our position {offset}: records were deleted unread",
                f"have the department send again what has no receipt; then {go_on}",
            )
        elif known is not None and known.last_mac and offset > start:
            before = await source.record_at(place, offset - 1)
            if before is None or sealer.position_mac(record_digest(before)) != known.last_mac:
                stopped[topic] = TopicWentBack(
                    f"{topic}/{shard} holds another record at {offset - 1} than the one that was read",
                    f"the topic was recreated; find out by whom; then {go_on}",
                )
        if topic not in stopped:
            source.seek(place, offset)
    return stopped


def fresh_records(
    records: Sequence[InRecord], positions: Mapping[SourcePartition, Position], gaps: Container[Gap] = ()
) -> list[InRecord]:
    """The records that were not committed yet. Position inside the batch: the prefix is dropped; beyond: all of it.

    Raises GapMet for a jump that is not among the known `gaps` of the log: the batch may have been fetched before
    something changed, so the positions are read again first.
    """
    fresh: list[InRecord] = []
    due: dict[SourcePartition, int] = {}
    for record in records:
        place = (record.topic, record.partition)
        if place not in due:
            known = positions.get(place)
            due[place] = known.next_offset if known is not None else 0
        if record.offset < due[place]:
            continue
        gap = (place, due[place], record.offset)
        if record.offset > due[place] and gap not in gaps:
            raise GapMet(gap)
        due[place] = record.offset + 1
        fresh.append(record)
    return fresh


def next_positions(records: Sequence[InRecord], sealer: Sealer) -> dict[SourcePartition, Position]:
    """Where each source partition stands after these records."""
    last = {(record.topic, record.partition): record for record in records}
    return {
        place: Position(record.offset + 1, sealer.position_mac(record_digest(record)))
        for place, record in last.items()
    }
