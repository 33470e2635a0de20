"""Counts over all cases become messages on the hub's clock topic: a department's n-th breach in a period, counted once.

A message is named by department, step, count and period, so the inbox takes one; what intake has read is not published
again, and a message that was lost with its topic is.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import CLOCK, TopicNames
from hub.domain.decision import CHINA, moment
from hub.domain.ladder import LIMITED
from hub.domain.periods import Span, before, span_of
from hub.domain.supervising import ANSWERED_RUNG, STANDS_CLOCK
from hub.domain.supervision import AtBreaches
from hub.relay.signing import HubSigner
from hub.store.counted import CountedReader, Nth
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of

EVERY = timedelta(minutes=1)
_NO_CLOCKS = (*LIMITED, ANSWERED_RUNG, STANDS_CLOCK)


class _Counted(NamedTuple):
    message: str
    trigger: AtBreaches
    span: Span
    found: Nth


class Counts:
    """Looks once a minute, at this period and the one before it, along the index of breaches."""

    def __init__(
        self,
        reader: CountedReader,
        signer: HubSigner,
        names: TopicNames,
        shards: int,
        triggers: Sequence[AtBreaches],
    ) -> None:
        self._reader, self._signer, self._names, self._shards = reader, signer, names, shards
        self._triggers, self._looked = triggers, datetime.min.replace(tzinfo=CHINA)

    async def publish(self, now: datetime, publisher: Publisher) -> int:
        """Publish what has come to its count and was not read by intake yet. Returns how many; raises Trouble."""
        if not self._triggers or now - self._looked < EVERY:
            return 0
        found = [one for trigger in self._triggers for one in await self._found(trigger, now)]
        self._looked = now
        if not found:
            return 0
        taken = await self._reader.taken([one.message for one in found])
        records = [self._record(one) for one in found if one.message not in taken]
        if records:
            await publisher.publish(records)
        return len(records)

    async def _found(self, trigger: AtBreaches, now: datetime) -> list[_Counted]:
        found = []
        for span in _spans(trigger, now):
            rows = await self._reader.nth_breaches(span.begins(), span.ends(), _NO_CLOCKS, trigger.count)
            for row in rows:
                what = f"breaches/{trigger.step}/{trigger.count}/{span.name}"
                found.append(_Counted(derived_id("hub", row.owner, what), trigger, span, row))
        return found

    def _record(self, one: _Counted) -> OutRecord:
        at, row = moment(one.found.at), one.found
        data = {
            "department": row.owner,
            "step": one.trigger.step,
            "count": one.trigger.count,
            "period": one.span.name,
            "task": row.task,
            "deadline": row.number,
            "moment": at,
        }
        value, headers = self._signer.message(one.message, "hub.breaches_counted.v1", row.case, at, data)
        partition = partition_of(row.case, self._shards)
        return OutRecord(self._names.hub(CLOCK), partition, row.case.encode(), value, headers)


def _spans(trigger: AtBreaches, now: datetime) -> Iterator[Span]:
    here = span_of(trigger.period, now.astimezone(CHINA).date())
    yield before(trigger.period, here)
    yield here
