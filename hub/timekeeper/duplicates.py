"""Open cases that may be one matter become messages on the hub's desk topic: the later case is offered the earlier one.

Only cases of which the indexer has learnt something new are compared. A message is named by its pair, so the inbox takes
one; a case is compared again until intake has read what was found of it, so none is lost with its topic.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import DESK, TopicNames
from hub.domain.case import Case
from hub.domain.comparing import Agreement, Found, agreement, came_later, open_referrals
from hub.domain.decision import moment
from hub.domain.duplicates import Duplicates
from hub.relay.signing import HubSigner
from hub.store.duplicates import DuplicateReader
from hub.store.person_index import PersonRow
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of

# Nobody waits for it to the second.
EVERY = timedelta(seconds=5)
AT_ONCE = 200
# A message that had no effect for so long may have been lost with its topic.
AGAIN = timedelta(minutes=10)


class Pair(NamedTuple):
    """Two cases that may be one matter, and why."""

    message: str
    later: str
    earlier: Case
    found: Found


class Finder:
    """Looks every 5 s at all that is asked for, `at_once` cases at a time: what waits for intake holds nothing back.

    While nothing is asked for, a look is one query that finds no row.
    """

    def __init__(
        self,
        reader: DuplicateReader,
        signer: HubSigner,
        names: TopicNames,
        shards: int,
        rules: Duplicates,
        at_once: int = AT_ONCE,
    ) -> None:
        self._reader, self._signer, self._names, self._shards = reader, signer, names, shards
        self._rules, self._at_once = rules, at_once
        self._looked: datetime | None = None
        self._published: dict[str, datetime] = {}

    async def publish(self, now: datetime, publisher: Publisher) -> int:
        """Publish what was found and intake has not read yet. Returns how many messages; raises Trouble."""
        if self._looked is not None and now - self._looked < EVERY:
            return 0
        count, after = 0, ""
        while asked := await self._reader.asked(after, self._at_once):
            pairs = await self._pairs(set(asked))
            taken = await self._reader.taken([pair.message for pair in pairs]) if pairs else set()
            waiting = [pair for pair in pairs if pair.message not in taken]
            new = [pair for pair in waiting if self._is_new(pair.message, now)]
            if new:
                await publisher.publish([self._record(pair, now) for pair in new])
                self._published.update({pair.message: now for pair in new})
                count += len(new)
            unread = {case for pair in waiting for case in (pair.later, pair.earlier.id)}
            await self._reader.done({case: times for case, times in asked.items() if case not in unread})
            if len(asked) < self._at_once:
                break
            *_, after = asked
        self._looked = now
        self._published = {name: at for name, at in self._published.items() if now - at <= AGAIN}
        return count

    def _is_new(self, message: str, now: datetime) -> bool:
        at = self._published.get(message)
        return at is None or now - at > AGAIN

    async def _pairs(self, asked: set[str]) -> list[Pair]:
        mentions = await self._reader.mentions(asked, self._rules.common)
        agreeing = _agreeing(mentions, asked)
        named = {case for pair in agreeing for case in pair}
        cases = await self._reader.states(named) if named else {}
        found = (self._pair(cases, *pair, persons) for pair, persons in sorted(agreeing.items()))
        return [pair for pair in found if pair is not None]

    def _pair(
        self, cases: dict[str, Case], one: str, other: str, persons: Sequence[Agreement]
    ) -> Pair | None:
        if one not in cases or other not in cases:
            return None
        later, earlier = cases[one], cases[other]
        found = agreement(self._rules, later, earlier, persons)
        if found is None:
            return None
        if came_later(earlier, later):
            later, earlier = earlier, later
        known = earlier.id in later.duplicates or earlier.id in later.links
        return None if known else Pair(_message(later.id, earlier.id), later.id, earlier, found)

    def _record(self, pair: Pair, now: datetime) -> OutRecord:
        data = {
            "other_case": pair.earlier.id,
            "combination": pair.found.combination,
            "agrees": pair.found.agrees,
            "rests_with": sorted({one.lead for one in open_referrals(pair.earlier)}),
        }
        value, headers = self._signer.message(
            pair.message, "hub.duplicate_found.v1", pair.later, moment(now), data
        )
        partition = partition_of(pair.later, self._shards)
        return OutRecord(self._names.hub(DESK), partition, pair.later.encode(), value, headers)


def _message(later: str, earlier: str) -> str:
    return derived_id("hub", later, f"duplicate/{earlier}")


def _agreeing(
    mentions: Iterable[PersonRow], asked: set[str]
) -> dict[tuple[str, str], list[dict[str, bytes]]]:
    """By pair of cases, the smaller id first: for each two persons that agree in something, in what."""
    by_token: dict[tuple[str, bytes], list[PersonRow]] = {}
    for mention in mentions:
        by_token.setdefault((mention.field, mention.token), []).append(mention)
    found: dict[tuple[str, str], dict[tuple[_Person, _Person], dict[str, bytes]]] = {}
    for (field, token), named in by_token.items():
        for one, other in _two(named, asked):
            persons = found.setdefault((one.case, other.case), {})
            persons.setdefault((_person(one), _person(other)), {})[field] = token
    return {pair: list(persons.values()) for pair, persons in found.items()}


_Person = tuple[str, str, str]


def _person(mention: PersonRow) -> _Person:
    return mention.source, mention.message, mention.place


def _two(named: Sequence[PersonRow], asked: set[str]) -> Iterator[tuple[PersonRow, PersonRow]]:
    """Each pair of mentions in two cases of which one at least was asked for, the smaller id of a case first, once."""
    for one in named:
        for other in named if one.case in asked else ():
            if one.case < other.case:
                yield one, other
            elif other.case < one.case and other.case not in asked:
                yield other, one
