"""Signatures of the messages that the journal holds, checked again with the departments' public keys.

That needs the keys that seal personal fields: what was signed is put together again from both halves of a message.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.audit.made import CHANGED
from hub.audit.report import Report
from hub.audit.verify_journal import Look
from hub.domain.entry import Entry
from hub.domain.order_events import Erased as ErasedByOrder
from hub.errors import Erased
from hub.intake.verifying import KeyRegistry
from hub.opened import opened
from hub.relay.contents import Contents
from hub.store.journal import PostgresJournal
from hub.store.pool import Pool
from hub.store.reading import ReadStore
from hub.store.sealing import SealBroken, Sealer
from schemas.signature import verify


@dataclass(frozen=True, slots=True)
class Signatures:
    """Where the keys lie: the key-encryption key, and the directory of public keys."""

    kek: str
    registry: str

    @staticmethod
    @asynccontextmanager
    async def looking(signatures: "Signatures | None", store: ReadStore) -> AsyncIterator[Look | None]:
        """What checks the entries of a batch; None without keys. Raises ConfigurationError, StoreTrouble."""
        if signatures is None:
            yield None
            return
        sealer = Sealer.from_file(Path(signatures.kek))
        registry = KeyRegistry.from_directory(Path(signatures.registry))
        async with opened(Pool(store.url, size=1)) as pool:
            yield _Looker(_Ahead(pool), sealer, registry).look


class _Ahead(PostgresJournal):
    """The keys of a batch of cases, fetched once."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self._known: dict[str, bytes] = {}

    async def fetch(self, cases: Sequence[str]) -> None:
        """These will be asked for."""
        self._known = await super().keys(cases)

    async def keys(self, cases: Sequence[str]) -> dict[str, bytes]:
        """Of those that were fetched."""
        return {case: self._known[case] for case in cases if case in self._known}

    async def lost(self, entry: Entry, sealer: Sealer) -> list[str]:
        """Which keys of an entry's sealed fields are neither there nor erased by a later entry of its case."""
        case = entry.case or ""
        wrapped = self._known.get(case)
        key = None if wrapped is None else sealer.unwrap(case, wrapped)
        orders = [
            event
            for later in await self.of_case(case)
            if later.seq > entry.seq
            for event in later.events
            if isinstance(event, ErasedByOrder)
        ]
        if any(order.everything for order in orders):
            return []
        there = frozenset[int]() if key is None else key.persons.keys()
        gone = {number for order in orders for number in order.persons}
        lost = [f"person {number}" for number, _ in entry.persons if number and number not in there | gone]
        has_text = key is not None and key.has_text and key.generation == entry.key
        if not has_text and not any(order.text for order in orders):
            lost.append("free text")
        return lost


class _Looker:
    def __init__(self, journal: _Ahead, sealer: Sealer, registry: KeyRegistry) -> None:
        self._journal, self._sealer, self._registry = journal, sealer, registry
        self._contents = Contents(journal, sealer)

    async def look(self, entries: Sequence[Entry], report: Report) -> None:
        """Check those that hold a message of their own."""
        held = [entry for entry in entries if entry.attributes is not None]
        await self._journal.fetch(sorted({entry.case for entry in held if entry.case is not None}))
        for entry in held:
            try:
                attributes, data = await self._contents.as_sent(entry)
            except (KeyError, Erased):
                report.unopened += entry.verified
                await self._missing(entry, report)
                continue
            except (SealBroken, *CHANGED) as problem:
                report.differs(
                    "sealed fields that open", "a message", problem, entry.shard, entry.seq, entry.case
                )
                continue
            if entry.verified:
                self._check(entry, attributes, data, report)

    async def _missing(self, entry: Entry, report: Report) -> None:
        """A key that is not there was destroyed by an erasure that comes later in the journal, or is lost."""
        lost = await self._journal.lost(entry, self._sealer)
        if lost:
            what = f"key of {', '.join(lost)}"
            report.differs(
                what, "there, or erased by an order", "neither", entry.shard, entry.seq, entry.case
            )

    def _check(self, entry: Entry, attributes: dict[str, str], data: bytes, report: Report) -> None:
        source, keyid = entry.source or "", attributes.get("keyid", "")
        place = (entry.shard, entry.seq, entry.case)
        name = f"signature of {source}/{entry.message}"
        key = self._registry.valid(source, keyid, datetime.fromisoformat(entry.received_at))
        if key is None:
            report.differs(name, "a registered key that was valid then", keyid, *place)
        elif not verify(attributes, data, key):
            report.differs(name, "one that holds", "one that does not", *place)
        else:
            report.signatures += 1
