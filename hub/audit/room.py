"""The reading room: whoever is shown a case is noted first, with what for. Reads only, but for that note."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.audit.record_access import admit
from hub.domain.case import MessageRef
from hub.domain.entry import Entry
from hub.domain.look import Look, Looker
from hub.domain.record_sealing import RecordSealing
from hub.domain.view import Content
from hub.errors import LookRefusal, LookRefused
from hub.opened import opened
from hub.relay.contents import Contents
from hub.rules.loader import load_record_sealing, rule_roots
from hub.store.access import Recorder
from hub.store.journal import PostgresJournal
from hub.store.reading import ReadStore
from hub.store.sealing import Sealer

_LONGEST = 300


def looker(operator: str | None, purpose: str | None, reference: str | None = None) -> Looker:
    """Who looks. Raises LookRefused when nobody is named, or nothing is said of the purpose."""
    who = _line("operator", operator, LookRefusal.OPERATOR_MISSING)
    what_for = _line("purpose", purpose, LookRefusal.PURPOSE_MISSING)
    return Looker(who, what_for, _line("reference", reference, None) or None)


def _line(field: str, text: str | None, missing: LookRefusal | None) -> str:
    line = " ".join((text or "").split())
    if not line and missing is not None:
        raise LookRefused(missing, f"{field}: none is given")
    if len(line) > _LONGEST or not line.isprintable():
        raise LookRefused(
            LookRefusal.UNREADABLE_NOTE, f"{field}: one printable line of {_LONGEST} characters at most"
        )
    return line


@dataclass(frozen=True, slots=True)
class Room:
    """What a person reads in. `store` shows open fields; sealed ones open through the recorder's own connection."""

    store: ReadStore
    recorder: Recorder
    looker: Looker
    sealing: RecordSealing

    async def look_at(
        self,
        what: str,
        case: str,
        ground: str | None,
        asked: Mapping[str, str] | None = None,
        opened: bool = False,
    ) -> Look:
        """Note the look at one case. The record of a sealed one is shown on a ground of the law alone, which is noted.

        Raises as `look`, and RecordSealed.
        """
        async with self.store.snapshot() as view:
            kind = await admit(view, case, self.sealing, ground)
        by = {} if kind is None or ground is None else {"sealed": kind.code, "ground": ground}
        return await self.look(what, [case], {**(asked or {}), **by}, opened)

    async def look(
        self, what: str, cases: Sequence[str], asked: Mapping[str, str] | None = None, opened: bool = False
    ) -> Look:
        """Note the look; committed when it returns, and only then may it be shown.

        Raises LookRefused when it can't be noted here (a copy that only reads), StoreTrouble.
        """
        return await self.recorder.record(self.looker, what, cases, asked, opened)

    async def opened(self, entries: Iterable[Entry], sealer: Sealer) -> dict[MessageRef, Content]:
        """Type and whole data of the messages that entries hold, for a look that was noted as `opened`.

        What was erased is left out of the data. Raises SealBroken for another key, StoreTrouble.
        """
        held = {
            MessageRef(entry.source or "", entry.message or ""): entry
            for entry in entries
            if entry.open is not None
        }
        return await Contents(PostgresJournal(self.recorder.pool), sealer).opened(held)


@contextlib.asynccontextmanager
async def room(database: str, looker: Looker, sealing: RecordSealing | None = None) -> AsyncIterator[Room]:
    """Open and close it. `sealing`: kinds and grounds; unsaid: those of the hub. Raises StoreTrouble, ConfigurationError."""
    sealing = sealing or load_record_sealing(rule_roots())
    async with opened(ReadStore(database)) as store, opened(Recorder(database)) as recorder:
        yield Room(store, recorder, looker, sealing)
