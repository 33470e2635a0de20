"""A clock message for moment T waits until every source partition of the shard was read past T or to its end (5a.6).

So an answer that waits in a topic after an outage is always decided before the clock that would call it late.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic_core import from_json

from hub.bus.ports import InRecord, Source
from hub.bus.topics import CLOCK, TopicNames


class ClockGate:
    """Holds back clock records of one shard. Its memory is only what was read since the last placing."""

    def __init__(self, shard: int, names: TopicNames, topics: Sequence[str]) -> None:
        self._shard = shard
        self._clock_topic = names.hub(CLOCK)
        self._others = [topic for topic in topics if topic != self._clock_topic]
        self._read_to: dict[str, int] = {}

    def forget(self) -> None:
        """After a new placing: what was read may not have been committed."""
        self._read_to.clear()

    async def admit(
        self, records: list[InRecord], source: Source, stopped: Collection[str] = ()
    ) -> list[InRecord]:
        """The records that may be decided now. Clock records that must wait are left in their topic (seek back).

        While a topic is `stopped` it cannot be read past any moment, so the clock waits for the person who mends it.
        """
        clocks = [record for record in records if record.topic == self._clock_topic]
        others = [record for record in records if record.topic != self._clock_topic]
        for record in others:
            self._read_to[record.topic] = record.timestamp
        if not clocks:
            return others
        moment = max(_moment_ms(record) for record in clocks)
        if not stopped and await self._read_past(moment, source):
            return [*others, *clocks]
        source.seek((self._clock_topic, self._shard), clocks[0].offset)
        return others

    async def _read_past(self, moment_ms: int, source: Source) -> bool:
        behind = [topic for topic in self._others if self._read_to.get(topic, -1) < moment_ms]
        if not behind:
            return True
        bounds = await source.bounds([(topic, self._shard) for topic in behind])
        for topic in behind:
            place = (topic, self._shard)
            if bounds[place].end > await source.position(place):
                return False
        return True


def _moment_ms(record: InRecord) -> int:
    """The moment of a clock message; an unreadable one waits for nothing (it will be parked)."""
    try:
        moment = datetime.fromisoformat(from_json(record.value or b"")["moment"])
    except (ValueError, KeyError, TypeError):
        return 0
    return int(moment.timestamp() * 1000)
