"""What other rules would have made otherwise of one message: outcome, events, due moments, who is told.

Numbers that follow from an earlier difference (of time limits, of the records of a department) are none of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.audit.time_limits import Limit, Limits
from hub.audit.timeline import said
from hub.domain.case import Case
from hub.domain.derivation_words import Lang
from hub.domain.entry import Entry
from hub.domain.events import Event
from hub.domain.rules import Rules

_ENCODER = msgspec.json.Encoder()
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message. `outcome` is `none` where in this course it was not decided then."""

    outcome: str
    reason: str | None = None
    detail: str | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DueChange:
    """A time limit that is due at another moment, or runs in one course only (`before` or `after` is None).

    `why_before`, `why_after`: the derivations; None where the rules at hand are not those that it came from.
    """

    clock: str
    task: str
    owner: str
    before: str | None
    after: str | None
    why_before: str | None
    why_after: str | None


@dataclass(frozen=True, slots=True)
class ToldChange:
    """A record that a department is told `more`, `less` or `otherwise`: then `fields` differ, each (before, after)."""

    department: str
    type: str
    how: str
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One message, or one moment of the hub's clock that only one course knows (`seq` None: only the tried one).

    `lost`, `gained`: events in words, without those that `due` and `told` speak of.
    """

    shard: int
    seq: int | None
    received_at: str
    by: str
    message: str
    type: str
    recorded: Verdict
    tried: Verdict
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    due: tuple[DueChange, ...]
    told: tuple[ToldChange, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """One of the two courses at an entry: the entry if it has one, the case and its time limits after it."""

    entry: Entry | None
    case: Case
    limits: Limits
    rules: Rules | None

    def verdict(self) -> Verdict:
        """What became of the message."""
        one = self.entry
        return (
            Verdict("none")
            if one is None
            else Verdict(one.outcome.value, one.reason, one.detail, (*one.allowed,))
        )

    def derived(self, limit: Limit, due: str, lang: Lang) -> str | None:
        """The derivation of a due moment that this entry set."""
        if self.rules is None or self.entry is None:
            return None
        return self.limits.derivation(limit, due, self.case, self.entry.received_at, self.rules, lang)

    def stands(self, limit: Limit) -> str | None:
        """When a limit is due after this entry; None where it does not run."""
        number = self.limits.number(limit)
        running = None if number is None else self.case.deadlines.get(number)
        return None if running is None else running.due

    def computed(self, limit: Limit) -> str | None:
        """What rule or ladder give for it after this entry, also where a person set another date."""
        number = self.limits.number(limit)
        running = None if number is None else self.case.deadlines.get(number)
        return None if running is None else running.computed or running.due


def difference(recorded: Course, tried: Course, lang: Lang) -> Difference | None:
    """What differs; None when nothing does."""
    before, after = _events(recorded), _events(tried)
    verdicts = recorded.verdict(), tried.verdict()
    if verdicts[0] == verdicts[1] and _ENCODER.encode(before) == _ENCODER.encode(after):
        return None
    old, new = _plain(before, recorded.limits), _plain(after, tried.limits)
    if verdicts[0] == verdicts[1] and [one for one, _ in old] == [one for one, _ in new]:
        return None
    lost, gained = _without(old, new), _without(new, old)
    due = _due(recorded, tried, lost, gained, lang)
    told = _told(lost, gained)
    moved = _order(old, new, lost, due, told)
    if verdicts[0] == verdicts[1] and not (lost or gained or due or told or moved):
        return None
    one = recorded.entry or tried.entry
    assert one is not None
    return Difference(
        one.shard,
        recorded.entry.seq if recorded.entry is not None else None,
        one.received_at,
        one.source or "",
        one.message or "",
        one.type or "",
        *verdicts,
        tuple(said(event) for _, event in lost),
        tuple(said(event) for _, event in gained) or moved,
        due,
        told,
    )


_Plain = list[tuple[dict[str, Any], Event]]


def _events(course: Course) -> list[Event]:
    return [] if course.entry is None else course.entry.events


def _plain(events: list[Event], limits: Limits) -> _Plain:
    """Each event without what only counts: numbers of records, and numbers of time limits by what they are."""
    found = []
    for event in events:
        plain: dict[str, Any] = msgspec.to_builtins(event)
        plain.pop("sequence", None)
        if "deadline" in plain:
            limit = limits.by_number.get(plain["deadline"])
            plain["deadline"] = None if limit is None else [*limit]
        if event.e == "deadline_warned":
            # It repeats the due moment.
            plain.pop("next")
        found.append((plain, event))
    return found


def _without(events: _Plain, others: _Plain) -> _Plain:
    rest = [plain for plain, _ in others]
    left = []
    for plain, event in events:
        if plain in rest:
            rest.remove(plain)
        else:
            left.append((plain, event))
    return left


def _due(recorded: Course, tried: Course, lost: _Plain, gained: _Plain, lang: Lang) -> tuple[DueChange, ...]:
    """Takes what sets due moments out of both lists."""
    beside = {
        course.limits.by_number[event.deadline]
        for course, events in ((recorded, lost), (tried, gained))
        for _, event in events
        if event.e == "deadline_recomputed" and event.beside
    }
    old, new = _set(lost, recorded.limits), _set(gained, tried.limits)
    changes = []
    for limit in dict.fromkeys((*old, *new)):
        # One course may have had it so before: a recomputation that brings both together is no difference.
        if limit in beside:
            before, after = recorded.computed(limit), tried.computed(limit)
        else:
            before, after = old.get(limit) or recorded.stands(limit), new.get(limit) or tried.stands(limit)
        if before == after:
            continue
        running = (recorded if before is not None else tried).limits
        changes.append(
            DueChange(
                limit.clock,
                limit.task,
                running.owner(limit),
                before,
                after,
                None if before is None else recorded.derived(limit, before, lang),
                None if after is None else tried.derived(limit, after, lang),
            )
        )
    return tuple(changes)


def _set(events: _Plain, limits: Limits) -> dict[Limit, str]:
    found = {}
    for one in list(events):
        event = one[1]
        if event.e == "deadline_started":
            found[limits.by_number[event.deadline]] = event.due
            events.remove(one)
        elif event.e in ("deadline_recomputed", "date_set", "date_lifted"):
            found[limits.by_number[event.deadline]] = event.after
            events.remove(one)
    return found


def _told(lost: _Plain, gained: _Plain) -> tuple[ToldChange, ...]:
    """Takes records for departments out of both lists."""
    changes = []
    for one in [one for one in lost if one[1].e == "notified"]:
        lost.remove(one)
        old = one[0]
        same = next((two for two in gained if two[1].e == "notified" and _about(two[0]) == _about(old)), None)
        if same is None:
            changes.append(ToldChange(old["to"], old["type"], "less"))
            continue
        gained.remove(same)
        was, now = _flat(old), _flat(same[0])
        fields = {
            name: (was.get(name), now.get(name))
            for name in dict.fromkeys((*was, *now))
            if was.get(name) != now.get(name)
        }
        changes.append(ToldChange(old["to"], old["type"], "otherwise", fields))
    for one in [one for one in gained if one[1].e == "notified"]:
        gained.remove(one)
        changes.append(ToldChange(one[0]["to"], one[0]["type"], "more"))
    return tuple(changes)


def _about(notified: Mapping[str, Any]) -> tuple[Any, ...]:
    own = notified.get("own", _NOTHING)
    return notified["to"], notified["type"], own.get("task"), own.get("clock")


def _flat(notified: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in notified.items() if name != "own"},
        **notified.get("own", _NOTHING),
    }


def _order(
    old: _Plain, new: _Plain, lost: _Plain, due: tuple[Any, ...], told: tuple[Any, ...]
) -> tuple[str, ...]:
    """The same events in another order are a difference too."""
    moved = old != new and not (lost or due or told) and len(old) == len(new)
    return ("the same events in another order",) if moved else ()
