"""After other rules or another calendar were put in force: one message for each case of which a time limit may move (5a.9).

A message is named by its case and the change, so what a crash makes be published again counts once. Until all running
time limits were looked at, the next look goes on; then the store remembers the change, and none of them is read.
"""

import logging
from collections.abc import Mapping
from datetime import datetime

from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import DESK, TopicNames
from hub.domain.decision import moment
from hub.domain.rules import Rules
from hub.errors import FactNotAllowed
from hub.relay.signing import HubSigner
from hub.store.running import RunningReader, RunningRow
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of

log = logging.getLogger(__name__)
PAGE = 1_000
# What the name of a change begins with; the rest is its moment.
ABOUT = "rules/"


class Recomputing:
    """Works only while the rules of this process are those in force."""

    def __init__(
        self,
        reader: RunningReader,
        rules: Rules,
        signer: HubSigner,
        names: TopicNames,
        shards: int,
        page: int = PAGE,
    ) -> None:
        self._reader, self._rules, self._signer, self._names = reader, rules, signer, names
        self._shards, self._page = shards, page
        self._change: str | None = None
        self._heads: Mapping[int, int] = {}
        self._after: str | None = None

    async def publish(self, now: datetime, publisher: Publisher) -> int:
        """Look at one page, whatever the time is. Returns how many messages were published and acknowledged; raises Trouble."""
        if not await self._to_do():
            return 0
        rows = await self._reader.running(self._after or "", self._page)
        cases = dict.fromkeys(row.case for row in rows if self._may_move(row))
        if cases:
            await publisher.publish([self._record(case) for case in cases])
        if len(rows) < self._page:
            await self._reader.recomputed(self._change or "")
            self._change = None
        else:
            self._after = rows[-1].id
        return len(cases)

    async def _to_do(self) -> bool:
        """Whether a change is to be followed, and all that was decided before it is in the table that is looked at."""
        digest, change, done = await self._reader.in_force()
        if digest != self._rules.digest or change is None or change == done:
            self._change = None
            return False
        if change != self._change:
            log.info("timekeeper: time limits are looked at under the rules %s…", self._rules.digest[:12])
            self._change, self._after, self._heads = change, None, await self._reader.heads()
        if self._after is None:
            projected = await self._reader.projected()
            return all(projected.get(shard, 0) >= head for shard, head in self._heads.items())
        return True

    def _may_move(self, row: RunningRow) -> bool:
        """Whether the case must be asked: it alone knows the facts that a rule counts with beside the start."""
        rule = self._rules.timetable.clocks.by_id.get(row.clock)
        if rule is None:
            return False
        if rule.custody or rule.by_letter or rule.extension or rule.excludes or rule.restarts:
            return True
        try:
            times = self._rules.timetable.times(rule, row.since)
        except FactNotAllowed:
            return True
        return (times.due, times.provisional) != (row.due, row.provisional)

    def _record(self, case: str) -> OutRecord:
        """The same bytes at each time: what is published again must not be another message under its name."""
        change = self._change or ""
        message_id, at = derived_id("hub", case, change), moment(datetime.fromisoformat(change[len(ABOUT) :]))
        data = {"rules": self._rules.digest}
        value, headers = self._signer.message(message_id, "hub.rules_changed.v1", case, at, data)
        return OutRecord(
            self._names.hub(DESK), partition_of(case, self._shards), case.encode(), value, headers
        )
