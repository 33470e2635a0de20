"""What-if: recorded messages decided again under other rules, and every difference by case. Nothing is touched.

Case by case, each from its first message after a moment on: what came before stays as it was recorded. What other rules
would have made of a case is not carried into another one (a link, a number that names it): such messages are among
the differences, by the case that they are for. Memory is bounded by one batch and the longest case.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from hub.audit.difference import Course, Difference, difference
from hub.audit.report import Progress
from hub.audit.time_limits import Limits
from hub.audit.trial import Trial
from hub.domain.case import Case, MessageRef
from hub.domain.decision import moment
from hub.domain.derivation_words import Lang
from hub.domain.entry import Entry, Outcome
from hub.domain.evolve import fold
from hub.domain.rules import Rules
from hub.errors import RefusalName
from hub.store import read_journal
from hub.store.reading import Snapshot

_BROKEN = (ValueError, LookupError, AttributeError, TypeError)


@dataclass(frozen=True, slots=True)
class OneCase:
    """A case with what is different in it."""

    case: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class NotDecided:
    """An entry that could not be decided again. `missing`: it should be there and readable, and is not.

    Otherwise its content was never kept: what is not read at all, and what was refused before its case was known.
    """

    case: str | None
    shard: int
    seq: int
    what: str
    missing: bool


Finding = OneCase | NotDecided


@dataclass(slots=True)
class Summary:
    """What was looked at. `recorded`: entries by the digest of the rules that they were decided by."""

    tried: str
    since: str
    until: str = ""
    entries: int = 0
    messages: int = 0
    repeated: int = 0
    cases: int = 0
    cases_differing: int = 0
    differences: int = 0
    not_kept: int = 0
    missing: int = 0
    recorded: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    clocks: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def count(self, finding: Finding) -> None:
        """Add a finding."""
        if isinstance(finding, NotDecided):
            self.missing += finding.missing
            self.not_kept += not finding.missing
            return
        self.cases_differing += 1
        self.differences += len(finding.differences)
        for one in finding.differences:
            if one.recorded != one.tried:
                self.outcomes[f"{_verdict(one.recorded)} → {_verdict(one.tried)}"] += 1
            self.clocks.update(change.clock for change in one.due)
            self.told.update(f"{change.department} {change.type} {change.how}" for change in one.told)


def _verdict(one: object) -> str:
    outcome, reason = getattr(one, "outcome", ""), getattr(one, "reason", None)
    return f"{outcome} {reason}" if reason else str(outcome)


class RuleTrial:
    """Tries `rules` on what was received from `since` on. `now`: the rules at hand that the hub itself has, for derivations."""

    def __init__(self, rules: Rules, now: Rules, since: datetime, lang: Lang = "zh") -> None:
        self._rules, self._now, self._since, self._lang = rules, now, moment(since), lang
        self._since_at = since
        self.summary = Summary(rules.digest, self._since)

    async def run(self, view: Snapshot, tell: Progress) -> AsyncIterator[Finding]:
        """All findings of a snapshot, shard by shard, in the order of the cases' ids. Raises StoreTrouble."""
        began = time.monotonic()
        for head in await read_journal.heads(view):
            first = await read_journal.before(view, head.shard, self._since_at)
            there = await read_journal.count_since(view, head.shard, first)
            if there != head.seq - first:
                what = f"{head.seq - first - there} of the entries {first + 1} to {head.seq}: `fengqiao audit verify` says which"
                yield self._counted(NotDecided(None, head.shard, first, what, True))
            last = await read_journal.last_moment(view, head.shard)
            until = "" if last is None else moment(last)
            self.summary.until = max(self.summary.until, until)
            async for case, raws in read_journal.cases_since(view, head.shard, first):
                for finding in self._case(case, head.shard, raws, until):
                    yield self._counted(finding)
                self.summary.cases += 1
                tell("cases", self.summary.cases, head.shard)
            async for seq, raw in read_journal.without_case(view, head.shard, first):
                self.summary.entries += 1
                yield self._counted(_no_case(head.shard, seq, raw))
        self.summary.seconds = time.monotonic() - began

    def _counted(self, finding: Finding) -> Finding:
        self.summary.count(finding)
        return finding

    def _case(self, case_id: str, shard: int, raws: list[tuple[int, bytes]], until: str) -> Iterator[Finding]:
        walk = _Walk(case_id, self._rules, self._now, self._lang)
        for group in _groups(raws):
            if isinstance(group, int):
                yield NotDecided(case_id, shard, group, "it can't be read, so the case is left here", True)
                break
            within = group[0].received_at >= self._since
            try:
                if within:
                    yield from self._tally(case_id, group)
                walk.take(group, within)
            except _BROKEN as problem:
                what = f"the case as recorded can't be followed from here: {problem!r}"
                yield NotDecided(case_id, shard, group[0].seq, what, True)
                break
        else:
            walk.end(until)
        if walk.differences:
            yield OneCase(case_id, tuple(walk.differences))

    def _tally(self, case_id: str, group: list[Entry]) -> Iterator[NotDecided]:
        summary, first = self.summary, group[0]
        summary.entries += len(group)
        summary.recorded.update(entry.rules for entry in group)
        if first.open is not None:
            summary.messages += 1
        elif first.outcome is Outcome.DUPLICATE or first.reason == RefusalName.ID_REUSED.value:
            summary.repeated += 1
        elif first.outcome is Outcome.DECIDED:
            yield NotDecided(case_id, first.shard, first.seq, "it holds no message", True)
        else:
            yield NotDecided(case_id, first.shard, first.seq, _not_kept(first), False)


class _Walk:
    """One case along its entries: as recorded, and from the first entry of the trial on under other rules too."""

    def __init__(self, case_id: str, rules: Rules, now: Rules, lang: Lang) -> None:
        self._case, self._limits = Case(case_id), Limits()
        self._held: dict[MessageRef, Entry] = {}
        self._rules, self._now, self._lang = rules, now, lang
        self._trial: Trial | None = None
        self.differences: list[Difference] = []

    def take(self, group: list[Entry], within: bool) -> None:
        """The entries that one message made. Raises when the events can't be folded."""
        tried: list[Entry] | None = None
        if within and group[0].open is not None:
            if self._trial is None:
                self._trial = Trial(self._case, self._limits, self._held, self._rules)
            self._clock(group[0].received_at)
            tried = self._trial.again(group, self._limits)
        for entry in group:
            self._case = fold(self._case, entry.events)
            self._limits.learn(entry.events)
            self._hold(entry)
        if tried is not None:
            self._compare(group, tried)

    def end(self, until: str) -> None:
        """Up to the last moment that the shard knows the hub's clock has spoken."""
        if self._trial is not None:
            self._clock(until)

    def _hold(self, entry: Entry) -> None:
        for event in entry.events:
            if event.e == "message_waits":
                self._held[event.message] = entry
            elif event.e == "message_taken_up":
                self._held.pop(event.message, None)

    def _clock(self, before: str) -> None:
        assert self._trial is not None
        for entry in self._trial.due(before, self._case, self._limits):
            self._differ(None, entry)

    def _compare(self, group: list[Entry], tried: list[Entry]) -> None:
        """Entries of the same message are held against each other, in the recorded order."""
        rest = {(entry.source, entry.message): entry for entry in tried}
        for entry in group:
            self._differ(entry, rest.pop((entry.source, entry.message), None))
        for entry in rest.values():
            self._differ(None, entry)

    def _differ(self, recorded: Entry | None, tried: Entry | None) -> None:
        assert self._trial is not None
        rules = self._now if recorded is not None and recorded.rules == self._now.digest else None
        found = difference(
            Course(recorded, self._case, self._limits, rules),
            Course(tried, self._trial.case, self._trial.limits, self._rules),
            self._lang,
        )
        if found is not None:
            self.differences.append(found)


def _groups(raws: list[tuple[int, bytes]]) -> Iterator[list[Entry] | int]:
    """Each entry with those of the messages that were taken up by it; the sequence of one that can't be read."""
    group: list[Entry] = []
    for seq, raw in raws:
        try:
            entry = Entry.from_bytes(raw)
        except ValueError:
            if group:
                yield group
            yield seq
            return
        if group and entry.refers is not None and entry.outcome is not Outcome.DUPLICATE:
            group.append(entry)
            continue
        if group:
            yield group
        group = [entry]
    if group:
        yield group


def _no_case(shard: int, seq: int, raw: bytes) -> NotDecided:
    try:
        return NotDecided(None, shard, seq, _not_kept(Entry.from_bytes(raw)), False)
    except ValueError:
        return NotDecided(None, shard, seq, "it can't be read", True)


def _not_kept(entry: Entry) -> str:
    who = f" {entry.source} {entry.type}" if entry.source else ""
    return f"{entry.outcome.value} {entry.reason}{who}: its content was not kept readable"
