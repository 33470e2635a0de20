"""What departments are told for an entry: the same records, to the byte, whenever it is asked."""

from collections.abc import Container, Mapping
from dataclasses import replace

from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.domain.case import MessageRef
from hub.domain.entry import Committed, Entry, Outcome
from hub.domain.events import RedeliveryGranted
from hub.domain.view import Content
from hub.relay.contents import Contents
from hub.relay.records import HUB, notification, notifications, refusal
from hub.store.ports import JournalReader


class Outgoing:
    """Notifications and refusals of one entry, and what is delivered again by it. Receipts are made for many at once."""

    def __init__(
        self, names: TopicNames, departments: Container[str], contents: Contents, journal: JournalReader
    ) -> None:
        self._names, self._departments = names, departments
        self._contents, self._journal = contents, journal

    def told(self, entry: Entry, contents: Mapping[MessageRef, Content]) -> list[OutRecord]:
        """Everything but what is delivered again."""
        events = [event for event in entry.events if event.e == "notified"]
        records = notifications(self._names, entry, events, contents)
        if entry.outcome is Outcome.REFUSED:
            sender = self._sender(entry)
            if sender is not None:
                records.insert(0, refusal(self._names, entry, sender))
        return records

    def _sender(self, entry: Entry) -> str | None:
        owner = self._names.owner(entry.origin.topic) if entry.origin is not None else None
        if owner == HUB and entry.verified:
            owner = entry.source  # a message that was passed on to the case that a number names
        return owner if owner in self._departments else None

    async def again(self, entry: Entry, granted: RedeliveryGranted) -> list[OutRecord]:
        """The same records as before, under the same ids; ordered by operators, they say so. Reads the journal.

        Refusals have no sequence, so all that the department had in the case come with any part of it.
        """
        assert entry.case is not None
        sent = await self._journal.sent_to(entry.case, granted.to, granted.first, granted.last)
        contents = await self._contents.of([Committed(one) for one in sent])
        records: list[OutRecord] = []
        for one in sent:
            if one.outcome is Outcome.REFUSED and self._sender(one) == granted.to:
                records.append(refusal(self._names, one, granted.to))
            records += [
                notification(self._names, one, event, contents)
                for event in one.events
                if event.e == "notified"
                and event.to == granted.to
                and granted.first <= event.sequence <= granted.last
            ]
        if granted.order is not None:
            mark = ("ce_redelivery", granted.order.encode())
            records = [replace(record, headers=[*record.headers, mark]) for record in records]
        return records
