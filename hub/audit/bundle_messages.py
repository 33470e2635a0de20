"""Which messages of a case a bundle holds whole, for whom: as signed, to the byte, or sealed as they lie in the journal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from hub.domain.case import MessageRef
from hub.domain.entry import Entry
from hub.intake.reading import rebuilt
from hub.store.case_key import CaseKey
from hub.store.sealed_message import open_message
from hub.verifier.check_messages import ERASED, NONE, SEALED, WHOLE
from schemas.classes import FieldClass, visible
from schemas.messages import MessageKind, kind_of

NOTHING, EVERYTHING = "nothing", "everything"


@dataclass(slots=True)
class Scope:
    """For whom sealed fields are opened: `nothing`, `everything`, or a department, which gets what it sent or was told whole.

    A signature covers a message as a whole, so one of which the department may see a part only stays sealed.
    """

    opened: str = NOTHING
    _ceilings: dict[MessageRef, int] = field(default_factory=dict)

    def learn(self, entries: Iterable[Entry]) -> None:
        """What the department was told of, and up to which class."""
        for entry in entries:
            for event in entry.events:
                if event.e != "notified" or event.to != self.opened:
                    continue
                refs = list(event.contents)
                if not refs and event.actor is not None:
                    own = entry.refers or MessageRef(entry.source or "", entry.message or "")
                    refs = [own]
                for ref in refs:
                    self._ceilings[ref] = max(event.ceiling, self._ceilings.get(ref, 0))

    def covers(self, ref: MessageRef, kind: MessageKind, data: dict[str, Any]) -> bool:
        """Whether all of a message may be shown."""
        if self.opened in (EVERYTHING, ref.source):
            return True
        ceiling = self._ceilings.get(ref)
        return ceiling is not None and visible(kind.model, data, FieldClass(ceiling)) == data


def message_states(
    entries: Sequence[Entry], scope: Scope, key: CaseKey | None
) -> tuple[dict[int, str], dict[int, bytes]]:
    """The state of each entry's message, and the data of those that are whole. `key`: the case's; None: there is none.

    Raises SealBroken when the key is another one.
    """
    scope.learn(entries)
    states: dict[int, str] = {}
    data: dict[int, bytes] = {}
    for entry in entries:
        states[entry.seq] = state = _state(entry, scope, key)
        if state == WHOLE and (raw := _as_sent(entry, key)) is not None:
            data[entry.seq] = raw
    return states, data


def _state(entry: Entry, scope: Scope, key: CaseKey | None) -> str:
    if entry.attributes is None:
        return NONE
    if entry.sealed is None and not entry.persons:
        return WHOLE
    if scope.opened == NOTHING:
        return SEALED
    raw = _as_sent(entry, key)
    if raw is None:
        return ERASED
    ref = MessageRef(entry.source or "", entry.message or "")
    return WHOLE if scope.covers(ref, kind_of(entry.type or ""), from_json(raw)) else SEALED


def _as_sent(entry: Entry, key: CaseKey | None) -> bytes | None:
    """The data as its sender signed it; None when any of it was erased."""
    opened = open_message(entry, key)
    if not opened.whole:
        return None
    if opened.raw is not None:
        return opened.raw
    return rebuilt(kind_of(entry.type or "").model, entry.open or {}, opened.hidden)
