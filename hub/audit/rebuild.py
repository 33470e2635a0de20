"""Case states, inbox and projections made anew from the journal, beside the hub that runs.

First a shadow from the entries that the projector had passed when it began, shard by shard, in processes. What came
meanwhile is caught up with in the transaction that compares, or that puts the shadow in the tables' place: there intake
and projector wait for its end. The relay's position is not touched, so nothing goes out again. Cases whose entries
can't be folded stop it: `audit verify` names them.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.audit.made import Rows, add_rows, remembered, state_of
from hub.audit.processes import Say, beside, serve
from hub.audit.report import Difference, shown
from hub.audit.verify_cases import first_difference
from hub.domain.entry import Entry
from hub.opened import opened
from hub.projector.tallies import tally
from hub.store import read_journal
from hub.store.read_journal import LAST
from hub.store.reading import ReadStore, Snapshot
from hub.store.shadow import Different, Progress, Shadow, shadow_of

_TOGETHER, _ENTRIES = 500, 2_000
Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class Rebuilt:
    """`entries` went into it in this run, which took `seconds` without comparing. `went_on`: with a shadow that was there."""

    entries: int = 0
    seconds: float = 0.0
    went_on: bool = False
    swapped: bool = False
    differences: list[Difference] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.entries / self.seconds if self.seconds else 0.0


class _Task(msgspec.Struct):
    database: str
    shard: int


class _Said(msgspec.Struct):
    shard: int
    entries: int
    done: bool


async def rebuild(
    database: str, tell: Tell, jobs: int = 1, *, anew: bool = False, swap: bool = False, limit: int = 20
) -> Rebuilt:
    """Rebuild and compare; with `swap` put what was rebuilt in the tables' place too. Goes on with what a killed one left.

    Raises ConfigurationError, StoreTrouble, SwapBlocked.
    """
    rebuilt, began = Rebuilt(), time.monotonic()
    async with shadow_of(database) as shadow:
        rebuilt.went_on = not await shadow.begin(anew)
        progress = await shadow.progress()
        before = sum(one.entries for one in progress)
        await _fill(database, progress, tell, jobs)
        await shadow.index()
        rebuilt.seconds = time.monotonic() - began
        rebuilt.entries = sum(one.entries for one in await shadow.progress()) - before
        async with shadow.one_moment():
            await _catch_up(shadow)
            rebuilt.differences = [
                difference async for one in shadow.differences(limit) for difference in _said(one)
            ]
        if swap:
            async with shadow.standing_still():
                await _catch_up(shadow)
                await shadow.swap()
            rebuilt.swapped = True
        else:
            await shadow.discard()
    return rebuilt


async def _fill(database: str, progress: Sequence[Progress], tell: Tell, jobs: int) -> None:
    done = {one.shard: one.entries for one in progress}

    def take(line: bytes) -> bool:
        said = msgspec.json.decode(line, type=_Said)
        done[said.shard] = said.entries
        tell("rebuilt", sum(done.values()), said.shard)
        return said.done

    left = sorted((one for one in progress if not one.done), key=lambda one: one.bound)
    tasks = [msgspec.json.encode(_Task(database, one.shard)) for one in left]
    await beside(__name__, tasks, jobs, take)


async def fill_shard(database: str, shard: int, tell: Callable[[Progress], None]) -> None:
    """Make the rows of a shard's cases, from where its progress is to the end. Commits some cases at a time."""
    async with (
        opened(ReadStore(database, size=1)) as store,
        shadow_of(database) as shadow,
        store.snapshot() as view,
    ):
        [progress] = [one for one in await shadow.progress() if one.shard == shard]
        before = progress.case
        async for rows in _of_cases(view, progress):
            await shadow.add(progress, before, rows)
            before = progress.case
            tell(progress)
        async for entry in _without_case(view, progress):
            _count(progress.tallies, [entry])
            progress.entries += 1
        progress.done = True
        await shadow.add(progress, before, {})
        tell(progress)


async def _of_cases(view: Snapshot, progress: Progress) -> AsyncIterator[dict[str, list[tuple[Any, ...]]]]:
    """The rows of some cases at a time; `progress` is moved on to them."""
    made = _Making(progress.shard)
    async for case, raws in read_journal.by_case(view, progress.shard, progress.case, progress.bound):
        entries = [Entry.from_bytes(raw) for _, raw in raws]
        made.add(case, entries, progress.bound)
        _count(progress.tallies, entries)
        progress.case = case
        progress.entries += len(entries)
        if made.cases >= _TOGETHER or made.entries >= _ENTRIES:
            yield made.rows()
            made = _Making(progress.shard)
    if made.cases:
        yield made.rows()


async def _without_case(view: Snapshot, progress: Progress) -> AsyncIterator[Entry]:
    async for seq, raw in read_journal.without_case(view, progress.shard, 0):
        if seq <= progress.bound:
            yield Entry.from_bytes(raw)


class _Making:
    """Rows of some cases, as they are copied."""

    def __init__(self, shard: int) -> None:
        self.cases = self.entries = 0
        self._shard, self._rows = shard, Rows()
        self._states: list[tuple[Any, ...]] = []
        self._inbox: list[tuple[Any, ...]] = []

    def add(self, case: str, entries: Sequence[Entry], position: int) -> None:
        """A case with all its entries; its projected rows are those of the entries up to `position`."""
        self.cases += 1
        self.entries += len(entries)
        state = state_of(case, entries)
        if state.version:
            self._states.append((case, self._shard, state.version, state.to_bytes()))
        add_rows(self._rows, [entry for entry in entries if entry.seq <= position])
        for entry in entries:
            if (row := remembered(entry)) is not None:
                ref, kept = row
                self._inbox.append(
                    (ref.source, ref.id, kept.shard, kept.seq, kept.mac, kept.outcome, kept.reason)
                )

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """By table, in the order of its columns."""
        found: dict[str, list[tuple[Any, ...]]] = {"case_state": self._states, "inbox": self._inbox}
        for table, rows in self._rows.tables.items():
            found[table] = list(rows.values())
        return found


def _count(tallies: dict[tuple[str, ...], int], entries: Sequence[Entry]) -> None:
    for key, number in tally(entries).items():
        tallies[key] = tallies.get(key, 0) + number


async def _catch_up(shadow: Shadow) -> None:
    """Make anew the cases that have entries since: states up to the last entry, projected rows up to the projector's."""
    view, heads, tallies = Snapshot(shadow.connection), await shadow.heads(), dict[tuple[str, ...], int]()
    for progress in await shadow.progress():
        shard, (head, position) = progress.shard, heads[progress.shard]
        touched = [
            case async for some in read_journal.touched(view, shard, progress.bound, LAST) for case in some
        ]
        for at in range(0, len(touched), _TOGETHER):
            made, some = _Making(shard), touched[at : at + _TOGETHER]
            async for case, raws in read_journal.entries_of(view, shard, some, head):
                made.add(case, [Entry.from_bytes(raw) for _, raw in raws], position)
            await shadow.replace(some, made.rows())
        async for rows in read_journal.in_order(view, shard, progress.bound, position):
            _count(progress.tallies, [Entry.from_bytes(row.raw) for row in rows])
        await shadow.caught_up(shard, max(position, progress.bound), progress.tallies)
        for key, number in progress.tallies.items():
            tallies[key] = tallies.get(key, 0) + number
    await shadow.count(tallies)


def _said(one: Different) -> list[Difference]:
    """The columns of a row that differ; a case's state by the place in it."""
    name = f"{one.table} {'/'.join(str(part) for part in one.key)}"
    there = one.expected or one.found or {}
    shard, case = there.get("shard"), there.get("case_id")
    if one.expected is None or one.found is None:
        words = ("no row", "a row") if one.expected is None else ("a row", "no row")
        return [Difference(name, *words, shard, case=case)]
    found = []
    for column, expected in one.expected.items():
        other, place = one.found[column], column
        if other == expected:
            continue
        if (one.table, column) == ("case_state", "state"):
            where, expected, other = first_difference(expected, other)
            place = f"{column} at {where}"
        found.append(Difference(f"{name} {place}", shown(expected), shown(other), shard, case=case))
    return found


async def _work(line: bytes, say: Say) -> None:
    task = msgspec.json.decode(line, type=_Task)

    def tell(progress: Progress) -> None:
        say(msgspec.json.encode(_Said(progress.shard, progress.entries, progress.done)))

    await fill_shard(task.database, task.shard, tell)


if __name__ == "__main__":
    serve(_work)
