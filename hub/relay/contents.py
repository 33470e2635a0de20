"""The whole data of messages, from memory while it is at hand, else from the journal and the case's key."""

from collections.abc import Iterable, Sequence

from pydantic_core import from_json

from hub.domain.case import MessageRef
from hub.domain.entry import Committed, Entry
from hub.domain.view import Content
from hub.errors import Erased
from hub.intake.reading import rebuilt
from hub.store.case_key import CaseKey
from hub.store.ports import JournalReader
from hub.store.sealed_message import open_message
from hub.store.sealing import Sealer
from schemas.messages import kind_of


class Contents:
    """Opens sealed messages. What was erased is left out: of a message whose keys are gone, its open fields are left."""

    def __init__(self, journal: JournalReader, sealer: Sealer) -> None:
        self._journal, self._sealer = journal, sealer

    async def of(self, entries: Sequence[Committed]) -> dict[MessageRef, Content]:
        """Everything that the notifications of these entries are composed from. May read the database."""
        found: dict[MessageRef, Content] = {}
        wanted: set[MessageRef] = set()
        for each in entries:
            found |= each.contents
            wanted |= set(_named(each.entry))
        missing = wanted - found.keys()
        if missing:
            stored = await self._journal.contents(sorted(missing))
            found |= await self.opened(stored)
        return found

    async def opened(self, entries: dict[MessageRef, Entry]) -> dict[MessageRef, Content]:
        """Unseal the messages that these entries hold."""
        keys = await self._journal.keys(sorted({e.case for e in entries.values() if e.case is not None}))
        return {ref: self.open_entry(entry, keys.get(entry.case or "")) for ref, entry in entries.items()}

    async def as_sent(self, entry: Entry) -> tuple[dict[str, str], bytes]:
        """Attributes and data of an entry's message, to the byte as its sender signed them.

        Raises KeyError for an entry that holds no message, Erased.
        """
        holder = entry
        if entry.refers is not None:
            holder = (await self._journal.contents([entry.refers]))[entry.refers]
        assert holder.case is not None
        assert holder.type is not None
        keys = await self._journal.keys([holder.case])
        opened = open_message(holder, self._key_of(holder.case, keys.get(holder.case)))
        if not opened.whole:
            raise Erased(f"entry {holder.shard}/{holder.seq}: what was sent was erased")
        if opened.raw is not None:
            return holder.all_attributes(), opened.raw
        return holder.all_attributes(), rebuilt(kind_of(holder.type).model, holder.open or {}, opened.hidden)

    def open_entry(self, entry: Entry, wrapped: bytes | None) -> Content:
        """Type and data of one message."""
        key = None if entry.case is None else self._key_of(entry.case, wrapped)
        opened = open_message(entry, key)
        data = {**(entry.open or {}), **opened.hidden} if opened.raw is None else from_json(opened.raw)
        return entry.type or "", data

    def _key_of(self, case: str, wrapped: bytes | None) -> CaseKey | None:
        return None if wrapped is None else self._sealer.unwrap(case, wrapped)


def passed_on(entry: Entry) -> MessageRef | None:
    """The message that an entry decided: its own, or the waiting one that it took up."""
    if entry.refers is not None:
        return entry.refers
    if entry.source is None or entry.message is None:
        return None
    return MessageRef(entry.source, entry.message)


def _named(entry: Entry) -> Iterable[MessageRef]:
    for event in entry.events:
        if event.e == "notified":
            if event.contents:
                yield from event.contents
            elif event.actor is not None and (ref := passed_on(entry)) is not None:
                yield ref
