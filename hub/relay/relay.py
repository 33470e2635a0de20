"""The relay: follows the journal and publishes what departments are to be told. It moves on only after acknowledgement."""

import logging
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import DESK, TopicNames
from hub.domain.entry import Committed, Entry
from hub.domain.rules import Rules
from hub.errors import Erased, LostShard
from hub.intake.reading import PASSED_ON
from hub.relay.contents import Contents
from hub.relay.outgoing import Outgoing
from hub.relay.records import HUB, receipts
from hub.relay.signing import HubSigner
from hub.store.ports import FollowerStore
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of

log = logging.getLogger(__name__)


class Relay:
    """Publishing after a crash begins again at the stored position: receivers drop what they have by sequence (5a.3)."""

    name = "relay"
    handed = True

    def __init__(
        self,
        publisher: Publisher,
        store: FollowerStore,
        contents: Contents,
        names: TopicNames,
        rules: Rules,
        signer: HubSigner,
        shards: int,
    ) -> None:
        self._publisher, self._store, self._contents = publisher, store, contents
        self._outgoing = Outgoing(names, rules.departments, contents, store)
        self._names, self._rules, self._signer, self._shards = names, rules, signer, shards

    async def apply(self, shard: int, position: int, entries: Sequence[Committed]) -> None:
        """Publish everything of these entries, wait for all acknowledgements, then advance. Raises BusTrouble, LostShard."""
        records = await self._records(shard, entries)
        if records:
            await self._publisher.publish(records)
        if not await self._store.advance(self.name, shard, position, entries[-1].entry.seq):
            raise LostShard(f"another relay has moved on from {position}")

    async def _records(self, shard: int, entries: Sequence[Committed]) -> list[OutRecord]:
        contents = await self._contents.of(entries)
        records: list[OutRecord] = []
        for each in entries:
            entry = each.entry
            records += self._outgoing.told(entry, contents)
            for event in entry.events:
                if event.e == "redelivery_granted":
                    records += await self._outgoing.again(entry, event)
                elif event.e == "hub_message_issued":
                    records.append(self._own(entry, event.type, event.case, event.data))
                elif event.e == "passed_on":
                    records += await self._pass_on(entry, event.case)
        return [*records, *receipts(self._names, shard, entries, self._rules.departments)]

    async def _pass_on(self, entry: Entry, case: str) -> list[OutRecord]:
        """The message as it was signed, to the shard of its case. None once it was erased: an erasure waits for the
        relay, so that it was passed on before.
        """
        try:
            attributes, content = await self._contents.as_sent(entry)
        except Erased as gone:
            log.warning("not passed on again: %s", gone)
            return []
        data = {"attributes": attributes, "content": b64encode(content).decode()}
        return [self._own(entry, PASSED_ON, case, data)]

    def _own(self, entry: Entry, type_: str, case: str, data: Mapping[str, Any]) -> OutRecord:
        """A message of the hub to itself about another case, on the desk topic."""
        message_id = derived_id(HUB, f"{entry.case}/{entry.source}/{entry.message}", type_)
        value, headers = self._signer.message(message_id, type_, case, entry.received_at, data)
        partition = partition_of(case, self._shards)
        return OutRecord(self._names.hub(DESK), partition, case.encode(), value, headers)
