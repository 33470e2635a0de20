"""Periods that have ended become messages on the hub's desk topic: each department owes its report (N108), said once.

A message is named by duty, department and period, so the inbox takes one. Of a department the next period is said when intake
has read the one before: after days of downtime they are made up in order, and what was lost with its topic is said again.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import DESK, TopicNames
from hub.domain.decision import CHINA
from hub.domain.report_duties import ReportDuty
from hub.domain.reports_owed import Owed, debtors, periods_ended, receiver, said
from hub.domain.rules import Rules
from hub.domain.timetable import written
from hub.relay.signing import HubSigner
from hub.store.taken import TakenReader
from schemas.partitioner import partition_of

EVERY = timedelta(minutes=1)


class _Debtor(NamedTuple):
    duty: ReportDuty
    department: str
    to: str
    joined: date

    @property
    def name(self) -> str:
        """Names it among all."""
        return f"{self.duty.code}/{self.department}"


class Reports:
    """Looks once a minute. While the last period of everybody was said, a look asks the store for nothing.

    `known_since`: when the hub first knew a department, for those of which the directory does not say when they joined.
    """

    def __init__(
        self,
        reader: TakenReader,
        rules: Rules,
        known_since: Mapping[str, datetime],
        signer: HubSigner,
        names: TopicNames,
        shards: int,
    ) -> None:
        self._reader, self._signer, self._names, self._shards = reader, signer, names, shards
        self._timetable = rules.timetable
        self._debtors = list(_debtors(rules, known_since))
        self._said: dict[str, str] = {}
        self._looked: datetime | None = None

    async def publish(self, now: datetime, publisher: Publisher) -> int:
        """Publish of each department the first period that intake has not read. Returns how many; raises Trouble."""
        if not self._debtors or (self._looked is not None and now - self._looked < EVERY):
            return 0
        records = [self._record(owed) for owed in await self._next(now)]
        if records:
            await publisher.publish(records)
        self._looked = now
        return len(records)

    async def _next(self, now: datetime) -> list[Owed]:
        """Back from the latest period to the last one that was read, for all departments at once; the one after it."""
        walks = {debtor.name: self._walk(debtor, now) for debtor in self._debtors}
        later: dict[str, Owed] = {}
        while walks:
            here = {debtor: owed for debtor, walk in walks.items() if (owed := next(walk, None)) is not None}
            taken = await self._reader.taken([owed.message for owed in here.values()]) if here else set()
            for debtor, owed in here.items():
                if owed.message not in taken:
                    later[debtor] = owed
                elif debtor not in later:
                    self._said[debtor] = owed.span.name
            walks = {debtor: walks[debtor] for debtor, owed in here.items() if owed.message not in taken}
        return list(later.values())

    def _walk(self, debtor: _Debtor, now: datetime) -> Iterator[Owed]:
        for span in periods_ended(debtor.duty, debtor.joined, now):
            if self._said.get(debtor.name) == span.name:
                return
            yield Owed(debtor.duty, debtor.department, debtor.to, span)

    def _record(self, owed: Owed) -> OutRecord:
        case, at = owed.case, written(owed.span.ends())
        data = said(owed, self._timetable)
        value, headers = self._signer.message(owed.message, "hub.report_due.v1", case, at, data)
        return OutRecord(
            self._names.hub(DESK), partition_of(case, self._shards), case.encode(), value, headers
        )


def _debtors(rules: Rules, known_since: Mapping[str, datetime]) -> Iterator[_Debtor]:
    departments = rules.departments
    for duty in rules.report_duties.duties:
        for name in debtors(duty, departments):
            to, known = receiver(duty, name, departments), known_since.get(name)
            joined = departments[name].joined or (None if known is None else known.astimezone(CHINA).date())
            # A department without a key can answer nothing yet.
            if to is not None and joined is not None:
                yield _Debtor(duty, name, to, joined)
