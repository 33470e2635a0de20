"""Erasing persons and cases: who is named in a case, what would be left of them, the order, and what follows it."""

import asyncio
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.domain.entry import Entry
from hub.errors import HubError, StoreTrouble
from hub.operations.ordering import Ordering, Signing
from hub.store.case_key import CaseKey
from hub.store.erasures import ErasureList
from hub.store.read_cases import case_entries
from hub.store.reindexing import reindex
from hub.store.sealed_message import open_message
from schemas.classes import person_fields
from schemas.messages import BY_TYPE

ERASED = "hub.data_erased.v1"
_BY = ("name", "id_number", "phone", "address")
_KEYS = "SELECT case_id, wrapped FROM case_key WHERE case_id = ANY($1::text[])"
_ALIASES = (
    "SELECT 'alias:' || department || ':' || kind || ':' || number FROM alias WHERE case_id = $1 ORDER BY 1"
)
_BEHIND = """
SELECT s.shard FROM shard s LEFT JOIN follower f ON f.shard = s.shard AND f.name = 'relay'
WHERE s.seq > coalesce(f.seq, 0) ORDER BY 1"""
_LEFT = "SELECT DISTINCT case_id FROM erased_key WHERE scrubbed_at IS NULL ORDER BY 1"
_PATIENCE, _PAUSE = 60, 0.5


class NothingToErase(HubError):
    """No key is left for what was named."""


class TextNamesPerson(HubError):
    """Free text of the case names a person who is to be erased; somebody must decide about it."""


@dataclass(slots=True)
class PersonInCase:
    """A person of a case by number. `values`: what fields say of the person, by field; `roles` likewise."""

    number: int
    values: dict[str, set[str]] = field(default_factory=dict)
    roles: set[str] = field(default_factory=set)

    def texts(self) -> set[str]:
        """What would tell the person in a text."""
        return {value for name in _BY for value in self.values.get(name, ()) if len(value) > 1}


@dataclass(slots=True)
class Erasable:
    """What a case holds that can be erased. `texts`: every sealed text by the message that has it."""

    case: str
    has_text: bool
    persons: dict[int, PersonInCase]
    texts: dict[str, list[str]]

    def naming(self, numbers: Sequence[int]) -> list[str]:
        """The messages whose free text names one of these persons."""
        wanted = {text for number in numbers for text in self.persons[number].texts()}
        return [
            message
            for message, texts in self.texts.items()
            if any(w in text for w in wanted for text in texts)
        ]


@dataclass(frozen=True)
class Erasing:
    """Erasure on one hub."""

    ordering: Ordering
    listed: ErasureList

    async def erasable(self, case: str) -> Erasable:
        """Open what the case holds. The caller records the look."""
        async with self.ordering.store.snapshot() as view:
            entries = await case_entries(view, case)
        key = (await self._keys([case])).get(case)
        found = Erasable(case, key is not None and key.has_text, {}, {})
        if key is None:
            return found
        found.persons = {number: PersonInCase(number) for number in key.persons}
        for entry in entries:
            opened = open_message(entry, key)
            hidden = opened.hidden
            named = set() if entry.type not in BY_TYPE else set(person_fields(BY_TYPE[entry.type].model))
            for party in (party for name in named for party in _parties(hidden.get(name))):
                if (number := key.known(party)) in found.persons:
                    _add(found.persons[number], party)
            texts = [text for name, value in hidden.items() if name not in named for text in _texts(value)]
            if opened.raw is not None and not entry.persons:
                texts.append(opened.raw.decode(errors="replace"))
            if texts:
                found.texts[f"{entry.type} {entry.message}"] = texts
        return found

    async def erase(
        self,
        by: Signing,
        case: str,
        article: str,
        reason: str,
        persons: Sequence[int] = (),
        text: bool = False,
        everything: bool = False,
    ) -> list[Entry]:
        """Order it and wait; the entries that say so. What messages brought under numbers of the case goes too.

        Raises OrderRefused, NothingToErase, StoreTrouble while the relay has not passed everything on.
        """
        await self._relayed()
        key = (await self._keys([case])).get(case)
        asked = [number for number in persons if key is None or number not in key.persons]
        if key is None or not key.ids() or asked or (text and not (persons or everything or key.has_text)):
            left = "nothing" if key is None else ", ".join(map(str, key.persons)) or "no person"
            raise NothingToErase(f"case {case}: persons {asked or 'all'}: there is {left}")
        more = {"everything": True} if everything else {"persons": list(persons), "text": text}
        entries = [await self.ordering.order(by, ERASED, case, article, reason, **more)]
        async with self.ordering.store.snapshot() as view:
            numbers = [row[0] for row in await view.rows(_ALIASES, case)]
        for number, other in (await self._keys(numbers)).items():
            if other.ids():
                entries.append(
                    await self.ordering.order(by, ERASED, number, article, reason, everything=True)
                )
        return entries

    async def follow_up(self) -> list[str]:
        """What an erasure leaves to do beside the store's own: the index of persons. Returns the cases. Idempotent."""
        async with self.ordering.store.snapshot() as view:
            cases = [row[0] for row in await view.rows(_LEFT)]
        for case in cases:
            await reindex(self.ordering.pool, self.ordering.sealer, case)
        return cases

    async def _keys(self, cases: Sequence[str]) -> dict[str, CaseKey]:
        async with self.ordering.pool.connection() as connection:
            rows = await connection.fetch(_KEYS, list(cases))
        return {row[0]: self.ordering.sealer.unwrap(row[0], row[1]) for row in rows}

    async def _relayed(self) -> None:
        for _ in range(_PATIENCE):
            async with self.ordering.store.snapshot() as view:
                behind = [row[0] for row in await view.rows(_BEHIND)]
            if not behind:
                return
            await asyncio.sleep(_PAUSE)
        raise StoreTrouble(
            f"the relay has entries of shards {behind} still to pass on, which an erasure would cut: let it come to the end"
        )


def _parties(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, str):
        return [{"name": value}]
    return list(value or ())


def _add(person: PersonInCase, party: Mapping[str, Any]) -> None:
    if role := party.get("role"):
        person.roles.add(role)
    for name in _BY:
        if value := party.get(name):
            person.values.setdefault(name, set()).add(value)


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value; also those of a whole message in base64 inside it (what was taken up again)."""
    if isinstance(value, str):
        yield value
        try:
            yield b64decode(value, validate=True).decode()
        except ValueError:
            return
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
