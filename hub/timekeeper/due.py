"""Due moments of time limits become messages on the hub's clock topic: in order, each counted once.

A message is named by the time limit, the moment and what last moved it there, so the inbox drops a second one, but not one of
a moment that has come back. What was published is remembered only so that it is not published at every look until the projector
has passed it.
"""

from datetime import datetime, timedelta

from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import CLOCK, TopicNames
from hub.domain.decision import moment
from hub.domain.ladder import LIMITED
from hub.relay.signing import HubSigner
from hub.store.due import DueReader, DueRow
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of

PAGE = 1_000
# A message that had no effect for so long may have been lost with its topic.
AGAIN = timedelta(minutes=10)
_Turn = tuple[str, datetime, int | None]


class DueMoments:
    """Reads only what is due, page by page along the index. A backlog of days is published in the order of its moments."""

    def __init__(self, reader: DueReader, signer: HubSigner, names: TopicNames, shards: int) -> None:
        self._reader, self._signer, self._names, self._shards = reader, signer, names, shards
        self._published: dict[_Turn, datetime] = {}

    async def publish(self, now: datetime, publisher: Publisher) -> int:
        """Publish what is due up to `now` and was not yet. Returns how many; raises Trouble.

        Each page is acknowledged before the next is read, so a crash leaves the rest due.
        """
        count, after = 0, None
        due: dict[_Turn, datetime] = {}
        while True:
            rows = await self._reader.due_deadlines(now, after, PAGE)
            new = []
            for row in rows:
                at = self._published.get(_turn(row))
                if at is None or now - at > AGAIN:
                    new.append(row)
                    at = now
                due[_turn(row)] = at
            if new:
                await publisher.publish([self._record(row) for row in new])
                self._published.update({_turn(row): now for row in new})
                count += len(new)
            if len(rows) < PAGE:
                break
            after = (rows[-1].next, rows[-1].id)
        # What is no longer due was decided, moved or met.
        self._published = due
        return count

    def _record(self, row: DueRow) -> OutRecord:
        type_ = "hub.receipt_due.v1" if row.clock in LIMITED else "hub.deadline_due.v1"
        at = moment(row.next)
        turn = "" if row.moved is None else f"/{row.moved}"
        message_id = derived_id("hub", row.id, f"due/{at}{turn}")
        data = {"deadline": row.number, "moment": at}
        value, headers = self._signer.message(message_id, type_, row.case, at, data)
        partition = partition_of(row.case, self._shards)
        return OutRecord(self._names.hub(CLOCK), partition, row.case.encode(), value, headers)


def _turn(row: DueRow) -> _Turn:
    return row.id, row.next, row.moved
