"""The timekeeper: what is due or has waited too long becomes a message on the hub's clock topic, and a number that has
become known one on its desk topic.

Messages are named by what they are about, so a timekeeper that restarts, or two of them, make no second one.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from hub.bus.ports import BrokerClock, OutRecord, Publisher
from hub.bus.topics import CLOCK, DESK, TIME, TopicNames
from hub.domain.decision import moment
from hub.errors import Trouble
from hub.pulse import Pulse
from hub.relay.signing import HubSigner
from hub.store.waiting import WaitingReader
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of

log = logging.getLogger(__name__)
MAX_SKEW = timedelta(seconds=5)
# The broker is asked for its time this often; the database at every look.
ASK_BROKER = timedelta(seconds=10)


class Coming(Protocol):
    """What comes due, at a pace of its own: publishes it, says how many; raises Trouble."""

    async def publish(self, now: datetime, publisher: Publisher) -> int: ...


class Timekeeper:
    """Looks for due moments each `every` seconds. Silent while its clock and the database's or the broker's differ by
    more than 5 s (DESIGN 5a.6): a moment is due by one time only, the one that stamps the answers.

    `coming`: what it looks after beside the waiting messages. Without `broker` only the database's clock is looked at.
    """

    def __init__(
        self,
        waiting: WaitingReader,
        publisher: Publisher,
        signer: HubSigner,
        names: TopicNames,
        shards: int,
        early_limit: timedelta,
        every: float = 1.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        coming: Sequence[Coming] = (),
        broker: BrokerClock | None = None,
    ) -> None:
        self._waiting, self._publisher, self._signer, self._names = waiting, publisher, signer, names
        self._shards, self._early_limit, self._every, self._clock = shards, early_limit, every, clock
        self._coming, self._broker = coming, broker
        self._broker_skew = timedelta(0)
        self._asked_at: datetime | None = None
        self.pulse = Pulse("timekeeper")

    async def run(self) -> None:
        """Look, publish, sleep, until cancelled."""
        while True:
            try:
                await self.look()
                self.pulse.beat()
            except Trouble as trouble:
                self.pulse.trouble()
                log.warning("timekeeper: %s", trouble)
            await asyncio.sleep(self._every)

    async def look(self) -> int:
        """One look. Returns how many messages were published; raises Trouble."""
        now = self._clock()
        database = await self._waiting.database_time()
        skew = now - database
        if abs(skew) > MAX_SKEW:
            log.error("timekeeper: clock differs from the database's by %s; publishing nothing", skew)
            return 0
        skew = await self._skew_to_broker(now)
        if abs(skew) > MAX_SKEW:
            log.error("timekeeper: clock differs from the broker's by %s; publishing nothing", skew)
            return 0
        limit = now - self._early_limit
        due = await self._waiting.waiting_before(limit)
        records = [self._expiry(case, since) for case, since in due]
        records += [self._known(*known) for known in await self._waiting.known_aliases()]
        if records:
            await self._publisher.publish(records)
        published = len(records)
        for one in self._coming:
            published += await one.publish(min(now, database), self._publisher)
        return published

    async def _skew_to_broker(self, now: datetime) -> timedelta:
        """How far our clock is ahead of the broker's, asked for when the last answer is old."""
        if self._broker is None:
            return timedelta(0)
        if self._asked_at is None or not timedelta(0) <= now - self._asked_at < ASK_BROKER:
            told = await self._broker.broker_time(self._names.hub(TIME))
            # The broker wrote it at a moment between `now` and this one: only what lies outside is a difference.
            then = self._clock()
            self._broker_skew = now - told if told < now else min(then - told, timedelta(0))
            self._asked_at = now
        return self._broker_skew

    def _known(self, alias: str, case: str, since: datetime) -> OutRecord:
        """The message that lets go on what waits under a number up to the moment `since`."""
        message_id = derived_id("hub", alias, f"alias_known/{case}/{moment(since)}")
        data = {"other_case": case}
        value, headers = self._signer.message(message_id, "hub.alias_known.v1", alias, moment(since), data)
        return OutRecord(
            self._names.hub(DESK), partition_of(alias, self._shards), alias.encode(), value, headers
        )

    def _expiry(self, case: str, since: datetime) -> OutRecord:
        """The message that ends the waiting in a case of everything up to the moment `since`."""
        before = since + timedelta(milliseconds=1)
        message_id = derived_id("hub", case, f"early_expired/{moment(since)}")
        due = moment(since + self._early_limit)
        data = {"before": moment(before), "moment": due}
        value, headers = self._signer.message(message_id, "hub.early_expired.v1", case, due, data)
        return OutRecord(
            self._names.hub(CLOCK), partition_of(case, self._shards), case.encode(), value, headers
        )
